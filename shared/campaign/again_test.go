package campaign_test

import (
	"strings"
	"testing"
	"time"

	"dmlysender/shared/campaign"
	"dmlysender/shared/delivery"
)

func TestRunningItAgainSendsOnlyWhatIsMissing(t *testing.T) {
	t.Parallel()
	w := newWorld(t)
	w.answer = func(to string) error {
		if to == number(2) {
			return errRejected
		}
		return nil
	}
	w.begin(10, "")
	w.sums(w.until(campaign.Complete), map[delivery.State]int{delivery.Sent: 9, delivery.Rejected: 1})

	// Somebody is new, one is gone, and nothing is mended.
	w.answer = nil
	w.files.put("audiences/spring.csv", strings.Replace(csv(12), number(5)+",Name 5\n", "", 1))
	if status := w.start(definition(t, "")); status.Run != 2 {
		t.Errorf("run %d", status.Run)
	}
	w.sums(w.until(campaign.Complete), map[delivery.State]int{delivery.Sent: 10, delivery.Rejected: 1})
	for n, want := range map[int]int{2: 1, 3: 1, 5: 1, 10: 1, 11: 1} {
		if got := w.posted[number(n)]; got != want {
			t.Errorf("%d was sent to %d times, want %d", n, got, want)
		}
	}

	// The text is another one: who was rejected gets that, and nobody else.
	d := definition(t, "")
	d.Message = []byte(strings.Replace(string(d.Message), "Hello", "Good day", 1))
	w.start(d)
	w.sums(w.until(campaign.Complete), map[delivery.State]int{delivery.Sent: 11})
	if w.posted[number(2)] != 2 || w.posted[number(3)] != 1 || len(w.posted) != 12 {
		t.Errorf("sent to %v", w.posted)
	}
}

// Rows that need nothing take none of the room on the queue.
func TestRunningALargeCampaignAgainIsSoonDone(t *testing.T) {
	t.Parallel()
	w := newWorld(t)
	w.service.AccountPerMinute = 10_000
	w.files.put("audiences/spring.csv", csv(3000))
	w.start(definition(t, ""))
	w.tick()
	for w.queued() > 0 {
		w.send(1000)
	}
	w.until(campaign.Complete)
	w.service.AccountPerMinute = 10
	w.files.put("audiences/spring.csv", csv(3010))
	w.start(definition(t, ""))
	begun := w.clock.Now()
	w.sums(w.until(campaign.Complete), map[delivery.State]int{delivery.Sent: 3010})
	if took := w.clock.Now().Sub(begun); took > 5*time.Minute || len(w.posted) != 3010 {
		t.Errorf("it took %v, and %d were sent to", took, len(w.posted))
	}
}

// What a cancelled run has taken back is sent by the next, with the text of that. What a person has cancelled by itself is not.
func TestRunningACancelledOneAgainSendsWhatItTookBack(t *testing.T) {
	t.Parallel()
	w := newWorld(t)
	w.begin(30, "")
	w.tick()
	w.send(10)
	w.do(cancel)
	w.until(campaign.Cancelled)
	sent := len(w.posted)
	d := definition(t, "")
	d.Message = []byte(strings.Replace(string(d.Message), "Hello", "Good day", 1))
	for run := 2; run < 4; run++ { // cancelled once more, before anything has come of its orders
		w.start(d)
		w.tick()
		w.sums(w.do(cancel), map[delivery.State]int{delivery.Sent: sent, delivery.Cancelled: 30 - sent})
		w.minute()
		if len(w.posted) != sent {
			t.Fatalf("run %d was cancelled, and %d were sent to, %d before", run, len(w.posted), sent)
		}
	}
	w.start(d)
	for range 2 { // no worker takes the orders yet
		w.tick()
		w.clock.advance(time.Minute)
	}
	if status := w.status(); status.State != campaign.Running || status.Counts[delivery.Cancelled] != 0 {
		t.Errorf("it is %s, and says %v, before a worker has taken the orders", status.State, status.Counts)
	}
	w.sums(w.until(campaign.Complete), map[delivery.State]int{delivery.Sent: 30})
	for to, times := range w.posted {
		if times != 1 {
			t.Errorf("%s was sent to %d times", to, times)
		}
	}
	if len(w.posted) != 30 {
		t.Errorf("%d were sent to", len(w.posted))
	}
}

// The text of a run that was cancelled was refused by nobody: it is sent when that of the next is rejected.
func TestAnEarlierTextMayBeSentAfterAll(t *testing.T) {
	t.Parallel()
	w := newWorld(t)
	w.begin(3, "")
	w.tick()
	w.do(cancel)
	w.until(campaign.Cancelled)
	w.answer = func(string) error { return errRejected }
	d := definition(t, "")
	d.Message = []byte(strings.Replace(string(d.Message), "Hello", "Good day", 1))
	w.start(d)
	w.sums(w.until(campaign.Complete), map[delivery.State]int{delivery.Rejected: 3})
	w.answer = nil
	for range 2 { // the second time nothing is missing
		w.start(definition(t, ""))
		w.sums(w.until(campaign.Complete), map[delivery.State]int{delivery.Sent: 3})
	}
	if w.posted[number(1)] != 2 {
		t.Errorf("it was posted %d times, of which one was rejected", w.posted[number(1)])
	}
}

func TestAMendedOneIsCancelledWithItsCampaign(t *testing.T) {
	t.Parallel()
	w := newWorld(t)
	w.answer = func(string) error { return errRejected }
	w.begin(3, "")
	w.until(campaign.Complete)
	w.answer = nil
	d := definition(t, "")
	d.Message = []byte(strings.Replace(string(d.Message), "Hello", "Good day", 1))
	w.start(d)
	w.tick()
	w.sums(w.do(cancel), map[delivery.State]int{delivery.Cancelled: 3})
	w.minute()
	if w.posted[number(1)] != 1 {
		t.Errorf("it was sent %d times", w.posted[number(1)])
	}
}
