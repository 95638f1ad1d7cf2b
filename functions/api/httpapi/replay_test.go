package httpapi_test

import (
	"strings"
	"testing"
	"time"

	"dmlysender/functions/internal/handlertest"
	"dmlysender/shared/apikey"
	"dmlysender/shared/dmly"
)

func TestAPIAnswersARepeatFromTheLedgerEvenWhileTheAccountIsPaused(t *testing.T) {
	t.Parallel()
	r := newRig(t)
	key := header("Idempotency-Key", "order-1")
	first := r.post(sendText, bodies[dmly.OpWhatsAppText], key)
	r.want(first, 200, plainJSON)
	if err := r.handler.Sender.Pacer.Delay(t.Context(), apikey.DefaultAccount, time.Now().Add(time.Hour)); err != nil {
		t.Fatal(err)
	}
	queued := r.normal.Len()
	again := r.post(sendText, bodies[dmly.OpWhatsAppText], key)
	r.want(again, 200, plainJSON)
	handlertest.SameJSON(t, []byte(again.body), []byte(first.body))
	if got := r.normal.Len(); got != queued {
		t.Errorf("records queued for a repeat: got %d, want none", got-queued)
	}
	r.WantSent(1)
}

func TestAPIWritesNothingForOtherContentUnderAKnownKey(t *testing.T) {
	t.Parallel()
	r := newRig(t)
	key := header("Idempotency-Key", "order-1")
	r.want(r.post(sendText, bodies[dmly.OpWhatsAppText], key), 200, plainJSON)
	writes, queued := r.Ledger.Puts(), r.normal.Len()
	other := strings.Replace(bodies[dmly.OpWhatsAppText], `"textMessage"`, `"extra": 1, "textMessage"`, 1)
	r.want(r.post(sendText, other, key), 422, plainJSON)
	if r.Ledger.Puts() != writes || r.normal.Len() != queued {
		t.Errorf("a conflict made %d writes and %d records, want none", r.Ledger.Puts()-writes, r.normal.Len()-queued)
	}
}

func TestAPIRefusesASendAtThatCannotBeWaitedFor(t *testing.T) {
	t.Parallel()
	r := newRig(t)
	got := r.post(path, body(fields{"sendAt": "2200-01-01T00:00:00Z"}))
	r.want(got, 422, problemJSON)
	if len(got.Pointers) != 1 || got.Pointers[0] != "/sendAt" {
		t.Errorf("pointers: got %q, want /sendAt", got.Pointers)
	}
	r.wantUntouched()
}
