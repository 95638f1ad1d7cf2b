package standin_test

import (
	"context"
	"errors"
	"net/http"
	"net/http/httptest"
	"reflect"
	"strings"
	"testing"
	"testing/synctest"
	"time"

	"dmlysender/bench/standin"
	"dmlysender/shared/apikey/secretsmanager"
	"dmlysender/shared/awsconf/awstest"
	"dmlysender/shared/delivery"
	"dmlysender/shared/ledger/dynamodb"
	"dmlysender/shared/ledger/ledgertest"
)

func TestMain(m *testing.M) { awstest.RunWithoutEnv(m) }

const (
	put    = "DynamoDB_20120810.PutItem"
	get    = "DynamoDB_20120810.GetItem"
	update = "DynamoDB_20120810.UpdateItem"
	remove = "DynamoDB_20120810.DeleteItem"
)

// call makes a call without a client, and returns what was answered.
func call(ctx context.Context, aws *standin.AWS, target, body string) (status int, answer string) {
	r := httptest.NewRequestWithContext(ctx, http.MethodPost, "/", strings.NewReader(body))
	r.Header.Set("X-Amz-Target", target)
	w := httptest.NewRecorder()
	aws.ServeHTTP(w, r)
	return w.Code, w.Body.String()
}

func TestTheStandInIsALedgersTable(t *testing.T) {
	t.Parallel()
	cfg := awstest.ConfigFor(t, standin.New(standin.Options{}))
	ledgertest.RunWithoutList(t, func(*testing.T) delivery.Ledger { return dynamodb.Open(cfg, "ledger") })
}

func TestEverySecretIsTheOne(t *testing.T) {
	t.Parallel()
	cfg := awstest.ConfigFor(t, standin.New(standin.Options{Secret: "a key"}))
	got, err := secretsmanager.Open(cfg, "bench/dmly-key")(t.Context())
	if err != nil || got != "a key" {
		t.Errorf("got %q, %v", got, err)
	}
}

func TestConditionsHoldAsInDynamoDB(t *testing.T) {
	t.Parallel()
	const item = `{"pk": {"S": "a"}, "sk": {"S": "m"}, "n": {"N": "10"}, "s": {"S": "m"}}`
	tests := map[string]bool{
		"n = :ten":                       true,
		"n < :ten":                       false,
		"n <= :ten":                      true,
		"n > :nine":                      true,
		"n >= :ten":                      true,
		"n <> :ten":                      false,
		"n<:ten OR n>:nine":              true,
		"s = :m":                         true,
		"s < :n":                         true,
		"s > :nine":                      false,
		"absent < :ten":                  false,
		"absent = :ten":                  false,
		"attribute_exists(n)":            true,
		"attribute_not_exists(n)":        false,
		"attribute_not_exists(absent)":   true,
		"NOT n = :ten":                   false,
		"n = :ten AND s = :n OR s = :m":  true,
		"n = :nine AND (s = :n OR s=:m)": false,
		"#name = :ten":                   true,
		"n < :ten_and_a_half":            true,
		"n > :ten_and_a_half":            false,
	}
	for condition, want := range tests {
		t.Run(condition, func(t *testing.T) {
			t.Parallel()
			aws := standin.New(standin.Options{})
			call(t.Context(), aws, put, `{"TableName": "t", "Item": `+item+`}`)
			status, answer := call(t.Context(), aws, put, `{"TableName": "t", "Item": {"pk": {"S": "a"}, "sk": {"S": "m"}},
				"ConditionExpression": "`+condition+`", "ReturnValuesOnConditionCheckFailure": "ALL_OLD", "ExpressionAttributeNames": {"#name": "n"},
				"ExpressionAttributeValues": {":nine": {"N": "9"}, ":ten": {"N": "10"}, ":ten_and_a_half": {"N": "10.5"}, ":m": {"S": "m"}, ":n": {"S": "n"}}}`)
			if got := status == http.StatusOK; got != want {
				t.Errorf("got %v %s, want %v", got, answer, want)
			}
			if returned := strings.Contains(answer, `"Item":{"n":`); returned == want {
				t.Errorf("got %s, want the item that stands if the condition fails", answer)
			}
		})
	}
}

