package sqsworker_test

import (
	"strings"
	"testing"
	"time"

	"dmlysender/shared/delivery"
)

const newKey = dmlyKey + "-rotated"

func TestWorkerKeepsMessagesForAKeyThatDMLYTakes(t *testing.T) {
	t.Parallel()
	r := newRig(t)
	r.sim.SetKeys("another-key")
	one, two := record("1", body(fields{"id": "order-1"})), record("2", body(fields{"id": "order-2"}))
	r.wantBack(r.handle(one), "sqs-1")
	r.wantBack(r.handle(two), "sqs-2")
	r.wantPosts(1) // the account is paused: the second did not even try
	r.wantState("order-1", delivery.Waiting)
	if got := r.item("order-1").Attempts; got != 0 {
		t.Errorf("attempts used up: got %d, want 0", got)
	}
	for range 20 { // far more often than there are attempts
		r.clock.advance(16 * time.Minute)
		r.wantBack(r.handle(one), "sqs-1")
	}
	r.sim.SetKeys(newKey)
	r.setKey(newKey, nil)
	r.clock.advance(16 * time.Minute)
	r.wantBack(r.handle(one, two))
	r.wantSent(2)
}

func TestWorkerReadsARotatedKeyAtOnce(t *testing.T) {
	t.Parallel()
	r := newRig(t)
	r.wantBack(r.handle(record("1", body(fields{"id": "order-1"}))))
	r.sim.SetKeys(newKey)
	r.setKey(newKey, nil)
	r.wantBack(r.handle(record("2", body(fields{"id": "order-2"})))) // within the cache's time
	r.wantSent(2)
	r.wantPosts(3)
}

func TestWorkerReturnsMessagesThatHaveNoKey(t *testing.T) {
	t.Parallel()
	for name, tt := range map[string]struct {
		secret string
		err    error
		says   string
	}{
		"the store is down":       {"", errDown, errDown.Error()},
		"the secret is not JSON":  {`{"default": "` + dmlyKey, nil, "it must be the key itself or JSON"},
		"nobody filled it in":     {"REPLACE_ME", nil, "placeholder"},
		"none for this workspace": {`{"workspaces": {"W2": "` + dmlyKey + `"}}`, nil, "W1"},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			r := newRig(t)
			r.setKey(tt.secret, tt.err)
			one := record("1", body(fields{"id": "order-1"}))
			r.wantBack(r.handle(one), "sqs-1")
			r.wantPosts(0)
			r.wantState("order-1", "") // not claimed: it goes at once when there is a key
			if got := r.logs.String(); !strings.Contains(got, tt.says) {
				t.Errorf("the log does not say %q:\n%s", tt.says, got)
			}
			r.setKey(dmlyKey, nil)
			r.clock.advance(10 * time.Minute)
			r.wantBack(r.handle(one))
			r.wantSent(1)
		})
	}
}
