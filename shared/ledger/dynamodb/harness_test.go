package dynamodb_test

import (
	"cmp"
	"fmt"
	"net/http"
	"reflect"
	"slices"
	"strconv"
	"strings"
	"sync"
	"testing"
	"time"

	"dmlysender/shared/awsconf/awstest"
	"dmlysender/shared/delivery"
	"dmlysender/shared/ledger/dynamodb"
)

const table = "dmly-ledger"

var noon = time.Date(2026, 11, 23, 12, 0, 0, 123e6, time.UTC)

// attributes are an item in DynamoDB's own JSON: {"state": {"S": "sent"}}.
type attributes map[string]map[string]any

// request is what the ledger may ask for; a field that is not here makes the stand refuse it.
type request struct {
	target string

	TableName                           string
	Item                                attributes                   `json:",omitempty"`
	Key                                 attributes                   `json:",omitempty"`
	ConditionExpression                 string                       `json:",omitempty"`
	ExpressionAttributeValues           attributes                   `json:",omitempty"`
	ReturnValuesOnConditionCheckFailure string                       `json:",omitempty"`
	ConsistentRead                      bool                         `json:",omitempty"`
	IndexName                           string                       `json:",omitempty"`
	KeyConditionExpression              string                       `json:",omitempty"`
	FilterExpression                    string                       `json:",omitempty"`
	ExclusiveStartKey                   attributes                   `json:",omitempty"`
	Limit                               int                          `json:",omitempty"`
	ProjectionExpression                string                       `json:",omitempty"`
	ExpressionAttributeNames            map[string]string            `json:",omitempty"`
	RequestItems                        map[string]keysAndAttributes `json:",omitempty"`
}

// keysAndAttributes is what a BatchGetItem asks of a table.
type keysAndAttributes struct {
	Keys                     []attributes
	ConsistentRead           bool              `json:",omitempty"`
	ProjectionExpression     string            `json:",omitempty"`
	ExpressionAttributeNames map[string]string `json:",omitempty"`
}

// stand is as much of DynamoDB as one table with the ledger's two conditions and its index needs. It keeps what it was
// asked.
type stand struct {
	// most is how many items fit into an answer, as the megabyte does; 0 for any number.
	most int
	// faults are what happens instead of an answer, in turn; a nil one lets the request through.
	faults []http.HandlerFunc
	// afterwards makes a fault hit what was carried out already.
	afterwards bool

	mu       sync.Mutex
	items    map[string]attributes
	requests []request
}

func (s *stand) ServeHTTP(w http.ResponseWriter, r *http.Request) {
	s.mu.Lock()
	defer s.mu.Unlock()
	q := request{target: r.Header.Get("X-Amz-Target")}
	if err := awstest.Decode(r, &q); err != nil {
		refuse(http.StatusBadRequest, "SerializationException", err.Error())(w, r)
		return
	}
	s.requests = append(s.requests, q)
	var fault http.HandlerFunc
	if len(s.faults) > 0 {
		fault, s.faults = s.faults[0], s.faults[1:]
	}
	if fault != nil && !s.afterwards {
		fault(w, r)
		return
	}
	answer := s.answer(q)
	if fault != nil {
		answer = fault
	}
	answer(w, r)
}

// asked are the requests that came.
func (s *stand) asked() []request {
	s.mu.Lock()
	defer s.mu.Unlock()
	return slices.Clone(s.requests)
}

// next are the faults from now on.
func (s *stand) next(afterwards bool, faults ...http.HandlerFunc) {
	s.mu.Lock()
	defer s.mu.Unlock()
	s.faults, s.afterwards, s.requests = faults, afterwards, nil
}

// empty forgets all items.
func (s *stand) empty() {
	s.mu.Lock()
	defer s.mu.Unlock()
	s.items, s.requests = nil, nil
}

// damage changes an attribute of the one item that there is, and returns the item.
func (s *stand) damage(name string, value map[string]any) attributes {
	s.mu.Lock()
	defer s.mu.Unlock()
	for _, item := range s.items {
		item[name] = value
		return item
	}
	return nil
}

