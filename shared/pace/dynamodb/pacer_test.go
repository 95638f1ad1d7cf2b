package dynamodb_test

import (
	"encoding/json"
	"net/http"
	"reflect"
	"testing"
	"time"

	"dmlysender/shared/awsconf/awstest"
	"dmlysender/shared/delivery"
	"dmlysender/shared/pace/dynamodb"
	"dmlysender/shared/pace/pacetest"
)

func TestDynamoDBIsAPacer(t *testing.T) {
	t.Parallel()
	pacetest.Run(t, func(t *testing.T, perMinute int) func(func() time.Time) pacetest.Pacer {
		t.Helper()
		cfg := (&stand{}).direct(t)
		return func(now func() time.Time) pacetest.Pacer { return open(t, cfg, perMinute, now) }
	})
}

func parse(t *testing.T, text string) attributes {
	t.Helper()
	var a attributes
	if err := json.Unmarshal([]byte(text), &a); err != nil {
		t.Fatal(err)
	}
	return a
}

func TestAReservationIsOneConditionalUpdate(t *testing.T) {
	t.Parallel()
	const notRefused = " AND (attribute_not_exists(refusedKey) OR refusedKey <> :key OR refusedUntil <= :now)"
	s := &stand{}
	now := noon
	p := s.open(t, func() time.Time { return now })
	one := func(update, condition, values string) {
		t.Helper()
		want := request{
			target: "DynamoDB_20120810.UpdateItem", TableName: tableName, Key: parse(t, `{"pk": {"S": "pace#default"}, "sk": {"S": "pace"}}`),
			UpdateExpression: update, ConditionExpression: condition, ExpressionAttributeValues: parse(t, values),
			ReturnValues: "UPDATED_NEW", ReturnValuesOnConditionCheckFailure: "ALL_OLD",
		}
		if got := s.asked(); len(got) != 1 || !reflect.DeepEqual(got[0], want) {
			t.Errorf("got %+v\nwant %+v", got, want)
		}
	}

	wantSlots(t, reserve(t, p, 4, noon.Add(time.Minute)), 0, 0, 0, 625)
	one("SET tat = :tat", "(attribute_not_exists(tat) OR tat <= :idle)"+notRefused,
		`{":tat": {"N": "1795435201373456"}, ":idle": {"N": "1795435198873456"}, ":key": {"S": "v1"}, ":now": {"N": "1795435200123456"}}`)

	wantSlots(t, reserve(t, p, 2, noon.Add(time.Minute)), 1250, 1875)
	one("SET tat = tat + :span", "tat > :idle AND tat <= :latest"+notRefused,
		`{":span": {"N": "1250000"}, ":latest": {"N": "1795435208873456"}, ":idle": {"N": "1795435198873456"}, ":key": {"S": "v1"}, ":now": {"N": "1795435200123456"}}`)

	// The deadline is part of the condition.
	wantSlots(t, reserve(t, p, 2, noon.Add(4*time.Second)), 2500, 3125)
	if got := s.asked()[0].ExpressionAttributeValues[":latest"]; !reflect.DeepEqual(got, map[string]any{"N": "1795435203498456"}) {
		t.Errorf("for two until 4 s the first may be at %v", got)
	}

	// A rest later this process goes by the clock again.
	now = noon.Add(time.Minute)
	wantSlots(t, reserve(t, p, 1, now.Add(time.Minute)), 60000)
	if got := s.asked(); len(got) != 1 || got[0].UpdateExpression != "SET tat = :tat" {
		t.Errorf("got %+v", got)
	}
}

func TestAWorkerThatKnowsNothingOfTheOthersNeedsTwoUpdates(t *testing.T) {
	t.Parallel()
	s := &stand{}
	reserve(t, s.open(t, clockAt(noon)), 4, noon.Add(time.Minute))
	s.asked()
	late := s.open(t, clockAt(noon.Add(100*time.Millisecond)))
	wantSlots(t, reserve(t, late, 1, noon.Add(time.Minute)), 1250)
	if got := len(s.asked()); got != 2 {
		t.Errorf("the first time: got %d updates, want 2", got)
	}
	wantSlots(t, reserve(t, late, 1, noon.Add(time.Minute)), 1875)
	if got := len(s.asked()); got != 1 {
		t.Errorf("from then on: got %d updates, want 1", got)
	}
}

