package scheduler_test

import (
	"context"
	"fmt"
	"net/http"
	"net/http/httptest"
	"net/url"
	"regexp"
	"slices"
	"strings"
	"sync"
	"testing"
	"time"

	"github.com/aws/aws-sdk-go-v2/aws"

	"dmlysender/shared/awsconf/awstest"
	"dmlysender/shared/delivery"
	"dmlysender/shared/later"
	"dmlysender/shared/later/latertest"
	"dmlysender/shared/later/scheduler"
)

const (
	group   = "dmly-later"
	roleARN = "arn:aws:iam::123456789012:role/dmly-later"
	sqsURL  = "https://sqs.eu-central-1.amazonaws.com/123456789012/"
	sqsARN  = "arn:aws:sqs:eu-central-1:123456789012:"
)

// schedule is one as it is asked for; a field that is not here makes the stand refuse it.
type schedule struct {
	ActionAfterCompletion, ClientToken, Description, GroupName string
	ScheduleExpression, ScheduleExpressionTimezone             string
	FlexibleTimeWindow                                         struct{ Mode string }
	Target                                                     target
}

type target struct {
	Arn, Input       string
	RoleARN          string `json:"RoleArn"`
	DeadLetterConfig struct{ Arn string }
	RetryPolicy      struct{ MaximumEventAgeInSeconds, MaximumRetryAttempts int }
}

// stand is as much of EventBridge Scheduler as one group needs. What its schedules bring comes to its queues.
type stand struct {
	// late is how long after its minute a schedule fires: up to 59 seconds.
	late time.Duration
	// faults are what happens instead of an answer, in turn; a nil one lets the request through.
	faults []http.HandlerFunc
	// afterwards makes a fault hit what was carried out already.
	afterwards bool

	queues latertest.Queues

	mu        sync.Mutex
	schedules map[string]schedule
	requests  []string
	pauses    []time.Duration
}

func newStand() *stand {
	return &stand{queues: latertest.NewQueues(), schedules: map[string]schedule{}}
}

var nameOf = regexp.MustCompile(`^/schedules/([0-9a-zA-Z_.-]{1,64})$`)

func (s *stand) ServeHTTP(w http.ResponseWriter, r *http.Request) {
	s.mu.Lock()
	defer s.mu.Unlock()
	s.requests = append(s.requests, r.Method)
	var fault http.HandlerFunc
	if len(s.faults) > 0 {
		fault, s.faults = s.faults[0], s.faults[1:]
	}
	if fault != nil && !s.afterwards {
		fault(w, r)
		return
	}
	answer := s.carryOut(r)
	if fault != nil {
		answer = fault
	}
	answer(w, r)
}

func (s *stand) carryOut(r *http.Request) http.HandlerFunc {
	parts := nameOf.FindStringSubmatch(r.URL.Path)
	if parts == nil {
		return refuse(http.StatusBadRequest, "ValidationException", "the path is "+r.URL.Path)
	}
	name := parts[1]
	_, stands := s.schedules[name]
	if r.Method == http.MethodDelete {
		if r.URL.Query().Get("groupName") != group || !stands {
			return refuse(http.StatusNotFound, "ResourceNotFoundException", "Schedule "+name+" does not exist.")
		}
		delete(s.schedules, name)
		return awstest.Answer(http.StatusOK, "{}")
	}
	var in schedule
	if err := awstest.Decode(r, &in); err != nil {
		return refuse(http.StatusBadRequest, "ValidationException", err.Error())
	}
	at, err := due(in)
	switch {
	case err != nil || !at.After(time.Now()):
		return refuse(http.StatusBadRequest, "ValidationException", fmt.Sprintf("Invalid schedule %s: %v", in.ScheduleExpression, err))
	case in.GroupName != group:
		return refuse(http.StatusNotFound, "ResourceNotFoundException", "Schedule group "+in.GroupName+" does not exist.")
	case r.Method == http.MethodPost && stands:
		return refuse(http.StatusConflict, "ConflictException", "Schedule "+name+" already exists.")
	case r.Method == http.MethodPut && !stands:
		return refuse(http.StatusNotFound, "ResourceNotFoundException", "Schedule "+name+" does not exist.")
	}
	s.schedules[name] = in
	return awstest.Answer(http.StatusOK, `{"ScheduleArn": "arn:aws:scheduler:eu-central-1:123456789012:schedule/`+group+`/`+name+`"}`)
}

