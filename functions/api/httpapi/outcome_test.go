package httpapi_test

import (
	"strings"
	"testing"
	"time"

	"dmlysender/functions/internal/handlertest"
	"dmlysender/shared/apikey"
	"dmlysender/shared/delivery"
	"dmlysender/shared/dmlytest"
)

func TestAPITellsDMLYsCallersWhatBecameOfTheirMessage(t *testing.T) {
	t.Parallel()
	for name, tt := range map[string]struct {
		fault    dmlytest.Fault
		code     int
		status   string
		says     string // in the answer's error
		accepted int
	}{
		"400":               {dmlytest.Fault{Status: 400, Error: "template <a> & <b> not approved"}, 400, "rejected", "template <a> & <b> not approved", 0},
		"404":               {dmlytest.Fault{Status: 404, Error: "no such contact"}, 400, "rejected", "no such contact", 0},
		"422":               {dmlytest.Fault{Status: 422, Error: "no such template"}, 400, "rejected", "no such template", 0},
		"200 with an error": {dmlytest.Fault{Error: "channel disconnected"}, 400, "rejected", "channel disconnected", 0},
		"401":               {dmlytest.Fault{Status: 401}, 202, "waiting", "", 0},
		"403":               {dmlytest.Fault{Status: 403}, 202, "waiting", "", 0},
		"429":               {dmlytest.Fault{Status: 429, RetryAfter: "60"}, 202, "waiting", "", 0},
		"503 with a hint":   {dmlytest.Fault{Status: 503, RetryAfter: "30"}, 202, "waiting", "", 0},
		"503 without":       {dmlytest.Fault{Status: 503}, 202, "unknown", "", 0},
		"500":               {dmlytest.Fault{Status: 500, Accept: new(true)}, 202, "unknown", "", 1},
		"cut after":         {dmlytest.Fault{Cut: dmlytest.CutAfter}, 202, "unknown", "", 1},
		"cut in the answer": {dmlytest.Fault{Cut: dmlytest.CutAnswer}, 202, "unknown", "", 1},
		"unreadable":        {dmlytest.Fault{Unreadable: true}, 202, "unknown", "", 1},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			r := newRig(t)
			r.Sim.Inject(tt.fault)
			key := header("Idempotency-Key", "order-1")
			repeats := 2 // what is at rest stays there, and a repeat is told the same
			if tt.status == "waiting" {
				repeats = 1
			}
			for range repeats {
				got := r.post(sendText, request(nil), key)
				r.want(got, tt.code, plainJSON)
				if got.Status != tt.status || !strings.Contains(got.body, tt.says) || (tt.says == "") != (got.Error == "") {
					t.Errorf("got status %q and error %q, want %q and %q", got.Status, got.Error, tt.status, tt.says)
				}
				if tt.code == 202 && got.ID != "order-1" {
					t.Errorf("id: got %q, want ours, because DMLY gave none", got.ID)
				}
				r.WantSent(tt.accepted)
			}
			r.WantState("order-1", delivery.State(tt.status))
		})
	}
}

func TestAPISendsWaitingMessagesLaterWithoutTheCaller(t *testing.T) {
	t.Parallel()
	for name, fault := range map[string]dmlytest.Fault{
		"429": {Status: 429, RetryAfter: "60"},
		"503": {Status: 503, RetryAfter: "30"},
		"401": {Status: 401},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			r := newRig(t)
			r.Sim.Inject(fault)
			r.want(r.post(sendText, request(nil), header("Idempotency-Key", "order-1")), 202, plainJSON)
			r.work(2 * time.Minute)
			r.WantSent(1)
			r.handler.Sender.Pacer = handlertest.NewPacer(t, 1_000_000, delivery.SystemClock{}) // the pause is over here too
			got := r.post(sendText, request(nil), header("Idempotency-Key", "order-1"))
			r.want(got, 200, plainJSON)
			if got.ID != r.Sim.Messages()[0].ID || got.Status != "sent" {
				t.Errorf("asked again: got %s, want DMLY's id and status", got.body)
			}
		})
	}
}