func (s *stand) answer(q request) http.HandlerFunc {
	switch q.target {
	case "DynamoDB_20120810.GetItem":
		item, found := s.items[fmt.Sprint(q.Key)]
		if !found {
			return awstest.Answer(http.StatusOK, `{}`)
		}
		return awstest.Answer(http.StatusOK, awstest.JSON(map[string]any{"Item": item}))
	case "DynamoDB_20120810.PutItem":
		key := fmt.Sprint(attributes{"pk": q.Item["pk"], "sk": q.Item["sk"]})
		if standing := s.items[key]; !q.holds(standing) {
			failure := map[string]any{"__type": "com.amazonaws.dynamodb.v20120810#ConditionalCheckFailedException", "message": "The conditional request failed"}
			if standing != nil && q.ReturnValuesOnConditionCheckFailure == "ALL_OLD" {
				failure["Item"] = standing
			}
			return awstest.Answer(http.StatusBadRequest, awstest.JSON(failure))
		}
		if s.items == nil {
			s.items = map[string]attributes{}
		}
		s.items[key] = q.Item
		return awstest.Answer(http.StatusOK, `{}`)
	case "DynamoDB_20120810.Query":
		if q.IndexName == "" {
			return s.shard(q)
		}
		return s.list(q)
	case "DynamoDB_20120810.BatchGetItem":
		return s.batch(q)
	}
	return refuse(http.StatusBadRequest, "UnknownOperationException", q.target)
}

// list is a Query of the index. As in DynamoDB, the limit is of what is looked at, before the filter, and there is a
// last key also if nothing follows it.
func (s *stand) list(q request) http.HandlerFunc {
	if q.IndexName != "attention" || q.KeyConditionExpression != "attention = :state" || q.FilterExpression != "forgetAt > :now" {
		return refuse(http.StatusBadRequest, "ValidationException", "this is not the ledger's query")
	}
	var all []attributes
	for _, item := range s.items {
		if reflect.DeepEqual(item["attention"], q.ExpressionAttributeValues[":state"]) {
			all = append(all, item)
		}
	}
	slices.SortFunc(all, inIndex)
	if after := q.ExclusiveStartKey; after != nil {
		if len(after) != len(indexKey) || !reflect.DeepEqual(after["attention"], q.ExpressionAttributeValues[":state"]) {
			return refuse(http.StatusBadRequest, "ValidationException", "The provided starting key is invalid")
		}
		all = slices.DeleteFunc(all, func(item attributes) bool { return inIndex(item, after) <= 0 })
	}
	answer := map[string]any{"LastEvaluatedKey": nil}
	for _, limit := range []int{q.Limit, s.most} {
		if limit > 0 && len(all) >= limit {
			all = all[:limit]
			answer["LastEvaluatedKey"] = keyOf(all[limit-1])
		}
	}
	now := number(q.ExpressionAttributeValues[":now"])
	answer["Items"] = slices.DeleteFunc(all, func(item attributes) bool { return number(item["forgetAt"]) <= now })
	return awstest.Answer(http.StatusOK, awstest.JSON(answer))
}

// shard is a Query of the table, which goes by the range key.
func (s *stand) shard(q request) http.HandlerFunc {
	under, counts := q.ProjectionExpression == "sk", q.ProjectionExpression == "#state" && q.ExpressionAttributeNames["#state"] == "state"
	if !q.ConsistentRead || q.KeyConditionExpression != "pk = :pk" || q.FilterExpression != "forgetAt > :now" || !under && !counts {
		return refuse(http.StatusBadRequest, "ValidationException", "this is not how the ledger counts or looks up cancelKeys")
	}
	var all []attributes
	for _, item := range s.items {
		if reflect.DeepEqual(item["pk"], q.ExpressionAttributeValues[":pk"]) {
			all = append(all, item)
		}
	}
	slices.SortFunc(all, func(a, b attributes) int { return cmp.Compare(fmt.Sprint(a["sk"]), fmt.Sprint(b["sk"])) })
	if after := q.ExclusiveStartKey; after != nil {
		all = slices.DeleteFunc(all, func(item attributes) bool { return fmt.Sprint(item["sk"]) <= fmt.Sprint(after["sk"]) })
	}
	answer := map[string]any{"LastEvaluatedKey": nil}
	for _, limit := range []int{q.Limit, s.most} {
		if limit == 0 || len(all) < limit {
			continue
		}
		all = all[:limit]
		last := all[limit-1]
		answer["LastEvaluatedKey"] = attributes{"pk": last["pk"], "sk": last["sk"]}
	}
	now, items := number(q.ExpressionAttributeValues[":now"]), []attributes{}
	for _, item := range all {
		if number(item["forgetAt"]) > now {
			part := attributes{"state": item["state"]}
			if under {
				part = attributes{"sk": item["sk"]}
			}
			items = append(items, part)
		}
	}
	answer["Items"] = items
	return awstest.Answer(http.StatusOK, awstest.JSON(answer))
}

