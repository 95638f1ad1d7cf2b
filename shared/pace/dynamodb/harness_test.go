package dynamodb_test

import (
	"fmt"
	"io"
	"maps"
	"net/http"
	"net/http/httptest"
	"slices"
	"sync"
	"testing"
	"time"

	"github.com/aws/aws-sdk-go-v2/aws"
	"github.com/aws/aws-sdk-go-v2/aws/retry"

	"dmlysender/shared/awsconf"
	"dmlysender/shared/awsconf/awstest"
	"dmlysender/shared/delivery"
	"dmlysender/shared/pace/dynamodb"
)

const tableName = "dmly-ledger"

var noon = time.Date(2026, 11, 23, 12, 0, 0, 123456e3, time.UTC)

// request is what the pacer may ask for; a field that is not here makes the stand refuse it.
type request struct {
	target string

	TableName                           string
	Key                                 attributes
	UpdateExpression                    string
	ConditionExpression                 string
	ExpressionAttributeValues           attributes
	ReturnValues                        string
	ReturnValuesOnConditionCheckFailure string
}

// stand is as much of DynamoDB as one table with UpdateItem and GetItem needs. It keeps what it was asked.
type stand struct {
	// fault is asked at each request what happens instead of an answer; nil for nothing. If afterwards, it hits what was
	// carried out already.
	fault      func() http.HandlerFunc
	afterwards bool

	mu       sync.Mutex
	items    map[string]attributes
	requests []request
}

func (s *stand) ServeHTTP(w http.ResponseWriter, r *http.Request) {
	s.answer(r)(w, r)
}

func (s *stand) answer(r *http.Request) http.HandlerFunc {
	s.mu.Lock()
	defer s.mu.Unlock()
	q := request{target: r.Header.Get("X-Amz-Target")}
	if err := awstest.Decode(r, &q); err != nil {
		return refuse("SerializationException", err.Error())
	}
	s.requests = append(s.requests, q)
	var fault http.HandlerFunc
	if s.fault != nil {
		fault = s.fault()
	}
	if fault != nil && !s.afterwards {
		return fault
	}
	answer := s.carryOut(q)
	if fault != nil {
		return fault
	}
	return answer
}

func (s *stand) carryOut(q request) http.HandlerFunc {
	switch q.target {
	case "DynamoDB_20120810.UpdateItem":
		return s.update(q)
	case "DynamoDB_20120810.GetItem":
		answer := map[string]any{}
		if item := s.items[fmt.Sprint(q.Key)]; item != nil {
			answer["Item"] = item
		}
		return awstest.Answer(http.StatusOK, awstest.JSON(answer))
	}
	return refuse("UnknownOperationException", q.target)
}

func (s *stand) update(q request) http.HandlerFunc {
	key := fmt.Sprint(q.Key)
	item := s.items[key]
	changed, holds, err := evaluate(q.ConditionExpression, q.UpdateExpression, item, q.ExpressionAttributeValues)
	switch {
	case err != nil:
		return refuse("ValidationException", err.Error())
	case !holds:
		failure := map[string]any{"__type": "com.amazonaws.dynamodb.v20120810#ConditionalCheckFailedException", "message": "The conditional request failed"}
		if item != nil && q.ReturnValuesOnConditionCheckFailure == "ALL_OLD" {
			failure["Item"] = item
		}
		return awstest.Answer(http.StatusBadRequest, awstest.JSON(failure))
	}
	if item == nil {
		item = maps.Clone(q.Key)
	}
	maps.Copy(item, changed)
	if s.items == nil {
		s.items = map[string]attributes{}
	}
	s.items[key] = item
	return awstest.Answer(http.StatusOK, awstest.JSON(map[string]any{"Attributes": changed}))
}

// asked are the requests that came since it was called last.
func (s *stand) asked() []request {
	s.mu.Lock()
	defer s.mu.Unlock()
	requests := s.requests
	s.requests = nil
	return requests
}