func TestAnUpdateCountsOn(t *testing.T) {
	t.Parallel()
	aws := standin.New(standin.Options{})
	next := func(expression, condition string) (int, string) {
		return call(t.Context(), aws, update, `{"TableName": "t", "Key": {"pk": {"S": "pace#a"}, "sk": {"S": "p"}}, "ReturnValues": "UPDATED_NEW",
			"UpdateExpression": "`+expression+`", "ConditionExpression": "`+condition+`",
			"ExpressionAttributeValues": {":at": {"N": "100"}, ":step": {"N": "7"}}}`)
	}
	for _, tt := range []struct {
		expression, condition string
		status                int
		want                  string
	}{
		{"SET tat = tat + :step", "", http.StatusBadRequest, "cannot evaluate"},
		{"SET tat = :at, first = :at", "attribute_not_exists(tat)", http.StatusOK, `{"Attributes":{"first":{"N":"100"},"tat":{"N":"100"}}}`},
		{"SET tat = tat + :step", "tat <= :at", http.StatusOK, `{"Attributes":{"tat":{"N":"107"}}}`},
		{"SET tat = tat + :step", "tat <= :at", http.StatusBadRequest, "ConditionalCheckFailedException"},
		{"SET tat = tat - :step", "tat > :at", http.StatusOK, `{"Attributes":{"tat":{"N":"100"}}}`},
	} {
		if status, got := next(tt.expression, tt.condition); status != tt.status || !strings.Contains(got, tt.want) {
			t.Errorf("%s if %s: got %d %s, want %d %s", tt.expression, tt.condition, status, got, tt.status, tt.want)
		}
	}
	const whole = `{"Item":{"first":{"N":"100"},"pk":{"S":"pace#a"},"sk":{"S":"p"},"tat":{"N":"100"}}}`
	if _, got := call(t.Context(), aws, get, `{"TableName": "t", "Key": {"pk": {"S": "pace#a"}, "sk": {"S": "p"}}}`); got != whole {
		t.Errorf("got %s, want %s", got, whole)
	}
}

func TestWhatIsDeletedIsGone(t *testing.T) {
	t.Parallel()
	const key = `"TableName": "t", "Key": {"pk": {"S": "a"}, "sk": {"S": "m"}}`
	aws := standin.New(standin.Options{})
	call(t.Context(), aws, put, `{"TableName": "t", "Item": {"pk": {"S": "a"}, "sk": {"S": "m"}}}`)
	call(t.Context(), aws, put, `{"TableName": "t", "Item": {"pk": {"S": "a"}, "sk": {"S": "n"}}}`)
	for range 2 { // the second finds nothing, which is no error
		if status, answer := call(t.Context(), aws, remove, `{`+key+`}`); status != http.StatusOK {
			t.Errorf("got %d %s", status, answer)
		}
	}
	if _, got := call(t.Context(), aws, get, `{`+key+`}`); got != `{}` {
		t.Errorf("got %s, want nothing", got)
	}
	if _, got := call(t.Context(), aws, get, strings.Replace(`{`+key+`}`, `"m"`, `"n"`, 1)); !strings.Contains(got, `"n"`) {
		t.Errorf("got %s, want the other item", got)
	}
}

