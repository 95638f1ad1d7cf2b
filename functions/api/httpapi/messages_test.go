package httpapi_test

import (
	"strings"
	"testing"
	"time"

	"dmlysender/functions/internal/handlertest"
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
	handlertest.SameJSON(t, []byte(got.body), []byte(`{"id": "order-1", "state": "accepted"}`))
	if got := got.header.Get("Location"); got != "/v1/messages/order-1" {
		t.Errorf("Location: got %q", got)
	}
	r.WantState("order-1", delivery.Accepted)
	r.WantSent(0)
	r.bulk.WantEnqueued(t)
	queued := r.normal.Enqueued()
	if len(queued) != 1 || queued[0].ID != "order-1" || queued[0].Group != "W1" || queued[0].Delay != 0 {
		t.Fatalf("queued: got %+v, want order-1 of group W1 at once", queued)
	}
	handlertest.SameJSON(t, queued[0].Body, []byte(body(fields{"id": "order-1"})))
	r.work(0)
	r.WantState("order-1", delivery.Sent)
	r.WantSent(1)
}

func TestAPIQueuesABulkMessageOnTheBulkQueue(t *testing.T) {
	t.Parallel()
	r := newRig(t)
	r.want(r.post(path, body(fields{"id": "order-1", "priority": "bulk"})), 202, plainJSON)
	r.normal.WantEnqueued(t)
	r.bulk.WantEnqueued(t, "order-1")
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
	r.WantSent(2)
	r.WantState(first.ID, delivery.Sent) // the record carries the id that was made
}

func TestAPIUsesTheStacksWorkspaceWhereAMessageNamesNone(t *testing.T) {
	t.Parallel()
	r := newRig(t)
	r.handler.Defaults = message.Defaults{Workspace: "W9"}
	r.want(r.post(path, body(fields{"workspace": nil})), 202, plainJSON)
	r.work(0) // the worker has no default: the workspace is in the record
	r.WantSent(1)
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
	r.WantSent(1)
	before := len(r.normal.Enqueued())
	got := r.post(path, body(fields{"id": "order-1"}))
	r.want(got, 202, plainJSON)
	if got.State != "sent" || len(r.normal.Enqueued()) != before {
		t.Errorf("after it was sent: got state %q and %d more records, want sent and none", got.State, len(r.normal.Enqueued())-before)
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
			r.normal.WantEnqueued(t, tt.want)
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
	r.normal.WantEnqueued(t, "order-1")
	r.WantSent(1)
}

func TestAPIAcceptsTheCorrectionOfARejectedMessage(t *testing.T) {
	t.Parallel()
	r := newRig(t)
	r.Sim.Inject(dmlytest.Fault{Status: 400, Error: phone + " is unavailable"})
	r.want(r.post(path, body(fields{"id": "order-1"})), 202, plainJSON)
	r.work(0)
	r.WantState("order-1", delivery.Rejected)

	corrected := body(fields{"id": "order-1", "textMessage": "Corrected."})
	r.want(r.post(path, corrected), 202, plainJSON)
	if got := status(t, r.get("/v1/messages/order-1")); got.State != delivery.Accepted || got.Generation != 2 || got.Content != nil {
		t.Errorf("it can be read at once: got %+v", got)
	}
	r.work(time.Second)
	r.WantState("order-1", delivery.Sent)
	r.want(r.post(path, body(fields{"id": "order-1"})), 422, problemJSON) // once refused, it stays refused
	r.WantSent(1)
}

func TestAPIRefusesAMessageThatItCannotWriteDown(t *testing.T) {
	t.Parallel()
	r := newRig(t)
	r.Ledger.Fail(errDown)
	got := r.post(path, body(fields{"id": "order-1"}))
	r.want(got, 503, problemJSON)
	if strings.Contains(got.body, errDown.Error()) {
		t.Errorf("the caller is told the operator's cause: %s", got.body)
	}
	if !strings.Contains(r.Logs.String(), errDown.Error()) {
		t.Errorf("the log does not say why:\n%s", r.Logs)
	}
	r.normal.WantEnqueued(t)
	r.Ledger.Fail(nil)
	r.want(r.post(path, body(fields{"id": "order-1"})), 202, plainJSON)
	r.work(0)
	r.WantSent(1)
}

func TestAPIRefusesAMessageThatItCannotQueueAndARepeatQueuesIt(t *testing.T) {
	t.Parallel()
	r := newRig(t)
	r.normal.Fail(errDown)
	got := r.post(path, body(fields{"id": "order-1"}))
	r.want(got, 503, problemJSON)
	if !strings.Contains(got.Detail, "send it again with the Idempotency-Key order-1") || got.ID != "order-1" {
		t.Errorf("got %q, want a sentence that says how to try again", got.Detail)
	}
	r.WantSent(0)
	r.normal.Fail(nil)
	r.want(r.post(path, body(fields{"id": "order-1"})), 202, plainJSON)
	r.work(0)
	r.WantSent(1)
}

func TestAPIRefusesWhatCouldNotGoInTime(t *testing.T) {
	t.Parallel()
	r := newRig(t)
	past := fields{"id": "order-1", "expiresAt": "2026-02-18T10:30:00Z"}
	for _, wait := range []string{"", "wait=5"} {
		got := r.post(path, body(past), header("Prefer", wait))
		r.want(got, 422, problemJSON)
		if len(got.Pointers) != 1 || got.Pointers[0] != "/expiresAt" {
			t.Errorf("got %s", got.body)
		}
	}
	r.wantUntouched()
	// What was accepted in time is answered when it is repeated.
	soon := body(fields{"id": "order-1", "expiresAt": time.Now().Add(time.Hour).Format(time.RFC3339)})
	r.want(r.post(path, soon), 202, plainJSON)
	r.work(0)
	if got := r.post(path, body(past)); got.code != 202 || got.State != "sent" {
		t.Errorf("got HTTP %d: %s", got.code, got.body)
	}
}

func TestAPITellsTheIDOfAMessageOfWhichItIsNotKnownWhetherItWasTaken(t *testing.T) {
	t.Parallel()
	for path, content := range map[string]string{path: body(nil), sendText: request(nil)} {
		r := newRig(t)
		r.normal.Fail(errDown)
		got := r.post(path, content)
		said := got.Detail + got.Error
		id := said[strings.LastIndexByte(said, ' ')+1:]
		if got.code != 503 || !message.ValidID(id) {
			t.Fatalf("got HTTP %d: %s", got.code, got.body)
		}
		r.normal.Fail(nil)
		for range 2 {
			if got := r.post(path, content, header("Idempotency-Key", id)); got.code/100 != 2 {
				t.Errorf("got HTTP %d: %s", got.code, got.body)
			}
		}
		r.work(time.Minute)
		r.WantSent(1)
	}
}

func TestAPITakesNoCompressedBody(t *testing.T) {
	t.Parallel()
	r := newRig(t)
	got := r.post(path, body(nil), header("Content-Encoding", "gzip"))
	if r.want(got, 415, problemJSON); !strings.Contains(got.Detail, "Content-Encoding") {
		t.Errorf("got %s", got.body)
	}
	r.want(r.post(path, body(nil), header("Content-Encoding", "identity")), 202, plainJSON)
}
