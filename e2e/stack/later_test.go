//go:build e2e

package stack_test

import (
	"net/http"
	"slices"
	"testing"
	"time"

	"dmlysender/e2e/deployed"
	"dmlysender/shared/delivery"
)

// in is a time so far ahead, as a message says it, and as it is.
func in(d time.Duration) (said string, at time.Time) {
	at = time.Now().Add(d).Truncate(time.Second)
	// In a zone of its own, as users write it.
	return at.In(time.FixedZone("", int(time.Hour.Seconds()))).Format(time.RFC3339), at
}

func (r *rig) sendsSoon(t *testing.T) {
	t.Parallel()
	queuedFor, queuedAt := in(60 * time.Second)
	r.put(t, text("soon-queued", fields{"sendAt": queuedFor}))
	postedFor, postedAt := in(40 * time.Second)
	if got := r.isAccepted(t, text("soon-posted", fields{"sendAt": postedFor})); got.State != delivery.Scheduled || !got.EstimatedSendAt.Equal(postedAt) {
		t.Errorf("its receipt says %s, for %v, want scheduled, for %v", got.State, got.EstimatedSendAt, postedAt)
	}
	r.isHeld(t, "soon-posted", postedAt)
	r.isHeld(t, "soon-queued", queuedAt)
	if got := r.read(t, "soon-queued"); got.State != delivery.Scheduled || !got.NextAttemptAt.Equal(queuedAt) {
		t.Errorf("the api has it as %s until %v, want scheduled until %v", got.State, got.NextAttemptAt, queuedAt)
	}
	r.isNotScheduled(t, "soon-posted") // the queue itself holds what is due within 15 minutes
	r.isNotScheduled(t, "soon-queued")
	r.isSentAt(t, "soon-posted", postedAt)
	r.isSentAt(t, "soon-queued", queuedAt)
	r.wasIn(t, "soon-posted", delivery.Scheduled, delivery.Sending, delivery.Sent)
	r.wasIn(t, "soon-queued", delivery.Scheduled, delivery.Sending, delivery.Sent)
}

func (r *rig) schedulesLater(t *testing.T) {
	t.Parallel()
	queuedFor, queuedAt := in(time.Hour)
	r.put(t, text("later-queued", fields{"sendAt": queuedFor}))
	postedFor, postedAt := in(300 * 24 * time.Hour)
	r.isAccepted(t, text("later-posted", fields{"sendAt": postedFor}))
	r.isAccepted(t, text("later-bulk", fields{"sendAt": postedFor, "priority": "bulk"}))
	for _, m := range []struct {
		id, queue string
		at        time.Time
	}{{"later-queued", "Send", queuedAt}, {"later-posted", "Send", postedAt}, {"later-bulk", "Bulk", postedAt}} {
		r.isHeld(t, m.id, m.at)
		r.isScheduled(t, m.id, m.queue, m.at)
		r.request(t, http.MethodDelete, "/v1/messages/"+m.id, "", http.StatusOK, nil)
		r.isNotScheduled(t, m.id)
		r.wasIn(t, m.id, delivery.Scheduled, delivery.Cancelled)
	}
}

// A schedule can fire before its message may go, if the message was moved: then the record is held again. And it is the record that brings a message
// whose move was written down, when the process ended before it had queued another.
func (r *rig) schedulesAnew(t *testing.T) {
	t.Parallel()
	sendAt, at := in(time.Hour)
	r.put(t, text("early", fields{"sendAt": sendAt}))
	r.fire(t, r.isScheduled(t, "early", "Send", at))
	again := r.isScheduled(t, "early", "Send", at)
	r.isHeld(t, "early", at)

	moved := r.item(t, "early")
	over := moved.Revision
	moved.NotBefore, moved.Revision = time.Now().Truncate(time.Millisecond), "moved"
	if _, ok, err := r.Ledger.Put(t.Context(), moved, over, time.Now()); !ok || err != nil {
		t.Fatalf("move it in the ledger alone: %v, %v", ok, err)
	}
	r.fire(t, again)
	r.isSentAt(t, "early", moved.NotBefore)
	r.isNotScheduled(t, "early")
}

func (r *rig) moves(t *testing.T) {
	t.Parallel()
	sendAt, before := in(200 * 24 * time.Hour)
	r.isAccepted(t, text("moved", fields{"sendAt": sendAt}))
	held := r.isScheduled(t, "moved", "Send", before)
	r.isHeld(t, "moved", before)

	to, at := in(0)
	var said status
	r.request(t, http.MethodPatch, "/v1/messages/moved", `{"sendAt": "`+to+`"}`, http.StatusOK, &said)
	if said.State != delivery.Scheduled {
		t.Errorf("moved: got %s, want scheduled", said.State)
	}
	r.isSentAt(t, "moved", at)
	r.wasIn(t, "moved", delivery.Scheduled, delivery.Scheduled, delivery.Sending, delivery.Sent)
	r.request(t, http.MethodPatch, "/v1/messages/moved", `{"sendAt": "`+to+`"}`, http.StatusConflict, nil)

	r.fire(t, held) // the schedule of the time before stands, and finds it sent
}

