package dynamodb_test

import (
	"fmt"
	"net/http"
	"reflect"
	"slices"
	"strconv"
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
	Item                                attributes `json:",omitempty"`
	Key                                 attributes `json:",omitempty"`
	ConditionExpression                 string     `json:",omitempty"`
	ExpressionAttributeValues           attributes `json:",omitempty"`
	ReturnValuesOnConditionCheckFailure string     `json:",omitempty"`
	ConsistentRead                      bool       `json:",omitempty"`
}

// stand is as much of DynamoDB as one table with the ledger's two conditions needs. It keeps what it was asked.
type stand struct {
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
	}
	return refuse(http.StatusBadRequest, "UnknownOperationException", q.target)
}

// holds evaluates the two conditions that there are.
func (q request) holds(standing attributes) bool {
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
		ID: id, Fingerprint: "1:5f2b", Revision: revision, State: delivery.Sent, Generation: 1, Attempts: 1,
		Owner: "owner-1", Lease: noon.Add(20 * time.Second), DMLYID: "m-1", DMLYStatus: "success",
		History: []delivery.Transition{
			{At: noon, State: delivery.Sending, Attempt: 1},
			{At: noon.Add(250 * time.Millisecond), State: delivery.Sent, Attempt: 1},
		},
		ForgetAt: noon.Add(30 * 24 * time.Hour),
	}
}
