//go:build e2e

package stack_test

import (
	"context"
	"encoding/json"
	"strings"
	"sync"
	"testing"
	"time"

	"github.com/aws/aws-sdk-go-v2/aws"
	"github.com/aws/aws-sdk-go-v2/service/scheduler"
	"github.com/aws/aws-sdk-go-v2/service/sqs"

	"dmlysender/e2e/deployed"
	"dmlysender/shared/campaign/plan"
	"dmlysender/shared/delivery"
	"dmlysender/shared/dmlytest"
	"dmlysender/shared/message"
)

const (
	// whole is how long everything may take.
	whole = 6 * time.Minute
	// takeTime is how long a record may take from its queue through a worker: the stand-in starts one, and looks at a queue about once a second.
	takeTime = 30 * time.Second
)

// rig is the deployed stack, with what its users and its operators have in hand.
type rig struct {
	*deployed.Stack
	apiFunction, scheduleFunction, exampleSchedule string
	sqs                                            *sqs.Client
	schedules                                      *scheduler.Client

	mu    sync.Mutex
	atEnd []func(*testing.T)
}

// finally has something checked when all queues are empty: when the records that should change nothing have been taken, too.
func (r *rig) finally(check func(*testing.T)) {
	r.mu.Lock()
	defer r.mu.Unlock()
	r.atEnd = append(r.atEnd, check)
}

// start deploys the stack, for as long as the test lasts, with what parameters add to it; e2e/startapi deploys it without.
func start(ctx context.Context, t *testing.T) *rig {
	t.Helper()
	s := deployed.New(ctx, t, "stack", "OutcomeEvents=all", "Tracing=Active", "AlarmTopicArn=arn:aws:sns:eu-central-1:000000000000:alarms")
	t.Cleanup(func() {
		if t.Failed() {
			t.Logf("The functions wrote:\n%s", s.Logs(context.WithoutCancel(ctx), t))
		}
	})
	r := &rig{
		Stack: s, apiFunction: s.Resource(ctx, t, "ApiFunction"), scheduleFunction: s.Resource(ctx, t, "ScheduleFunction"),
		exampleSchedule: s.Resource(ctx, t, "ExampleSchedule"), sqs: sqs.NewFromConfig(s.Config), schedules: scheduler.NewFromConfig(s.Config),
	}
	r.storeKey(t, firstKey)
	return r
}

// fields are those of a message's JSON.
type fields map[string]any

// text is a message with this id, which is what it says, too. more is added to it.
func text(id string, more fields) string {
	m := fields{
		"id": id, "channel": "whatsapp", "type": "text", "workspace": fields{"id": "W1"},
		"recipient": fields{"phoneNumber": "+15551234567"}, "textMessage": id,
	}
	for name, value := range more {
		m[name] = value
	}
	encoded, err := json.Marshal(m)
	if err != nil {
		panic(err)
	}
	return string(encoded)
}

// put puts a record on the send queue, as any producer does.
func (r *rig) put(t *testing.T, body string) {
	t.Helper()
	r.putOn(t, "Send", body)
}

// putOn puts a record on a queue, Send or Bulk, and returns what SQS calls it.
func (r *rig) putOn(t *testing.T, queue, body string) (messageID string) {
	t.Helper()
	in := &sqs.SendMessageInput{QueueUrl: aws.String(r.Output(t, queue+"QueueUrl")), MessageBody: aws.String(body)}
	put, err := r.sqs.SendMessage(t.Context(), in)
	if err != nil {
		t.Fatal(err)
	}
	return aws.ToString(put.MessageId)
}

// item is where the ledger has the message; its State is empty if it has none.
func (r *rig) item(t *testing.T, id string) delivery.Item {
	t.Helper()
	item, _, err := r.Ledger.Get(t.Context(), id, time.Now())
	if err != nil {
		t.Fatal(err)
	}
	return item
}

// comesToStand waits until the message is in the state, and returns the item.
func (r *rig) comesToStand(t *testing.T, id string, in delivery.State, within time.Duration) (item delivery.Item) {
	t.Helper()
	defer func() {
		if item.State != in {
			t.Logf("%s is %q (%s), after %+v", id, item.State, item.Reason, item.History)
		}
	}()
	deployed.Eventually(t, within, id+" is "+string(in), func() bool {
		item = r.item(t, id)
		return item.State == in
	})
	return item
}

// isHeld waits until the message is scheduled, and checks for when; and that DMLY has nothing of it.
func (r *rig) isHeld(t *testing.T, id string, until time.Time) {
	t.Helper()
	if got := r.comesToStand(t, id, delivery.Scheduled, takeTime); !got.NotBefore.Equal(until) {
		t.Errorf("%s is held until %v, want %v", id, got.NotBefore.UTC(), until.UTC())
	}
	if got := r.received(t, id); len(got) != 0 {
		t.Errorf("DMLY accepted %s already: %v", id, got[0].Time)
	}
}

// isSentAt waits until the message is sent, and checks that DMLY accepted it once, at the time and not before it.
func (r *rig) isSentAt(t *testing.T, id string, at time.Time) {
	t.Helper()
	item := r.comesToStand(t, id, delivery.Sent, max(time.Until(at), 0)+takeTime)
	got := r.received(t, id)
	if len(got) != 1 {
		t.Fatalf("DMLY accepted %s %d times, want once", id, len(got))
	}
	if got[0].Time.Before(at) || got[0].Time.After(at.Add(takeTime)) {
		t.Errorf("DMLY accepted %s at %v, want it at %v, after %+v", id, got[0].Time.UTC(), at.UTC(), item.History)
	}
	if item.DMLYID != got[0].ID {
		t.Errorf("the ledger has %s as DMLY's %q, want %q", id, item.DMLYID, got[0].ID)
	}
}

// received is what DMLY accepted of the message.
func (r *rig) received(t *testing.T, id string) (of []dmlytest.Message) {
	t.Helper()
	for _, m := range r.Sim.Messages() {
		if idOf(t, m) == id {
			of = append(of, m)
		}
	}
	return of
}

// idOf is the id of a message that DMLY accepted: it is what the message says, unless that is of a campaign or of a sample.
func idOf(t *testing.T, m dmlytest.Message) string {
	t.Helper()
	var body message.Message
	if err := json.Unmarshal(m.Body, &body); err != nil {
		t.Fatalf("what DMLY accepted is no JSON: %v", err)
	}
	if strings.HasPrefix(body.Workspace.ID, samplePrefix) {
		return body.Workspace.ID
	}
	if campaign, _, of := strings.Cut(body.TextMessage, greeting); of {
		return plan.ID(campaign, body)
	}
	return body.TextMessage
}