func (r *rig) cancels(t *testing.T) {
	t.Parallel()
	queuedFor, queuedAt := in(40 * time.Second)
	r.put(t, text("cancelled-queued", fields{"sendAt": queuedFor}))
	postedFor, postedAt := in(40 * time.Second)
	r.isAccepted(t, text("cancelled-posted", fields{"sendAt": postedFor}))
	for id, at := range map[string]time.Time{"cancelled-queued": queuedAt, "cancelled-posted": postedAt} {
		r.isHeld(t, id, at)
		for range 2 { // repeating it is harmless
			r.request(t, http.MethodDelete, "/v1/messages/"+id, "", http.StatusOK, nil)
		}
		r.wasIn(t, id, delivery.Scheduled, delivery.Cancelled)
	}
	r.request(t, http.MethodPatch, "/v1/messages/cancelled-posted", `{"sendAt": "`+postedFor+`"}`, http.StatusConflict, nil)
}

func (r *rig) cancelsUnder(t *testing.T) {
	t.Parallel()
	soon, soonAt := in(40 * time.Second)
	later, laterAt := in(100 * 24 * time.Hour)
	r.put(t, text("under-queued", fields{"sendAt": later, "cancelKey": "order-42"}))
	r.isAccepted(t, text("under-posted", fields{"sendAt": soon, "cancelKey": "order-42"}))
	r.isAccepted(t, text("under-another", fields{"sendAt": soon, "cancelKey": "order-43"}))
	r.isAccepted(t, text("under-sent", fields{"cancelKey": "order-42"}))
	r.isHeld(t, "under-posted", soonAt)
	r.isHeld(t, "under-queued", laterAt)
	r.isScheduled(t, "under-queued", "Send", laterAt)
	r.comesToStand(t, "under-sent", delivery.Sent, takeTime)

	for _, want := range [][]string{{"under-posted", "under-queued"}, {}} { // those at rest are left out
		var said struct {
			Cancelled    []string
			NotCancelled []any
			Next         string
		}
		r.request(t, http.MethodDelete, "/v1/messages?cancelKey=order-42", "", http.StatusOK, &said)
		if !slices.Equal(said.Cancelled, want) || len(said.NotCancelled) != 0 || said.Next != "" {
			t.Errorf("cancelled: got %+v, want %v and nothing else", said, want)
		}
	}
	r.isNotScheduled(t, "under-queued")
	r.wasIn(t, "under-posted", delivery.Scheduled, delivery.Cancelled)
	r.wasIn(t, "under-queued", delivery.Scheduled, delivery.Cancelled)
	r.isSentAt(t, "under-another", soonAt)
}

// hours are those of a day, as a message says them, from a minute on for an hour.
func hours(from time.Time) fields {
	const form = "15:04"
	return fields{"from": from.UTC().Format(form), "to": from.Add(time.Hour).UTC().Format(form), "timezone": "UTC"}
}

func (r *rig) waitsForItsHours(t *testing.T) {
	t.Parallel()
	opens := time.Now().Add(90 * time.Second).Truncate(time.Minute) // in half a minute to one and a half
	r.put(t, text("hours-queued", fields{"deliverWithin": hours(opens)}))
	r.isAccepted(t, text("hours-posted", fields{"deliverWithin": hours(opens), "expiresAt": opens.Add(time.Hour).Format(time.RFC3339)}))
	for _, id := range []string{"hours-queued", "hours-posted"} {
		r.isHeld(t, id, opens)
	}
	for _, id := range []string{"hours-queued", "hours-posted"} {
		r.isSentAt(t, id, opens)
		r.wasIn(t, id, delivery.Scheduled, delivery.Sending, delivery.Sent)
	}
}

func (r *rig) expires(t *testing.T) {
	t.Parallel()
	opens := time.Now().Add(3 * time.Hour)
	expiresAt, _ := in(2 * time.Hour)
	tooLate := fields{"deliverWithin": hours(opens), "expiresAt": expiresAt}
	r.put(t, text("expired", tooLate))
	r.comesToStand(t, "expired", delivery.Expired, takeTime)
	r.isNotScheduled(t, "expired")
	r.wasIn(t, "expired", delivery.Expired)
	// Whoever calls the api is told at once.
	r.request(t, http.MethodPost, "/v1/messages", text("expired-posted", tooLate), http.StatusUnprocessableEntity, nil)
}

// isAtRest waits until nothing is on a queue any more, and checks that nothing is scheduled nor dead, and that DMLY accepted each message once, and
// none but those that the ledger has as sent; or as unknown, if DMLY has not answered.
func (r *rig) isAtRest(t *testing.T) {
	for _, queue := range []string{"SendQueueUrl", "BulkQueueUrl"} {
		deployed.Eventually(t, time.Minute, "the queue of "+queue+" is empty", func() bool { return r.Queued(t.Context(), t, r.Output(t, queue)) == 0 })
	}
	for _, queue := range []string{"SendDeadLetterQueueUrl", "BulkDeadLetterQueueUrl", "ScheduleDeadLetterQueueUrl"} {
		if n := r.Queued(t.Context(), t, r.Output(t, queue)); n != 0 {
			t.Errorf("%d records came to the queue of %s, want none", n, queue)
		}
	}
	for _, s := range r.schedulesNow(t) {
		t.Errorf("%s is still scheduled", idIn(t, s))
	}
	times, want := map[string]int{}, map[string]delivery.State{}
	for _, m := range r.Sim.Messages() {
		id := idOf(t, m)
		times[id]++
		want[id] = delivery.Sent
		if m.Fault != nil && m.Fault.Cut != "" {
			want[id] = delivery.Unknown
		}
	}
	for id, n := range times {
		if got := r.item(t, id).State; n != 1 || got != want[id] {
			t.Errorf("DMLY accepted %s %d times, and the ledger has it as %q, want once and %s", id, n, got, want[id])
		}
	}
	for _, check := range r.atEnd {
		check(t)
	}
}
