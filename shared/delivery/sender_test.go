package delivery_test

import (
	"context"
	"errors"
	"strings"
	"sync"
	"testing"
	"time"

	"dmlysender/shared/delivery"
	"dmlysender/shared/message"
)

func TestAMessageIsClaimedBeforeItIsPosted(t *testing.T) {
	t.Parallel()
	w := newWorld(t)
	var atPost delivery.Item
	w.answer = func(context.Context, post) error {
		atPost = w.item("a")
		return nil
	}
	result := w.deliver(text(t, "a", "Hello", ""))
	if atPost.State != delivery.Sending || atPost.Owner == "" || !atPost.Lease.Equal(start.Add(27*time.Second)) {
		t.Errorf("at the post it stood as %+v", atPost)
	}
	if got := w.item("a"); !result.Done || got.State != delivery.Sent || got.DMLYID != "dmly-1" || got.DMLYStatus != "success" || got.Content != nil {
		t.Errorf("result %+v, item %+v", result, got)
	}
	if w.ledger.puts != 2 || w.ledger.gets != 0 {
		t.Errorf("%d writes and %d reads, want 2 and none", w.ledger.puts, w.ledger.gets)
	}
}

func TestARecordThatComesAgainSendsOnce(t *testing.T) {
	t.Parallel()
	w := newWorld(t)
	m := text(t, "a", "Hello", "")
	w.deliver(m)
	if again := w.deliver(m); !again.Done || again.Item.State != delivery.Sent {
		t.Errorf("the second time: %+v", again)
	}
	if n := len(w.posted()); n != 1 {
		t.Errorf("%d posts, want 1", n)
	}
}

func TestConcurrentWorkersWithOneRecordSendOnce(t *testing.T) {
	t.Parallel()
	w := newWorld(t)
	m := text(t, "a", "Hello", "")
	var wg sync.WaitGroup
	for range 32 {
		wg.Go(func() {
			if _, err := w.try(m); err != nil {
				t.Errorf("Deliver: %v", err)
			}
		})
	}
	wg.Wait()
	if n := len(w.posted()); n != 1 {
		t.Errorf("%d posts, want 1", n)
	}
}

func TestOutcomesLeadToTheirStates(t *testing.T) {
	t.Parallel()
	tests := map[string]struct {
		err      error
		state    delivery.State
		done     bool
		attempts int
		retryIn  time.Duration
		pause    time.Duration
		content  bool
	}{
		"sent":         {nil, delivery.Sent, true, 1, 0, 0, false},
		"rejected":     {errRejected, delivery.Rejected, true, 1, 0, 0, true},
		"unknown":      {errUnknown, delivery.Unknown, true, 1, 0, 0, true},
		"anything":     {errors.New("whatever"), delivery.Unknown, true, 1, 0, 0, true},
		"not sent":     {errNotSent, delivery.Waiting, false, 1, 4 * time.Second, 0, false},
		"rate limited": {errRateLimited, delivery.Waiting, false, 0, 40 * time.Second, 40 * time.Second, false},
		"key refused":  {errKeyRefused, delivery.Waiting, false, 0, time.Minute, time.Minute, false},
	}
	for name, tc := range tests {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			w := newWorld(t)
			w.answers(tc.err)
			result := w.deliver(text(t, "a", "Hello", ""))
			item := w.item("a")
			if item.State != tc.state || result.Done != tc.done || item.Attempts != tc.attempts || (item.Content != nil) != tc.content {
				t.Errorf("item %+v, done %v", item, result.Done)
			}
			if !tc.done && !result.RetryAt.Equal(start.Add(tc.retryIn)) {
				t.Errorf("comes back after %v, want %v", result.RetryAt.Sub(start), tc.retryIn)
			}
			// A pause is the account's: a message that only waits for it may go as soon as it ends.
			if want := start.Add(tc.retryIn - tc.pause); !tc.done && !item.NotBefore.Equal(want) {
				t.Errorf("not before %v, want %v", item.NotBefore.Sub(start), want.Sub(start))
			}
			if got := w.pacer.until["default"]; tc.pause > 0 && !got.Equal(start.Add(tc.pause)) || tc.pause == 0 && !got.IsZero() {
				t.Errorf("account paused until %v, want %v", got, tc.pause)
			}
			if tc.err != nil && item.Reason == "" {
				t.Error("no reason is recorded")
			}
		})
	}
}