func TestWhatIsNotKnownIsRefused(t *testing.T) {
	t.Parallel()
	const key = `"TableName": "t", "Key": {"pk": {"S": "a"}, "sk": {"S": "m"}}`
	for name, tt := range map[string]struct{ target, body string }{
		"an operation":      {"DynamoDB_20120810.Query", `{}`},
		"a parameter":       {get, `{` + key + `, "ProjectionExpression": "n"}`},
		"half a number":     {update, `{` + key + `, "UpdateExpression": "SET n = :one + :half", "ExpressionAttributeValues": {":one": {"N": "1"}, ":half": {"N": "0.5"}}}`},
		"a condition":       {remove, `{` + key + `, "ConditionExpression": "attribute_exists(pk)"}`},
		"no key":            {put, `{"TableName": "t", "Item": {"pk": {"S": "a"}}}`},
		"a function":        {update, `{` + key + `, "UpdateExpression": "SET n = if_not_exists(n, :one)", "ExpressionAttributeValues": {":one": {"N": "1"}}}`},
		"a clause":          {update, `{` + key + `, "UpdateExpression": "REMOVE n"}`},
		"a value":           {update, `{` + key + `, "UpdateExpression": "SET n = :one"}`},
		"a path":            {update, `{` + key + `, "UpdateExpression": "SET a.b = :one", "ExpressionAttributeValues": {":one": {"N": "1"}}}`},
		"a form of answer":  {update, `{` + key + `, "UpdateExpression": "SET n = :one", "ReturnValues": "SOME", "ExpressionAttributeValues": {":one": {"N": "1"}}}`},
		"half a condition":  {update, `{` + key + `, "UpdateExpression": "SET n = :one", "ConditionExpression": "n =", "ExpressionAttributeValues": {":one": {"N": "1"}}}`},
		"another condition": {update, `{` + key + `, "UpdateExpression": "SET n = :one", "ConditionExpression": "n IN (:one)", "ExpressionAttributeValues": {":one": {"N": "1"}}}`},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			if status, answer := call(t.Context(), standin.New(standin.Options{}), tt.target, tt.body); status != http.StatusBadRequest {
				t.Errorf("got %d %s, want it refused", status, answer)
			}
		})
	}
}

func TestVisibilityIsChangedOfAllEntries(t *testing.T) {
	t.Parallel()
	status, got := call(t.Context(), standin.New(standin.Options{}), "AmazonSQS.ChangeMessageVisibilityBatch",
		`{"QueueUrl": "q", "Entries": [{"Id": "0", "ReceiptHandle": "r", "VisibilityTimeout": 5}, {"Id": "1", "ReceiptHandle": "s", "VisibilityTimeout": 0}]}`)
	if want := `{"Successful":[{"Id":"0"},{"Id":"1"}],"Failed":[]}`; status != http.StatusOK || got != want {
		t.Errorf("got %d %s, want %s", status, got, want)
	}
}

func TestAnswersAreHeldBackAndCallsCounted(t *testing.T) {
	t.Parallel()
	synctest.Test(t, func(t *testing.T) {
		aws := standin.New(standin.Options{Latency: 2 * time.Millisecond})
		begin := time.Now()
		for range 3 {
			call(t.Context(), aws, get, `{"TableName": "t", "Key": {"pk": {"S": "a"}, "sk": {"S": "m"}}}`)
		}
		call(t.Context(), aws, "none", `{}`)
		if got, want := time.Since(begin), 8*time.Millisecond; got != want {
			t.Errorf("got %v, want %v", got, want)
		}
		if got, want := aws.Calls(), map[string]int{get: 3, "none": 1}; !reflect.DeepEqual(got, want) {
			t.Errorf("got %v, want %v", got, want)
		}
	})
}

func TestAClientThatIsGoneIsNotWaitedFor(t *testing.T) {
	t.Parallel()
	ctx, cancel := context.WithCancel(t.Context())
	cancel()
	defer func() {
		if err, ok := recover().(error); !ok || !errors.Is(err, http.ErrAbortHandler) {
			t.Errorf("got %v, want %v", err, http.ErrAbortHandler)
		}
	}()
	call(ctx, standin.New(standin.Options{Latency: time.Hour}), get, `{"TableName": "t", "Key": {"pk": {"S": "a"}, "sk": {"S": "m"}}}`)
}
