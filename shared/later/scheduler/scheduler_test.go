package scheduler_test

import (
	"net/http"
	"strings"
	"testing"
	"testing/synctest"
	"time"

	"dmlysender/shared/awsconf/awstest"
	"dmlysender/shared/delivery"
	"dmlysender/shared/later"
	"dmlysender/shared/later/latertest"
)

func TestEventBridgeIsAScheduler(t *testing.T) {
	t.Parallel()
	for name, late := range map[string]time.Duration{"at the minute": 0, "at the end of the minute": 59 * time.Second} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			latertest.Run(t, synctest.Test, func(t *testing.T) latertest.Subject {
				t.Helper()
				s := newStand()
				s.late = late
				return latertest.Subject{Scheduler: s.inBubble(t), Receive: s.receive(t), Minute: time.Minute}
			})
		})
	}
}

func TestAScheduleSaysAllThatThereIsToSay(t *testing.T) {
	t.Parallel()
	s := newStand()
	open := s.open(t, awstest.ConfigFor(t, s))
	at := time.Date(2127, 3, 28, 3, 0, 30, 0, time.FixedZone("CEST", 2*60*60))
	for _, want := range []string{"POST", "POST PUT"} { // a changed schedule says all of it once more
		if err := open.Schedule(t.Context(), delivery.BulkLane, record("order-1042"), at); err != nil {
			t.Fatal(err)
		}
		if got := s.asked(); got != want {
			t.Errorf("asked %s, want %s", got, want)
		}
		got := s.all()
		if len(got) != 1 || len(got[0].ClientToken) < 16 {
			t.Fatalf("got %+v", got)
		}
		want := schedule{
			ActionAfterCompletion: "DELETE", ClientToken: got[0].ClientToken, Description: "Sends message order-1042", GroupName: group,
			ScheduleExpression: "at(2127-03-28T00:59:00)", ScheduleExpressionTimezone: "UTC",
			Target: target{Arn: sqsARN + "bulk", Input: string(record("order-1042").Body), RoleARN: roleARN},
		}
		want.FlexibleTimeWindow.Mode = "OFF"
		want.Target.DeadLetterConfig.Arn = sqsARN + "bulk-dead"
		want.Target.RetryPolicy.MaximumEventAgeInSeconds, want.Target.RetryPolicy.MaximumRetryAttempts = 86400, 185
		if got[0] != want {
			t.Errorf("got  %+v\nwant %+v", got[0], want)
		}
	}
}

func TestTheMinuteIsTheLastThatCannotBeLate(t *testing.T) {
	t.Parallel()
	// A bubble begins at midnight, UTC.
	tests := map[string]struct {
		at   time.Duration
		want string        // the time of the schedule
		wait time.Duration // on the queue, where there is no schedule
	}{
		"long past":       {-time.Hour, "", 0},
		"now":             {0, "", 0},
		"soon":            {time.Second, "", time.Second},
		"just too soon":   {2*time.Minute - time.Nanosecond, "", 2*time.Minute - time.Nanosecond},
		"just far enough": {2 * time.Minute, "at(2000-01-01T00:01:00)", 0},
		"one minute more": {3*time.Minute - time.Nanosecond, "at(2000-01-01T00:01:00)", 0},
		"the next":        {3 * time.Minute, "at(2000-01-01T00:02:00)", 0},
		"a day":           {24*time.Hour + time.Second, "at(2000-01-01T23:59:00)", 0},
		"a year":          {366 * 24 * time.Hour, "at(2000-12-31T23:59:00)", 0},
	}
	for name, tt := range tests {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			synctest.Test(t, func(t *testing.T) {
				s, begin := newStand(), time.Now()
				if err := s.inBubble(t).Schedule(t.Context(), delivery.NormalLane, record("order-1"), begin.Add(tt.at)); err != nil {
					t.Fatal(err)
				}
				got := ""
				for _, stands := range s.all() {
					got = stands.ScheduleExpression
				}
				if got != tt.want {
					t.Errorf("got the schedule %q, want %q", got, tt.want)
				}
				if tt.want != "" {
					return
				}
				r, err := s.queues.Receive(t.Context(), delivery.NormalLane)
				if waited := time.Since(begin); err != nil || waited != tt.wait || !r.Recheck || r.Generation != 2 {
					t.Errorf("got %+v, %v, after %v, want all of it after %v", r, err, waited, tt.wait)
				}
			})
		})
	}
}

