package delivery_test

import (
	"context"
	"fmt"
	"slices"
	"testing"
	"time"

	"dmlysender/shared/delivery"
)

// The times of a repeat are not those of the message that is under way.
func TestARepeatForAnotherDayDoesNotRejectWhatIsUnderWay(t *testing.T) {
	t.Parallel()
	w := newWorld(t)
	m := text(t, "a", "Hello", `,"ifUnknown":"resend"`)
	w.answers(errUnknown)
	w.deliver(m)
	w.clock.advance(time.Minute)
	if other := w.deliver(text(t, "a", "Hello", `,"sendAt":"2028-11-27T12:00:00Z"`)); other.Item.State != delivery.Unknown || len(w.posted()) != 2 {
		t.Errorf("the repeat made it %s after %d posts; it was to be sent once more by then", other.Item.State, len(w.posted()))
	}
	if result := w.until(m); result.Item.State != delivery.Unknown || result.Item.Generation != 1 || len(w.posted()) != 2 {
		t.Errorf("in the end %+v after %d posts", result.Item, len(w.posted()))
	}
}

func TestARecordThatIsTooFarAheadIsRejectedOnce(t *testing.T) {
	t.Parallel()
	w := newWorld(t)
	for range 5 {
		w.deliver(text(t, "a", "Hello", `,"sendAt":"2028-11-27T12:00:00Z"`))
	}
	if got := w.item("a"); got.State != delivery.Rejected || got.Generation != 1 || len(got.Refused) != 0 || len(got.History) != 1 {
		t.Errorf("it stands as %+v", got)
	}
}

func TestWhatWasTooFarAheadGoesOnceItIsNot(t *testing.T) {
	t.Parallel()
	w, q := newWorld(t), &shelf{}
	m := text(t, "a", "Hello", `,"sendAt":"2027-11-25T12:00:00Z"`)
	if first := w.deliver(m); first.Item.State != delivery.Rejected {
		t.Fatalf("first %+v", first.Item)
	}
	w.clock.advance(30 * time.Hour)
	w.sender.Scheduler = nil // the queue alone brings it back
	if result := accept(t, w, q, m); result.Done || len(q.records) != 1 {
		t.Fatalf("accepted as %+v, %d records", result, len(q.records))
	}
	w.clock.advance(367*24*time.Hour - 30*time.Hour)
	if got := w.come(q)[0]; got.Item.State != delivery.Sent || got.Item.Generation != 2 {
		t.Errorf("it came to %+v", got.Item)
	}
}

func TestTwoTimesThatAreTooFarAheadDoNotTakeTurns(t *testing.T) {
	t.Parallel()
	w := newWorld(t)
	for range 5 {
		w.deliver(text(t, "a", "Hello", `,"sendAt":"2028-11-27T12:00:00Z"`))
		w.deliver(text(t, "a", "Hello", `,"sendAt":"2028-11-28T12:00:00Z"`))
	}
	if got := w.item("a"); got.Generation != 2 {
		t.Errorf("it stands in generation %d", got.Generation)
	}
}

func TestAResendUsesUpAnAttemptLikeAnyOther(t *testing.T) {
	t.Parallel()
	w := newWorld(t)
	w.answers(errNotSent, errNotSent, errNotSent, errNotSent, errNotSent, errNotSent, errNotSent, errUnknown, nil)
	result := w.until(text(t, "a", "Hello", `,"ifUnknown":"resend"`))
	if n := len(w.posted()); n != 8 || result.Item.State != delivery.Unknown {
		t.Errorf("%d posts, then %s; want 8, unknown", n, result.Item.State)
	}
}

// The claim's answer may take its time.
func TestNothingIsPostedAfterItHasExpired(t *testing.T) {
	t.Parallel()
	w := newWorld(t)
	w.ledger.lose = func(i delivery.Item) error {
		if i.State == delivery.Sending {
			w.clock.advance(5 * time.Second)
		}
		return nil
	}
	m := text(t, "a", "Hello", `,"expiresAt":"2026-11-23T12:00:03Z"`)
	w.deliver(m)
	if result := w.until(m); result.Item.State != delivery.Expired || len(w.posted()) != 0 {
		t.Errorf("it rests as %s after %d posts", result.Item.State, len(w.posted()))
	}
}