func TestWhatIsProvenUnsentIsTriedAgainAndGivenUpInTheEnd(t *testing.T) {
	t.Parallel()
	w := newWorld(t)
	w.answers(errNotSent)
	result := w.until(text(t, "a", "Hello", ""))
	if n := len(w.posted()); n != 8 || result.Item.State != delivery.Failed || result.Item.Content == nil {
		t.Errorf("%d posts, then %s", n, result.Item.State)
	}
	if !strings.Contains(result.Item.Reason, "given up after 8 attempts") {
		t.Errorf("reason %q", result.Item.Reason)
	}
}

func TestWaitingForARefusedKeyOrTheRateUsesNoAttempt(t *testing.T) {
	t.Parallel()
	for name, err := range map[string]error{"key": errKeyRefused, "rate": errRateLimited} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			w := newWorld(t)
			m := text(t, "a", "Hello", "")
			w.answers(err)
			for range 30 {
				if result := w.deliver(m); result.Done {
					t.Fatalf("at rest as %s", result.Item.State)
				}
				w.clock.advance(20 * time.Minute)
			}
			w.answers(nil)
			if result := w.until(m); result.Item.State != delivery.Sent || result.Item.Attempts != 1 {
				t.Errorf("in the end %+v", result.Item)
			}
		})
	}
}

func TestARefusedKeyIsReadAnewAndTriedOnce(t *testing.T) {
	t.Parallel()
	w := newWorld(t)
	w.answer = func(_ context.Context, p post) error {
		if p.key == "key-1" {
			w.mu.Lock()
			w.secret = "key-2"
			w.mu.Unlock()
			return errKeyRefused
		}
		return nil
	}
	if result := w.deliver(text(t, "a", "Hello", "")); result.Item.State != delivery.Sent {
		t.Errorf("item %+v", result.Item)
	}
	if got := w.posted(); len(got) != 2 || got[1].key != "key-2" {
		t.Errorf("posts %v", got)
	}
}

func TestFallbackFollowsARejectionAndNothingElse(t *testing.T) {
	t.Parallel()
	fallback := `,"fallback":[{"channel":"whatsapp","type":"template","template":"a"},{"channel":"whatsapp","type":"template","template":"b"}]`
	tests := map[string]struct {
		answers []error
		posts   int
		state   delivery.State
		step    int
	}{
		"first is sent":      {[]error{nil}, 1, delivery.Sent, 0},
		"second is sent":     {[]error{errRejected, nil}, 2, delivery.Sent, 1},
		"all are rejected":   {[]error{errRejected}, 3, delivery.Rejected, 2},
		"unknown ends it":    {[]error{errRejected, errUnknown, nil}, 2, delivery.Unknown, 1},
		"not sent stays put": {[]error{errRejected, errNotSent, nil}, 3, delivery.Sent, 1},
	}
	for name, tc := range tests {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			w := newWorld(t)
			w.answers(tc.answers...)
			result := w.until(text(t, "a", "Hello", fallback))
			if n := len(w.posted()); n != tc.posts || result.Item.State != tc.state || result.Item.Step != tc.step {
				t.Errorf("%d posts, %s at step %d; want %d, %s, %d", n, result.Item.State, result.Item.Step, tc.posts, tc.state, tc.step)
			}
		})
	}
}

func TestAnUnknownMessageIsResentOnceIfItSaysSo(t *testing.T) {
	t.Parallel()
	w := newWorld(t)
	w.answers(errUnknown)
	m := text(t, "a", "Hello", `,"ifUnknown":"resend"`)
	first := w.deliver(m)
	if first.Done || first.RetryAt.Sub(start) < 30*time.Second {
		t.Errorf("after the first: %+v", first)
	}
	if result := w.until(m); result.Item.State != delivery.Unknown || len(w.posted()) != 2 {
		t.Errorf("%d posts, then %s", len(w.posted()), result.Item.State)
	}
}

