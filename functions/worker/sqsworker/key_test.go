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
	r.Sim.SetKeys("another-key")
	one, two := record("1", body(fields{"id": "order-1"})), record("2", body(fields{"id": "order-2"}))
	r.wantBack(r.handle(one), "sqs-1")
	r.wantBack(r.handle(two), "sqs-2")
	r.WantPosts(1) // the account is paused: the second did not even try
	r.WantState("order-1", delivery.Waiting)
	if got := r.Item("order-1").Attempts; got != 0 {
		t.Errorf("attempts used up: got %d, want 0", got)
	}
	for range 20 { // far more often than there are attempts
		r.Clock.Advance(16 * time.Minute)
		r.wantBack(r.handle(one), "sqs-1")
	}
	r.Sim.SetKeys(newKey)
	r.Secret.Set(newKey, nil)
	r.Clock.Advance(16 * time.Minute)
	r.wantBack(r.handle(one, two))
	r.WantSent(2)
}

func TestWorkerReadsARotatedKeyAtOnce(t *testing.T) {
	t.Parallel()
	r := newRig(t)
	r.wantBack(r.handle(record("1", body(fields{"id": "order-1"}))))
	r.Sim.SetKeys(newKey)
	r.Secret.Set(newKey, nil)
	r.wantBack(r.handle(record("2", body(fields{"id": "order-2"})))) // within the cache's time
	r.WantSent(2)
	r.WantPosts(3)
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
			r.Secret.Set(tt.secret, tt.err)
			one := record("1", body(fields{"id": "order-1"}))
			r.wantBack(r.handle(one), "sqs-1")
			r.WantPosts(0)
			r.WantState("order-1", "") // not claimed: it goes at once when there is a key
			if got := r.Logs.String(); !strings.Contains(got, tt.says) {
				t.Errorf("the log does not say %q:\n%s", tt.says, got)
			}
			r.Secret.Set(dmlyKey, nil)
			r.Clock.Advance(10 * time.Minute)
			r.wantBack(r.handle(one))
			r.WantSent(1)
		})
	}
}