// due is the moment of a one-time schedule.
func due(in schedule) (time.Time, error) {
	return time.Parse("at(2006-01-02T15:04:05)", in.ScheduleExpression)
}

// keyword is what EventBridge Scheduler replaces in an input.
var keyword = regexp.MustCompile(`<aws\.scheduler\.[a-z-]+>`)

// fire puts on the queues what is due.
func (s *stand) fire(ctx context.Context, t *testing.T) {
	t.Helper()
	s.mu.Lock()
	defer s.mu.Unlock()
	for name, in := range s.schedules {
		at, err := due(in)
		if err != nil {
			t.Errorf("%s: %v", in.ScheduleExpression, err)
		}
		if time.Now().Before(at.Add(s.late)) {
			continue
		}
		delete(s.schedules, name)
		lane := delivery.NormalLane
		if in.Target.Arn == sqsARN+"bulk" {
			lane = delivery.BulkLane
		}
		// Nothing but the body reaches the queue.
		body := keyword.ReplaceAllString(in.Target.Input, "2026-12-01T08:00:00Z")
		if err := s.queues.For(lane).Enqueue(ctx, delivery.Record{Body: []byte(body)}); err != nil {
			t.Logf("the record is lost: %v", err)
		}
	}
}

// receive is that of a [latertest.Subject].
func (s *stand) receive(t *testing.T) func(context.Context, delivery.Lane) (delivery.Record, error) {
	t.Helper()
	return func(ctx context.Context, lane delivery.Lane) (delivery.Record, error) {
		for {
			s.fire(ctx, t)
			second, cancel := context.WithTimeout(ctx, time.Second)
			got, err := s.queues.Receive(second, lane)
			cancel()
			if err == nil || ctx.Err() != nil {
				return got, err
			}
		}
	}
}

// Do hands the request to the stand without a network, for which a bubble of synctest would not wait.
func (s *stand) Do(r *http.Request) (*http.Response, error) {
	if err := r.Context().Err(); err != nil {
		return nil, &url.Error{Op: r.Method, URL: r.URL.String(), Err: err}
	}
	w := httptest.NewRecorder()
	s.ServeHTTP(w, r)
	return w.Result(), nil
}

// refuse answers with an error as AWS writes it.
func refuse(status int, code, text string) http.HandlerFunc {
	return awstest.Refuse(status, code, text)
}

// Now implements [delivery.Clock].
func (s *stand) Now() time.Time { return time.Now() }

// Sleep implements [delivery.Clock]: it takes no time and keeps how long it should have taken.
func (s *stand) Sleep(ctx context.Context, d time.Duration) error {
	s.pauses = append(s.pauses, d)
	return ctx.Err()
}

// asked are the methods of the requests that came, and forgets them.
func (s *stand) asked() string {
	s.mu.Lock()
	defer s.mu.Unlock()
	defer func() { s.requests = nil }()
	return strings.Join(s.requests, " ")
}

// all are the schedules that stand.
func (s *stand) all() []schedule {
	s.mu.Lock()
	defer s.mu.Unlock()
	var all []schedule
	for _, in := range s.schedules {
		all = append(all, in)
	}
	return slices.Clone(all)
}

func (s *stand) targets() map[delivery.Lane]later.Target {
	return map[delivery.Lane]later.Target{
		delivery.NormalLane: {Queue: s.queues.For(delivery.NormalLane), URL: sqsURL + "send", DeadLetterURL: sqsURL + "send-dead"},
		delivery.BulkLane:   {Queue: s.queues.For(delivery.BulkLane), URL: sqsURL + "bulk", DeadLetterURL: sqsURL + "bulk-dead"},
	}
}

func (s *stand) open(t *testing.T, cfg aws.Config) *scheduler.Scheduler {
	t.Helper()
	opened, err := scheduler.Open(cfg, group, roleARN, s.targets())
	if err != nil {
		t.Fatal(err)
	}
	return opened.WithClock(s)
}

// inBubble is led to the stand without a network.
func (s *stand) inBubble(t *testing.T) *scheduler.Scheduler {
	t.Helper()
	cfg := awstest.Config(t, nil)
	cfg.HTTPClient = s
	return s.open(t, cfg)
}

// record is that of a message with the id.
func record(id string) delivery.Record {
	body := fmt.Sprintf(`{"id":%q,"channel":"telegram","type":"template","workspace":{"id":"W1"},"contact":{"id":"C1"},"textMessage":"Hello"}`, id)
	return delivery.Record{Body: []byte(body), ID: id, Group: "W1", Recheck: true, Generation: 2}
}