func TestTimesAreJudgedAtTheMomentOfSending(t *testing.T) {
	t.Parallel()
	tests := map[string]struct {
		more  string
		state delivery.State // if it is scheduled, it comes back
		retry string
	}{
		"expired":                {`,"expiresAt":"2026-11-23T12:00:00Z"`, delivery.Expired, ""},
		"expires later":          {`,"expiresAt":"2026-11-23T12:00:01Z"`, delivery.Sent, ""},
		"not yet":                {`,"sendAt":"2026-11-23T13:10:00+01:00"`, delivery.Scheduled, "2026-11-23T12:10:00Z"},
		"too far ahead":          {`,"sendAt":"2027-11-24T12:00:01Z"`, delivery.Rejected, ""},
		"due":                    {`,"sendAt":"2026-11-23T13:00:00+01:00"`, delivery.Sent, ""},
		"outside its hours":      {`,"deliverWithin":{"from":"13:05","to":"20:00","timezone":"Europe/Berlin"}`, delivery.Scheduled, "2026-11-23T12:05:00Z"},
		"opens after it expires": {`,"expiresAt":"2026-11-23T12:30:00Z","deliverWithin":{"from":"14:00","to":"20:00","timezone":"Europe/Berlin"}`, delivery.Expired, ""},
	}
	for name, tc := range tests {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			w := newWorld(t)
			result := w.deliver(text(t, "a", "Hello", tc.more))
			if result.Item.State != tc.state || result.Done != (tc.state != delivery.Scheduled) {
				t.Errorf("result %+v, want %q", result, tc.state)
			}
			if tc.retry != "" && result.RetryAt.UTC().Format(time.RFC3339) != tc.retry {
				t.Errorf("comes back at %v, want %s", result.RetryAt, tc.retry)
			}
			if sent := len(w.posted()) == 1; sent != (tc.state == delivery.Sent) {
				t.Errorf("%d posts", len(w.posted()))
			}
		})
	}
}

func TestAnotherMessageUnderTheSameIDIsAConflict(t *testing.T) {
	t.Parallel()
	w := newWorld(t)
	w.deliver(text(t, "a", "Hello", ""))
	result := w.deliver(text(t, "a", "Goodbye", ""))
	if !result.Done || !result.Conflict || !strings.HasPrefix(result.Item.ID, "conflict:a:") || result.Item.State != delivery.Rejected || result.Item.Content == nil {
		t.Errorf("result %+v", result)
	}
	if again := w.deliver(text(t, "a", "Goodbye", "")); again.Item.ID != result.Item.ID || !again.Done {
		t.Errorf("the second time: %+v", again)
	}
	if got := w.item("a"); got.State != delivery.Sent || len(w.posted()) != 1 {
		t.Errorf("the first message stands as %s after %d posts", got.State, len(w.posted()))
	}
}

func TestACorrectionOfARejectedMessageIsANewGeneration(t *testing.T) {
	t.Parallel()
	w := newWorld(t)
	w.answers(errRejected, nil)
	w.deliver(text(t, "a", "Helo", ""))
	result := w.deliver(text(t, "a", "Hello", ""))
	if result.Item.State != delivery.Sent || result.Item.Generation != 2 || len(result.Item.History) != 4 {
		t.Errorf("the correction: %+v", result.Item)
	}
	if late := w.deliver(text(t, "a", "Helo", "")); !late.Conflict || len(w.posted()) != 2 {
		t.Errorf("content once refused came to %+v after %d posts", late, len(w.posted()))
	}
}

// A late redelivery of what was refused must not pass for the correction of its correction.
func TestContentOnceRefusedStaysRefused(t *testing.T) {
	t.Parallel()
	w := newWorld(t)
	w.answers(errRejected, errRejected, nil)
	w.deliver(text(t, "a", "Helo", ""))
	w.deliver(text(t, "a", "Hallo", ""))
	if late := w.deliver(text(t, "a", "Helo", "")); !late.Done || !late.Conflict || late.Item.ID != "a" || len(w.posted()) != 2 {
		t.Errorf("the first content, come again: %+v after %d posts", late, len(w.posted()))
	}
	if third := w.deliver(text(t, "a", "Hello", "")); third.Item.State != delivery.Sent || third.Item.Generation != 3 {
		t.Errorf("the second correction: %+v", third.Item)
	}
}

