package dynamodb_test

import (
	"cmp"
	"errors"
	"fmt"
	"net/http"
	"slices"
	"strconv"
	"strings"
	"sync"
	"testing"
	"time"

	"dmlysender/shared/awsconf/awstest"
	"dmlysender/shared/campaign"
	"dmlysender/shared/campaign/dynamodb"
	"dmlysender/shared/campaign/storetest"
	"dmlysender/shared/delivery"
	"dmlysender/shared/table"
)

var noon = time.Date(2026, 11, 23, 12, 0, 0, 0, time.UTC)

// attributes are an item in DynamoDB's own JSON: {"state": {"S": "running"}}.
type attributes map[string]map[string]any

// stand is as much of DynamoDB as the store needs.
type stand struct {
	mu    sync.Mutex
	items map[string]attributes
	// afterwards are answers that replace those of what was carried out, in turn.
	afterwards []http.HandlerFunc
}

type request struct {
	TableName                           string
	Item                                attributes
	Key                                 attributes
	ConditionExpression                 string
	ExpressionAttributeValues           attributes
	ReturnValuesOnConditionCheckFailure string
	ConsistentRead                      bool
	IndexName                           string
	KeyConditionExpression              string
	ProjectionExpression                string
	ExclusiveStartKey                   attributes
}

func (s *stand) ServeHTTP(w http.ResponseWriter, r *http.Request) {
	var q request
	if err := awstest.Decode(r, &q); err != nil {
		refuse("SerializationException", err.Error())(w, r)
		return
	}
	s.mu.Lock()
	defer s.mu.Unlock()
	answer := s.answer(strings.TrimPrefix(r.Header.Get("X-Amz-Target"), "DynamoDB_20120810."), q)
	if len(s.afterwards) > 0 {
		answer, s.afterwards = s.afterwards[0], s.afterwards[1:]
	}
	answer(w, r)
}

func (s *stand) answer(call string, q request) http.HandlerFunc {
	switch {
	case call == "GetItem" && q.ConsistentRead:
		return awstest.Answer(http.StatusOK, awstest.JSON(map[string]any{"Item": s.items[fmt.Sprint(q.Key)]}))
	case call == "PutItem":
		key := fmt.Sprint(attributes{"pk": q.Item["pk"], "sk": q.Item["sk"]})
		if standing := s.items[key]; !q.holds(standing) {
			return awstest.Answer(http.StatusBadRequest, awstest.JSON(map[string]any{
				"__type": "com.amazonaws.dynamodb.v20120810#ConditionalCheckFailedException", "Item": standing,
			}))
		}
		if s.items == nil {
			s.items = map[string]attributes{}
		}
		s.items[key] = q.Item
		return awstest.Answer(http.StatusOK, `{}`)
	case call == "Query" && q.IndexName == "attention" && q.KeyConditionExpression == "attention = :campaign":
		return s.list(q)
	}
	return refuse("ValidationException", "this is not what the store asks")
}

// list is a Query of the index, ten at once.
func (s *stand) list(q request) http.HandlerFunc {
	var all []attributes
	for _, item := range s.items {
		if item["attention"]["S"] == q.ExpressionAttributeValues[":campaign"]["S"] {
			all = append(all, item)
		}
	}
	order := func(a, b attributes) int {
		return cmp.Or(cmp.Compare(fmt.Sprint(a["attentionAt"]), fmt.Sprint(b["attentionAt"])), cmp.Compare(fmt.Sprint(a["pk"]), fmt.Sprint(b["pk"])))
	}
	slices.SortFunc(all, order)
	if after := q.ExclusiveStartKey; after != nil {
		all = slices.DeleteFunc(all, func(item attributes) bool { return order(item, after) <= 0 })
	}
	answer := map[string]any{}
	if len(all) > 10 {
		all = all[:10]
		answer["LastEvaluatedKey"] = all[9]
	}
	answer["Items"] = all
	return awstest.Answer(http.StatusOK, awstest.JSON(answer))
}

func (q request) holds(standing attributes) bool {
	switch q.ConditionExpression {
	case "attribute_not_exists(pk) OR forgetAt <= :now":
		return standing == nil || standing["forgetAt"] != nil && number(standing["forgetAt"]) <= number(q.ExpressionAttributeValues[":now"])
	case "revision = :over":
		return standing != nil && standing["revision"]["S"] == q.ExpressionAttributeValues[":over"]["S"]
	}
	return false
}

func number(value map[string]any) int64 {
	n, err := strconv.ParseInt(fmt.Sprint(value["N"]), 10, 64)
	if err != nil {
		panic(err) // the server answers by breaking the connection
	}
	return n
}

func refuse(code, message string) http.HandlerFunc {
	return awstest.Refuse(http.StatusBadRequest, "com.amazonaws.dynamodb.v20120810#"+code, message)
}

func TestDynamoDBIsAStoreOfCampaigns(t *testing.T) {
	t.Parallel()
	storetest.Run(t, func(t *testing.T) campaign.Store {
		t.Helper()
		return dynamodb.Open(awstest.ConfigFor(t, &stand{}), "dmly-ledger")
	})
}

func TestAWriteWhoseAnswerWasLostIsDone(t *testing.T) {
	t.Parallel()
	s := &stand{afterwards: []http.HandlerFunc{awstest.Cut}}
	ok, err := dynamodb.Open(awstest.ConfigFor(t, s), "dmly-ledger").Put(t.Context(), campaign.Record{ID: "spring", Revision: "r1"}, "", noon)
	if err != nil || !ok {
		t.Errorf("got %v, %v", ok, err)
	}
}

func TestErrorsSayWhatToDo(t *testing.T) {
	t.Parallel()
	for code, is := range map[string]error{
		"ResourceNotFoundException": table.ErrNotFound, "AccessDeniedException": table.ErrAccessDenied, "ThrottlingException": delivery.ErrThrottled,
	} {
		t.Run(code, func(t *testing.T) {
			t.Parallel()
			s := dynamodb.Open(awstest.ConfigFor(t, &stand{afterwards: slices.Repeat([]http.HandlerFunc{refuse(code, "no")}, 9)}), "dmly-ledger")
			_, _, getErr := s.Get(t.Context(), "spring", noon)
			_, putErr := s.Put(t.Context(), campaign.Record{ID: "spring", Revision: "r1"}, "", noon)
			_, listErr := s.Active(t.Context())
			for _, err := range []error{getErr, putErr, listErr} {
				if !errors.Is(err, is) || !strings.Contains(err.Error(), "dmly-ledger") || !strings.Contains(err.Error(), "campaign") {
					t.Errorf("got %v, want %v", err, is)
				}
			}
		})
	}
}

func TestADamagedRecordIsAnErrorThatTellsNothingOfIt(t *testing.T) {
	t.Parallel()
	for _, record := range []string{`{"S": "secret"}`, `{"N": "1"}`, `{"S": "{\"run\": \"secret\"}"}`} {
		s := &stand{afterwards: []http.HandlerFunc{awstest.Answer(http.StatusOK, `{"Item": {"pk": {"S": "campaign#spring"}, "record": `+record+`}}`)}}
		_, found, err := dynamodb.Open(awstest.ConfigFor(t, s), "dmly-ledger").Get(t.Context(), "spring", noon)
		if found || err == nil || !strings.Contains(err.Error(), "record") || strings.Contains(err.Error(), "secret") {
			t.Errorf("%s: found %v, %v", record, found, err)
		}
	}
}