func TestAPINeverSendsAnUnknownMessageAgain(t *testing.T) {
	t.Parallel()
	r := newRig(t)
	r.Sim.Inject(dmlytest.Fault{Cut: dmlytest.CutAfter})
	key := header("Idempotency-Key", "order-1")
	r.want(r.post(sendText, request(nil), key), 202, plainJSON)
	r.work(time.Hour)
	r.want(r.post("/api"+sendText, request(nil), key), 202, plainJSON)
	r.work(time.Hour)
	if got := r.Poster.Posts(); got != 1 {
		t.Errorf("posts: got %d, want 1", got)
	}
	r.WantState("order-1", delivery.Unknown)
}

func TestAPISendsTheCorrectionOfARejectedRequest(t *testing.T) {
	t.Parallel()
	r := newRig(t)
	r.Sim.Inject(dmlytest.Fault{Status: 400, Error: "no"})
	key := header("Idempotency-Key", "order-1")
	r.want(r.post(sendText, request(nil), key), 400, plainJSON)
	r.want(r.post(sendText, request(fields{"textMessage": "Corrected."}), key), 200, plainJSON)
	r.want(r.post(sendText, request(nil), key), 422, plainJSON) // once refused, it stays refused
	r.WantSent(1)
}

func TestAPIAnswersThatItHasAMessageWhichTheRateHoldsBack(t *testing.T) {
	t.Parallel()
	r := newRig(t)
	r.handler.Sender.Pacer = handlertest.NewPacer(t, 1, delivery.SystemClock{}) // one now, the next in a minute
	r.want(r.post(sendText, request(nil)), 200, plainJSON)
	got := r.post(sendText, request(nil), header("Idempotency-Key", "order-2"))
	r.want(got, 202, plainJSON)
	handlertest.SameJSON(t, []byte(got.body), []byte(`{"id": "order-2", "status": "accepted", "error": ""}`))
	r.WantSent(1)
	if got := status(t, r.get(got.header.Get("Location"))); got.State != delivery.Accepted {
		t.Errorf("it can be read at once: got %+v", got)
	}
	r.work(0) // and it does not wait for its recheck
	r.WantState("order-2", delivery.Sent)
	r.work(time.Minute)
	r.WantSent(2)
}

// What was rejected is not the answer to its correction, which the queue has.
func TestAPIAnswersThatItHasACorrectionWhichItCannotSendAtOnce(t *testing.T) {
	t.Parallel()
	for name, hinder := range map[string]func(*rig) error{
		"the account waits": func(r *rig) error {
			return r.handler.Sender.Pacer.Delay(r.t.Context(), apikey.DefaultAccount, time.Now().Add(30*time.Second))
		},
		"the ledger is down": func(r *rig) error {
			r.Ledger.Fail(errDown)
			return nil
		},
	} {
		for path, bodyOf := range map[string]func(fields) string{path: body, sendText: request} {
			t.Run(name+" "+path, func(t *testing.T) {
				t.Parallel()
				r := newRig(t)
				r.Sim.Inject(dmlytest.Fault{Status: 400, Error: "no"})
				key, wait := header("Idempotency-Key", "order-1"), header("Prefer", "wait=1")
				r.post(path, bodyOf(nil), key, wait)
				r.WantState("order-1", delivery.Rejected)
				if err := hinder(r); err != nil {
					t.Fatal(err)
				}
				got := r.post(path, bodyOf(fields{"textMessage": "mended"}), key, wait)
				r.want(got, 202, plainJSON)
				if got.State+got.Status != string(delivery.Accepted) {
					t.Errorf("got %s, want accepted", got.body)
				}
				r.Ledger.Fail(nil)
				r.work(time.Minute)
				r.WantSent(1)
			})
		}
	}
}
