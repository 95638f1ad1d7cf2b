package httpapi_test

import (
	"strings"
	"testing"
	"time"

	"dmlysender/shared/delivery"
	"dmlysender/shared/dmlytest"
	"dmlysender/shared/message"
)

const path = "/v1/messages"

func TestAPIAcceptsAMessageAndQueuesIt(t *testing.T) {
	t.Parallel()
	r := newRig(t)
	got := r.post(path, body(fields{"id": "order-1"}))
	r.want(got, 202, plainJSON)
	sameJSON(t, []byte(got.body), []byte(`{"id": "order-1", "state": "accepted"}`))
	if got := got.header.Get("Location"); got != "/v1/messages/order-1" {
		t.Errorf("Location: got %q", got)
	}
	r.wantState("order-1", delivery.Accepted)
	r.wantSent(0)
	r.wantQueued(r.bulk)
	queued := r.normal.all()
	if len(queued) != 1 || queued[0].ID != "order-1" || queued[0].Group != "W1" || queued[0].Delay != 0 {
		t.Fatalf("queued: got %+v, want order-1 of group W1 at once", queued)
	}
	sameJSON(t, queued[0].Body, []byte(body(fields{"id": "order-1"})))
	r.work(0)
	r.wantState("order-1", delivery.Sent)
	r.wantSent(1)
}

func TestAPIQueuesABulkMessageOnTheBulkQueue(t *testing.T) {
	t.Parallel()
	r := newRig(t)
	r.want(r.post(path, body(fields{"id": "order-1", "priority": "bulk"})), 202, plainJSON)
	r.wantQueued(r.normal)
	r.wantQueued(r.bulk, "order-1")
}

func TestAPIMakesAnIDForAMessageWithoutOne(t *testing.T) {
	t.Parallel()
	r := newRig(t)
	first, second := r.post(path, body(nil)), r.post(path, body(nil))
	r.want(first, 202, plainJSON)
	r.want(second, 202, plainJSON)
	if first.ID == second.ID || !message.ValidID(first.ID) || !message.ValidID(second.ID) {
		t.Errorf("got ids %q and %q, want two different ones", first.ID, second.ID)
	}
	if got := first.header.Get("Location"); got != "/v1/messages/"+first.ID {
		t.Errorf("Location: got %q", got)
	}
	r.work(0)
	r.wantSent(2)
	r.wantState(first.ID, delivery.Sent) // the record carries the id that was made
}

func TestAPIUsesTheStacksWorkspaceWhereAMessageNamesNone(t *testing.T) {
	t.Parallel()
	r := newRig(t)
	r.handler.Defaults = message.Defaults{Workspace: "W9"}
	r.want(r.post(path, body(fields{"workspace": nil})), 202, plainJSON)
	r.work(0) // the worker has no default: the workspace is in the record
	r.wantSent(1)
}

func TestAPIAcceptsARepeatAndSendsOnce(t *testing.T) {
	t.Parallel()
	r := newRig(t)
	for range 3 {
		got := r.post(path, body(fields{"id": "order-1"}))
		r.want(got, 202, plainJSON)
		if got.State != "accepted" {
			t.Errorf("state: got %q, want accepted", got.State)
		}
	}
	r.work(0)
	r.wantSent(1)
	before := len(r.normal.all())
	got := r.post(path, body(fields{"id": "order-1"}))
	r.want(got, 202, plainJSON)
	if got.State != "sent" || len(r.normal.all()) != before {
		t.Errorf("after it was sent: got state %q and %d more records, want sent and none", got.State, len(r.normal.all())-before)
	}
}