// An account that waits for hours must not push out what happened before.
func TestWaitingForTheAccountLeavesTheHistoryShort(t *testing.T) {
	t.Parallel()
	w := newWorld(t)
	m := text(t, "a", "Hello", "")
	w.answers(errNotSent, errRateLimited)
	w.deliver(m)
	for range 30 {
		w.clock.advance(20 * time.Minute)
		w.deliver(m)
	}
	w.clock.advance(20 * time.Minute)
	w.answers(nil)
	w.until(m)
	var states []delivery.State
	for _, h := range w.item("a").History {
		states = append(states, h.State)
	}
	if want := []delivery.State{"sending", "waiting", "waiting", "sending", "sent"}; !slices.Equal(states, want) {
		t.Errorf("the history is %v, want %v", states, want)
	}
}

func TestRefusedContentsAreBounded(t *testing.T) {
	t.Parallel()
	w := newWorld(t)
	w.answers(errRejected)
	for i := range 120 {
		w.deliver(text(t, "a", fmt.Sprint("content ", i), ""))
	}
	if got := w.item("a"); len(got.Refused) != 100 || got.Generation != 120 {
		t.Errorf("%d contents are remembered in generation %d", len(got.Refused), got.Generation)
	}
}

func TestAMessageThatWasTooFarAheadIsMendedByAnotherTime(t *testing.T) {
	t.Parallel()
	w := newWorld(t)
	if first := w.deliver(text(t, "a", "Hello", `,"sendAt":"2028-11-23T12:00:00Z"`)); first.Item.State != delivery.Rejected || !first.Done {
		t.Fatalf("first %+v", first)
	}
	if second := w.deliver(text(t, "a", "Hello", `,"sendAt":"2026-11-23T12:00:00Z"`)); second.Item.State != delivery.Sent || second.Item.Generation != 2 {
		t.Errorf("second %+v", second.Item)
	}
}

func TestRetryAfterIsHonouredAndCapped(t *testing.T) {
	t.Parallel()
	asked := func(wait time.Duration, limited bool) error {
		e := *errNotSent
		e.RetryAfter, e.RateLimited = wait, limited
		return &e
	}
	for name, tc := range map[string]struct {
		err  error
		want time.Duration
	}{
		"503":               {asked(5*time.Minute, false), 5 * time.Minute},
		"503, far too long": {asked(time.Hour, false), 15 * time.Minute},
		"503, too short":    {asked(time.Second, false), 4 * time.Second}, // the back-off
		"429":               {asked(5*time.Minute, true), 5 * time.Minute},
		"429, far too long": {asked(time.Hour, true), 15 * time.Minute},
		"429, none":         {asked(0, true), 30 * time.Second},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			w := newWorld(t)
			w.answers(tc.err)
			if got := w.deliver(text(t, "a", "Hello", "")).RetryAt.Sub(start); got != tc.want {
				t.Errorf("comes back after %v, want %v", got, tc.want)
			}
		})
	}
}

func TestAFallbackHasAttemptsOfItsOwn(t *testing.T) {
	t.Parallel()
	w := newWorld(t)
	w.answers(errNotSent, errNotSent, errRejected, errNotSent)
	result := w.until(text(t, "a", "Hello", `,"fallback":[{"channel":"whatsapp","type":"template","template":"a"}]`))
	if n := len(w.posted()); n != 3+8 || result.Item.State != delivery.Failed {
		t.Errorf("%d posts, then %s; want 11, failed", n, result.Item.State)
	}
	if n := len(result.Item.History); n != 20 {
		t.Errorf("%d transitions are kept, want 20", n)
	}
}

func TestAnIDIsRememberedForThirtyDaysAfterTheLastOfItsTimes(t *testing.T) {
	t.Parallel()
	for more, want := range map[string]time.Time{
		"":                                    start.AddDate(0, 0, 30),
		`,"expiresAt":"2027-03-01T00:00:00Z"`: time.Date(2027, 3, 31, 0, 0, 0, 0, time.UTC),
	} {
		w := newWorld(t)
		w.deliver(text(t, "a", "Hello", more))
		if got := w.item("a").ForgetAt; !got.Equal(want) {
			t.Errorf("%s: remembered until %v, want %v", more, got, want)
		}
	}
}

func TestAPostIsGivenAtMostTwentySeconds(t *testing.T) {
	t.Parallel()
	w := newWorld(t)
	w.answer = func(ctx context.Context, _ post) error {
		if end, ok := ctx.Deadline(); !ok || time.Until(end) > 20*time.Second {
			t.Errorf("it may take until %v", end)
		}
		return nil
	}
	w.deliver(text(t, "a", "Hello", ""))
}