func TestNothingIsStartedThatCouldNotBeFinished(t *testing.T) {
	t.Parallel()
	w := newWorld(t)
	// The slot lies at the very end of what the deadline allows, so that the claim
	// is won and then found to be too late.
	w.sender.Pacer = &latePacer{w.pacer, w.clock, 26500 * time.Millisecond}
	result, err := w.try(text(t, "a", "Hello", ""))
	if err != nil || result.Done || len(w.posted()) != 0 {
		t.Fatalf("result %+v, %v, %d posts", result, err, len(w.posted()))
	}
	if got := w.item("a"); got.State != delivery.Waiting || got.Attempts != 0 {
		t.Errorf("the claim was not given back: %+v", got)
	}
}

type latePacer struct {
	*pacer
	clock *clock
	wait  time.Duration
}

func (p *latePacer) Reserve(context.Context, delivery.Account, delivery.Lane, int, time.Time) (delivery.Reservation, error) {
	return delivery.Reservation{Slots: []time.Time{p.clock.Now().Add(p.wait)}}, nil
}

func TestWithoutAKeyNothingIsClaimed(t *testing.T) {
	t.Parallel()
	w := newWorld(t)
	w.secret = `{"workspaces":{"W9":"key-9"}}`
	_, err := w.try(text(t, "a", "Hello", ""))
	if err == nil || !strings.Contains(err.Error(), `"W1"`) || w.ledger.puts != 0 {
		t.Errorf("err = %v after %d writes", err, w.ledger.puts)
	}
}

func TestLogsNameNeitherRecipientNorContentNorDMLYsWords(t *testing.T) {
	t.Parallel()
	w := newWorld(t)
	w.answers(errRejected, errUnknown, nil)
	for _, id := range []string{"a", "b", "c"} {
		w.deliver(text(t, id, "a secret word", ""))
	}
	w.deliver(text(t, "c", "another secret word", ""))
	if _, err := w.sender.Refuse(t.Context(), message.Message{ID: "d"}, []byte(`{"secret word`), &message.Error{Problems: []message.Problem{{Detail: "secret word"}}}); err != nil {
		t.Fatal(err)
	}
	logs := w.logs.String()
	if lines := strings.Count(logs, "\n"); lines != 5 {
		t.Errorf("%d lines for 5 outcomes:\n%s", lines, logs)
	}
	for _, secret := range []string{phone, phone[1:], "secret word", "no such contact", "key-1"} {
		if strings.Contains(logs, secret) {
			t.Errorf("%q is in the logs:\n%s", secret, logs)
		}
	}
}

func TestARefusedKeyIsLogged(t *testing.T) {
	t.Parallel()
	w := newWorld(t)
	w.answers(errKeyRefused)
	w.deliver(text(t, "a", "Hello", ""))
	if logs := w.logs.String(); strings.Count(logs, `"msg":"DMLY refused the API key","account":"default"`) != 1 {
		t.Errorf("logged:\n%s", logs)
	}
}

func TestRecipientsAreLoggedAsAKeyedHash(t *testing.T) {
	t.Parallel()
	recipients := map[string]bool{}
	for _, key := range []string{"key-1", "key-1", "key-2"} {
		w := newWorld(t)
		w.secret = key
		w.deliver(text(t, "a", "Hello", ""))
		_, rest, _ := strings.Cut(w.logs.String(), `"recipient":"`)
		hash, _, _ := strings.Cut(rest, `"`)
		if len(hash) != 16 {
			t.Errorf("the recipient is logged as %q", hash)
		}
		recipients[hash] = true
	}
	if len(recipients) != 2 {
		t.Errorf("one recipient has the hashes %v, want one for each key", recipients)
	}
}