// next are the faults from now on, in turn; a nil one lets the request through.
func (s *stand) next(afterwards bool, faults ...http.HandlerFunc) {
	s.mu.Lock()
	defer s.mu.Unlock()
	s.afterwards = afterwards
	s.fault = func() http.HandlerFunc {
		if len(faults) == 0 {
			return nil
		}
		fault := faults[0]
		faults = faults[1:]
		return fault
	}
}

// put sets an attribute of the account "default".
func (s *stand) put(name string, value map[string]any) {
	s.mu.Lock()
	defer s.mu.Unlock()
	key := attributes{"pk": {"S": "pace#default"}, "sk": {"S": "pace"}}
	if s.items[fmt.Sprint(key)] == nil {
		s.items = map[string]attributes{fmt.Sprint(key): key}
	}
	s.items[fmt.Sprint(key)][name] = value
}

// item is what stands for the account "default".
func (s *stand) item() attributes {
	s.mu.Lock()
	defer s.mu.Unlock()
	for key, item := range s.items {
		if key == fmt.Sprint(attributes{"pk": {"S": "pace#default"}, "sk": {"S": "pace"}}) {
			return maps.Clone(item)
		}
	}
	return nil
}

func refuse(code, message string) http.HandlerFunc {
	return awstest.Refuse(http.StatusBadRequest, "com.amazonaws.dynamodb.v20120810#"+code, message)
}

// open returns a pacer of 100 a minute that is led to the stand by AWS_ENDPOINT_URL, as a function in a test stack is.
func (s *stand) open(t *testing.T, now func() time.Time) *dynamodb.Pacer {
	t.Helper()
	return open(t, awstest.ConfigFor(t, s), 100, now)
}

func open(t *testing.T, cfg aws.Config, perMinute int, now func() time.Time) *dynamodb.Pacer {
	t.Helper()
	p, err := dynamodb.Open(cfg, tableName, perMinute, now)
	if err != nil {
		t.Fatal(err)
	}
	return p
}

// Do is an HTTP client that reaches the stand without a network: fast, and fit for testing/synctest.
func (s *stand) Do(r *http.Request) (answer *http.Response, err error) {
	defer func() {
		if problem := recover(); problem != nil { // as of awstest.Cut
			answer, err = nil, io.ErrUnexpectedEOF
		}
	}()
	if err := r.Context().Err(); err != nil {
		return nil, err
	}
	recorder := httptest.NewRecorder()
	s.ServeHTTP(recorder, r)
	return recorder.Result(), nil
}

// direct is the configuration of workers that reach the stand by Do. Requests are repeated at once.
func (s *stand) direct(t *testing.T) aws.Config {
	t.Helper()
	cfg := awstest.Config(t, nil)
	cfg.HTTPClient = s
	cfg.Retryer = func() aws.Retryer {
		return retry.AddWithMaxBackoffDelay(awsconf.NewRetryer(), time.Nanosecond)
	}
	return cfg
}

func clockAt(at time.Time) func() time.Time { return func() time.Time { return at } }

// account is the one that most tests use.
var account = delivery.Account{Name: "default", KeyVersion: "v1"}

func reserve(t *testing.T, p delivery.Pacer, n int, until time.Time) delivery.Reservation {
	t.Helper()
	r, err := p.Reserve(t.Context(), account, delivery.NormalLane, n, until)
	if err != nil {
		t.Fatal(err)
	}
	return r
}

// offsets are moments as seen from noon, in milliseconds.
func offsets(moments []time.Time) []int64 {
	var ms []int64
	for _, m := range moments {
		ms = append(ms, m.Sub(noon).Milliseconds())
	}
	return ms
}

func wantSlots(t *testing.T, r delivery.Reservation, want ...int64) {
	t.Helper()
	if got := offsets(r.Slots); !slices.Equal(got, want) {
		t.Errorf("slots at ms\n got %v\nwant %v", got, want)
	}
}