// batch is a BatchGetItem. It leaves unprocessed what does not fit into the answer.
func (s *stand) batch(q request) http.HandlerFunc {
	asked := q.RequestItems[table]
	if len(asked.Keys) < 1 || len(asked.Keys) > 100 || !asked.ConsistentRead {
		return refuse(http.StatusBadRequest, "ValidationException", "there are too many keys, or the reads are not consistent")
	}
	seen := map[string]bool{}
	items, left := []attributes{}, []attributes{}
	for i, key := range asked.Keys {
		name := fmt.Sprint(key)
		if seen[name] {
			return refuse(http.StatusBadRequest, "ValidationException", "Provided list of item keys contains duplicates")
		}
		seen[name] = true
		if s.most > 0 && i >= s.most*10 {
			left = append(left, key)
			continue
		}
		if item, found := s.items[name]; found {
			part := attributes{}
			for _, field := range strings.Split(strings.ReplaceAll(asked.ProjectionExpression, "#state", "state"), ", ") {
				if value := item[field]; value != nil {
					part[field] = value
				}
			}
			items = append(items, part)
		}
	}
	answer := map[string]any{"Responses": map[string]any{table: items}}
	if len(left) > 0 {
		asked.Keys = left
		answer["UnprocessedKeys"] = map[string]any{table: asked}
	}
	return awstest.Answer(http.StatusOK, awstest.JSON(answer))
}

var indexKey = []string{"attention", "attentionAt", "pk", "sk"}

func keyOf(item attributes) attributes {
	key := attributes{}
	for _, name := range indexKey {
		key[name] = item[name]
	}
	return key
}

func inIndex(a, b attributes) int {
	order := 0
	for _, name := range indexKey {
		order = cmp.Or(order, cmp.Compare(fmt.Sprint(a[name]["S"]), fmt.Sprint(b[name]["S"])))
	}
	return order
}

// holds evaluates the two conditions that there are.
func (q request) holds(standing attributes) bool {
	if q.ConditionExpression == "" {
		return true
	}
	if q.ConditionExpression == "attribute_not_exists(pk) OR forgetAt < :until" {
		return standing == nil || number(standing["forgetAt"]) < number(q.ExpressionAttributeValues[":until"])
	}
	now := number(q.ExpressionAttributeValues[":now"])
	switch q.ConditionExpression {
	case "attribute_not_exists(pk) OR forgetAt <= :now":
		return standing == nil || number(standing["forgetAt"]) <= now
	case "revision = :over AND forgetAt > :now":
		return standing != nil && reflect.DeepEqual(standing["revision"], q.ExpressionAttributeValues[":over"]) && number(standing["forgetAt"]) > now
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

func refuse(status int, code, message string) http.HandlerFunc {
	return awstest.Refuse(status, "com.amazonaws.dynamodb.v20120810#"+code, message)
}

// open returns a ledger that is led to the stand by AWS_ENDPOINT_URL, as a function in a test stack is.
func (s *stand) open(t *testing.T) *dynamodb.Ledger {
	t.Helper()
	return dynamodb.Open(awstest.ConfigFor(t, s), table)
}

// sent is a message of the commonest kind.
func sent(id, revision string) delivery.Item {
	return delivery.Item{
		ID: id, Workspace: "W1", Fingerprint: "1:5f2b", Revision: revision, State: delivery.Sent, Generation: 1, Attempts: 1,
		Owner: "owner-1", Lease: noon.Add(20 * time.Second), DMLYID: "m-1", DMLYStatus: "success",
		History: []delivery.Transition{
			{At: noon, State: delivery.Sending, Attempt: 1},
			{At: noon.Add(250 * time.Millisecond), State: delivery.Sent, Attempt: 1},
		},
		ForgetAt: noon.Add(30 * 24 * time.Hour),
	}
}