func TestWhatOthersTookMeanwhileCostsNoUpdate(t *testing.T) {
	t.Parallel()
	s := &stand{}
	a, b := s.open(t, clockAt(noon)), s.open(t, clockAt(noon))
	reserve(t, a, 3, noon.Add(time.Minute))
	reserve(t, b, 3, noon.Add(time.Minute)) // knows by now
	reserve(t, a, 3, noon.Add(time.Minute))
	s.asked()
	wantSlots(t, reserve(t, b, 2, noon.Add(time.Minute)), 4375, 5000)
	if got := len(s.asked()); got != 1 {
		t.Errorf("got %d updates, want 1", got)
	}
}

func TestNothingIsWrittenWhereNothingCanBeHad(t *testing.T) {
	t.Parallel()
	s := &stand{}
	p := s.open(t, clockAt(noon))
	reserve(t, p, 10, noon.Add(time.Minute))
	reserve(t, p, 10, noon.Add(time.Minute))
	refused := delivery.Account{Name: "refused", KeyVersion: "v1"}
	until, err := p.Refuse(t.Context(), refused)
	if err != nil {
		t.Fatal(err)
	}
	s.asked()
	for range 3 {
		if r := reserve(t, p, 10, noon.Add(time.Minute)); len(r.Slots) != 0 {
			t.Fatalf("the lane is not full: %v", offsets(r.Slots))
		}
		if r, err := p.Reserve(t.Context(), refused, delivery.NormalLane, 1, noon.Add(time.Hour)); err != nil || !r.KeyRefused {
			t.Fatalf("got %+v, %v", r, err)
		}
		if again, err := p.Refuse(t.Context(), refused); err != nil || !again.Equal(until) {
			t.Fatalf("paused until %v, %v", again, err)
		}
		if err := p.Delay(t.Context(), "default", noon.Add(time.Second)); err != nil { // less than it has to wait anyway
			t.Fatal(err)
		}
	}
	if got := s.asked(); len(got) != 0 {
		t.Errorf("got %d requests, want none: %+v", len(got), got)
	}
}

// Where each answer takes longer than what is due may be late, slots from the time of asking are not.
func TestASlowTableGivesSlotsAllTheSame(t *testing.T) {
	t.Parallel()
	for _, took := range []time.Duration{500 * time.Millisecond, 650 * time.Millisecond, 1500 * time.Millisecond} {
		s := &stand{}
		now := noon
		p := open(t, s.direct(t), 100, func() time.Time { return now })
		s.fault = func() http.HandlerFunc { // no fault, but an answer that takes its time
			now = now.Add(took)
			return nil
		}
		for range 20 {
			if r := reserve(t, p, 1, now.Add(20*time.Second)); len(r.Slots) != 1 {
				t.Fatalf("answers after %v: got %+v, want a slot", took, r)
			}
			now = now.Add(10 * time.Second)
		}
		if got := len(s.asked()); got > 40 {
			t.Errorf("answers after %v: %d updates for 20 slots", took, got)
		}
	}
}

func TestSlotsThatCameTooLateAreLost(t *testing.T) {
	t.Parallel()
	tests := map[string]struct {
		perMinute int
		took      time.Duration
		want      []int64
		updates   int
	}{
		"a moment":                {1, time.Second, []int64{1000}, 1},
		"as long as it may":       {1, 1875 * time.Millisecond, []int64{1875}, 1},
		"longer than that":        {1, 1876 * time.Millisecond, nil, 1}, // the next slot is a minute later
		"a moment within a burst": {100, 600 * time.Millisecond, []int64{600, 600, 600, 625}, 1},
		"too long for its first":  {100, 900 * time.Millisecond, []int64{900, 900, 900}, 1},
		"too long for any":        {100, 10 * time.Second, []int64{10000, 10625, 11250, 11875}, 2}, // those are other slots, from then on
	}
	for name, tt := range tests {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			s := &stand{}
			now := noon
			p := open(t, s.direct(t), tt.perMinute, func() time.Time { return now })
			s.fault = func() http.HandlerFunc { // no fault, but an answer that takes its time, once
				if now.Equal(noon) {
					now = noon.Add(tt.took)
				}
				return nil
			}
			r := reserve(t, p, 4, noon.Add(30*time.Second))
			wantSlots(t, r, tt.want...)
			if got := len(s.asked()); got != tt.updates {
				t.Errorf("got %d updates, want %d", got, tt.updates)
			}
		})
	}
}