func TestAScheduleThatOthersChangeIsWrittenAllTheSame(t *testing.T) {
	t.Parallel()
	gone := refuse(http.StatusNotFound, "ResourceNotFoundException", "Schedule does not exist.")
	taken := refuse(http.StatusConflict, "ConflictException", "Schedule already exists.")
	later := time.Now().Add(time.Hour)
	tests := map[string]struct {
		faults []http.HandlerFunc
		asked  string
		pauses int
		err    string
	}{
		"created":                        {nil, "POST", 0, ""},
		"it fires before it is changed":  {[]http.HandlerFunc{taken, gone}, "POST PUT POST", 1, ""},
		"it is being changed":            {[]http.HandlerFunc{taken, taken, taken, gone}, "POST PUT POST PUT POST", 2, ""},
		"it comes and goes all the time": {[]http.HandlerFunc{taken, gone, taken, gone, taken, gone, taken, gone}, "POST PUT POST PUT POST PUT POST PUT", 3, "others change it at the same time"},
	}
	for name, tt := range tests {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			s := newStand()
			open := s.open(t, awstest.ConfigFor(t, s))
			s.faults = tt.faults
			err := open.Schedule(t.Context(), delivery.NormalLane, record("order-1"), later)
			if got := s.asked(); got != tt.asked || len(s.pauses) != tt.pauses {
				t.Errorf("asked %s with %d pauses, want %s with %d", got, len(s.pauses), tt.asked, tt.pauses)
			}
			if tt.err == "" && (err != nil || len(s.all()) != 1) || tt.err != "" && (err == nil || !strings.Contains(err.Error(), tt.err)) {
				t.Errorf("got %v and %d schedules, want the error %q", err, len(s.all()), tt.err)
			}
		})
	}
}

func TestAnAnswerThatIsLostChangesNothing(t *testing.T) {
	t.Parallel()
	s := newStand()
	open := s.open(t, awstest.ConfigFor(t, s))
	at := time.Now().Add(time.Hour)
	s.faults, s.afterwards = []http.HandlerFunc{awstest.Cut}, true
	if err := open.Schedule(t.Context(), delivery.NormalLane, record("order-1"), at); err != nil || len(s.all()) != 1 {
		t.Errorf("Schedule: %v, and %d schedules stand, want 1", err, len(s.all()))
	}
	s.faults = []http.HandlerFunc{awstest.Cut}
	if err := open.Unschedule(t.Context(), "order-1", at); err != nil || len(s.all()) != 0 {
		t.Errorf("Unschedule: %v, and %d schedules stand, want none", err, len(s.all()))
	}
}

func TestWhatAScheduleCannotHoldIsSaid(t *testing.T) {
	t.Parallel()
	s := newStand()
	open := s.open(t, awstest.ConfigFor(t, s))
	other := record("order-2")
	other.ID = "order-1"
	long := record("order-1")
	long.Body = []byte(strings.Replace(string(long.Body), "Hello", strings.Repeat("<aws.", 64<<10/5-100), 1))
	tests := map[string]struct {
		lane   delivery.Lane
		record delivery.Record
		want   string
	}{
		"no id":          {delivery.NormalLane, delivery.Record{Body: []byte("{}")}, later.ErrNoID.Error()},
		"no JSON":        {delivery.NormalLane, delivery.Record{Body: []byte("\xff"), ID: "order-1"}, "its body is not JSON"},
		"another id":     {delivery.NormalLane, other, `its body has the id "order-2"`},
		"no id in it":    {delivery.NormalLane, delivery.Record{Body: []byte("{}"), ID: "order-1"}, `its body has the id ""`},
		"too long":       {delivery.NormalLane, long, "with what has to be escaped in it; the limit is 65536"},
		"no such lane":   {"express", record("order-1"), `there is no queue for the lane "express"`},
		"of the message": {delivery.NormalLane, delivery.Record{Body: []byte("[]"), ID: "order-1"}, "schedule message order-1 in the group " + group + " in eu-central-1"},
	}
	for name, tt := range tests {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			for _, at := range []time.Time{{}, time.Now().Add(time.Hour)} {
				err := open.Schedule(t.Context(), tt.lane, tt.record, at)
				if err == nil || !strings.Contains(err.Error(), tt.want) {
					t.Errorf("got %v, want %s", err, tt.want)
				}
			}
		})
	}
}