func TestAPITakesTheIDFromBodyOrHeader(t *testing.T) {
	t.Parallel()
	const name = "Idempotency-Key"
	for label, tt := range map[string]struct {
		inBody any
		header []string
		want   string // empty: refused
	}{
		"body":                 {"order-1", nil, "order-1"},
		"header, bare":         {nil, []string{"order-1"}, "order-1"},
		"header, quoted":       {nil, []string{`"order-1"`}, "order-1"},
		"both alike":           {"order-1", []string{"order-1"}, "order-1"},
		"both alike, quoted":   {"order-1", []string{`"order-1"`}, "order-1"},
		"both and different":   {"order-1", []string{"order-2"}, ""},
		"header is no id":      {nil, []string{"two words"}, ""},
		"header is half quote": {nil, []string{`"order-1`}, ""},
		"header is a quote":    {nil, []string{`"`}, ""},
		"header is too long":   {nil, []string{strings.Repeat("x", 256)}, ""},
		"two headers":          {nil, []string{"order-1", "order-2"}, ""},
		"two headers alike":    {nil, []string{"order-1", "order-1"}, ""},
		"header with a comma":  {nil, []string{"order-1,order-2"}, ""},
		"body and bad header":  {"order-1", []string{"two words"}, ""},
	} {
		t.Run(label, func(t *testing.T) {
			t.Parallel()
			r := newRig(t)
			got := r.post(path, body(fields{"id": tt.inBody}), header(name, tt.header...))
			if tt.want == "" {
				r.want(got, 422, problemJSON)
				if !strings.Contains(got.Detail, name) {
					t.Errorf("got %q, want a sentence about %s", got.Detail, name)
				}
				r.wantUntouched()
				return
			}
			r.want(got, 202, plainJSON)
			r.wantQueued(r.normal, tt.want)
			if got.ID != tt.want {
				t.Errorf("id: got %q, want %q", got.ID, tt.want)
			}
		})
	}
}

func TestAPIRefusesOtherContentUnderATakenID(t *testing.T) {
	t.Parallel()
	r := newRig(t)
	r.want(r.post(path, body(fields{"id": "order-1"})), 202, plainJSON)
	for _, again := range []string{"before it is sent", "after"} {
		got := r.post(path, body(fields{"id": "order-1", "textMessage": "Something else."}))
		r.want(got, 422, problemJSON)
		if !strings.Contains(got.Detail, "another message with this id") {
			t.Errorf("%s: got %q", again, got.Detail)
		}
		r.work(0)
	}
	r.wantQueued(r.normal, "order-1")
	r.wantSent(1)
}

func TestAPIAcceptsTheCorrectionOfARejectedMessage(t *testing.T) {
	t.Parallel()
	r := newRig(t)
	r.sim.Inject(dmlytest.Fault{Status: 400, Error: phone + " is unavailable"})
	r.want(r.post(path, body(fields{"id": "order-1"})), 202, plainJSON)
	r.work(0)
	r.wantState("order-1", delivery.Rejected)

	corrected := body(fields{"id": "order-1", "textMessage": "Corrected."})
	r.want(r.post(path, corrected), 202, plainJSON)
	r.work(time.Second)
	r.wantState("order-1", delivery.Sent)
	r.want(r.post(path, body(fields{"id": "order-1"})), 422, problemJSON) // once refused, it stays refused
	r.wantSent(1)
}

func TestAPIRefusesAMessageThatItCannotWriteDown(t *testing.T) {
	t.Parallel()
	r := newRig(t)
	r.ledger.fail(errDown)
	got := r.post(path, body(fields{"id": "order-1"}))
	r.want(got, 503, problemJSON)
	if strings.Contains(got.body, errDown.Error()) {
		t.Errorf("the caller is told the operator's cause: %s", got.body)
	}
	if !strings.Contains(r.logs.String(), errDown.Error()) {
		t.Errorf("the log does not say why:\n%s", r.logs)
	}
	r.wantQueued(r.normal)
	r.ledger.fail(nil)
	r.want(r.post(path, body(fields{"id": "order-1"})), 202, plainJSON)
	r.work(0)
	r.wantSent(1)
}

func TestAPIRefusesAMessageThatItCannotQueueAndARepeatQueuesIt(t *testing.T) {
	t.Parallel()
	r := newRig(t)
	r.normal.fail(errDown)
	got := r.post(path, body(fields{"id": "order-1"}))
	r.want(got, 503, problemJSON)
	if !strings.Contains(got.Detail, "the same id") {
		t.Errorf("got %q, want a sentence that says how to try again", got.Detail)
	}
	r.wantSent(0)
	r.normal.fail(nil)
	r.want(r.post(path, body(fields{"id": "order-1"})), 202, plainJSON)
	r.work(0)
	r.wantSent(1)
}