func TestASlotThatIsOverByTheDeadlineIsLost(t *testing.T) {
	t.Parallel()
	s := &stand{}
	now := noon
	p := open(t, s.direct(t), 100, func() time.Time { return now })
	s.fault = func() http.HandlerFunc {
		now = noon.Add(600 * time.Millisecond)
		return nil
	}
	if r := reserve(t, p, 3, noon.Add(500*time.Millisecond)); len(r.Slots) != 0 || r.RetryAt.Before(noon.Add(500*time.Millisecond)) {
		t.Errorf("got %v, ask again at %v", offsets(r.Slots), r.RetryAt.Sub(noon))
	}
}

// An update whose answer is lost is repeated by the SDK. What it took is lost, and what it gives was taken once.
func TestALostAnswerCostsSlotsAndGivesNoneTwice(t *testing.T) {
	t.Parallel()
	tests := map[string]struct {
		before int
		want   []int64
	}{
		"of an idle account": {0, []int64{0, 625}},     // of the burst of three, two are lost: the repeat fails, and so the next try follows
		"of a busy one":      {4, []int64{2500, 3125}}, // the repeat is carried out: 1250 and 1875 are lost
	}
	for name, tt := range tests {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			s := &stand{}
			p := s.open(t, clockAt(noon))
			if tt.before > 0 {
				reserve(t, p, tt.before, noon.Add(time.Minute))
			}
			s.asked()
			s.next(true, awstest.Cut)
			wantSlots(t, reserve(t, p, 2, noon.Add(time.Minute)), tt.want...)
			if got := len(s.asked()); got < 2 {
				t.Errorf("got %d requests: the SDK did not repeat it", got)
			}
		})
	}
}

func TestALostAnswerChangesNoPause(t *testing.T) {
	t.Parallel()
	s := &stand{}
	p := s.open(t, clockAt(noon))
	for range 2 {
		s.next(true, awstest.Cut)
		if err := p.Delay(t.Context(), "default", noon.Add(time.Minute)); err != nil {
			t.Error(err)
		}
		s.next(true, awstest.Cut)
		until, err := p.Refuse(t.Context(), account)
		if err != nil || !until.Equal(noon.Add(time.Minute)) {
			t.Errorf("paused until %v, %v", until, err)
		}
	}
	want := parse(t, `{"pk": {"S": "pace#default"}, "sk": {"S": "pace"}, "tat": {"N": "1795435260123456"},
		"refusedKey": {"S": "v1"}, "refusedUntil": {"N": "1795435260123456"}, "refusedFor": {"N": "60000000"}}`)
	if got := s.item(); !reflect.DeepEqual(got, want) {
		t.Errorf("got %v\nwant %v", got, want)
	}
}

func TestAnItemThatSomebodyDeletedStartsAnew(t *testing.T) {
	t.Parallel()
	s := &stand{}
	now := noon
	p := s.open(t, func() time.Time { return now })
	reserve(t, p, 6, noon.Add(time.Minute))
	if _, err := p.Refuse(t.Context(), account); err != nil {
		t.Fatal(err)
	}
	s.items = nil
	now = noon.Add(time.Minute)
	wantSlots(t, reserve(t, p, 1, now.Add(time.Minute)), 60000)
	s.items = nil
	wantSlots(t, reserve(t, p, 1, now.Add(time.Minute)), 60000)
	if until, err := p.Refuse(t.Context(), account); err != nil || !until.After(now) {
		t.Errorf("paused until %v, %v", until, err)
	}
}

func TestOneWhoIsAlwaysTooLateAsksAgainSoon(t *testing.T) {
	t.Parallel()
	s := &stand{}
	p := s.open(t, clockAt(noon))
	idle := true
	// Others take and give back: whatever this one goes by is wrong a moment later.
	s.fault = func() http.HandlerFunc {
		idle = !idle
		item := attributes{"pk": {"S": "pace#default"}, "sk": {"S": "pace"}, "tat": {"N": "1"}}
		if !idle {
			item["tat"]["N"] = "1795435200123456"
		}
		return awstest.Answer(http.StatusBadRequest, awstest.JSON(map[string]any{"__type": "ConditionalCheckFailedException", "Item": item}))
	}
	r := reserve(t, p, 1, noon.Add(time.Minute))
	if in := r.RetryAt.Sub(noon); len(r.Slots) != 0 || in < 100*time.Millisecond || in > 500*time.Millisecond {
		t.Errorf("got %v, ask again in %v", r.Slots, in)
	}
	if got := len(s.asked()); got != 4 {
		t.Errorf("got %d updates, want 4", got)
	}
}

func TestARateOfNothingIsRefused(t *testing.T) {
	t.Parallel()
	if _, err := dynamodb.Open(awstest.Config(t, nil), tableName, 0, time.Now); err == nil {
		t.Error("a rate of 0 was taken")
	}
}
