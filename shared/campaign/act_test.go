package campaign_test

import (
	"context"
	"errors"
	"strings"
	"testing"
	"time"

	"dmlysender/shared/campaign"
	"dmlysender/shared/delivery"
	"dmlysender/shared/message"
)

// act is one of the things that a person does to a campaign.
type act func(s *campaign.Service, w *world) (campaign.Status, error)

func pause(s *campaign.Service, w *world) (campaign.Status, error) {
	return s.Pause(w.t.Context(), "spring", "ops")
}

func resume(s *campaign.Service, w *world) (campaign.Status, error) {
	return s.Resume(w.t.Context(), "spring", "ops")
}

func cancel(s *campaign.Service, w *world) (campaign.Status, error) {
	return s.Cancel(w.t.Context(), "spring", "ops")
}

func resend(s *campaign.Service, w *world) (campaign.Status, error) {
	return s.Resend(w.t.Context(), "spring", "ops")
}

func (w *world) do(a act) campaign.Status {
	w.t.Helper()
	status, err := a(w.service, w)
	if err != nil {
		w.t.Fatal(err)
	}
	return status
}

func TestAPausedCampaignFeedsNothing(t *testing.T) {
	t.Parallel()
	w := newWorld(t)
	w.begin(1000, "")
	w.minute()
	status := w.do(pause)
	if status.State != campaign.Paused || status.Reason != "paused by ops" || status.Fed != 500 {
		t.Errorf("paused: %+v", status)
	}
	if again := w.do(pause); again.Reason != status.Reason || again.State != campaign.Paused {
		t.Errorf("paused again: %+v", again)
	}
	for range 10 {
		w.minute()
	}
	if status := w.status(); status.Fed != 500 || status.Counts[delivery.Sent] != 500 || !status.EstimatedEnd.IsZero() {
		t.Errorf("after ten minutes: %+v", status)
	}
	if status := w.do(resume); status.State != campaign.Running || status.Reason != "" {
		t.Errorf("resumed: %+v", status)
	}
	w.do(resume)
	w.sums(w.until(campaign.Complete), map[delivery.State]int{delivery.Sent: 1000})
}

func TestACampaignMayBePausedBeforeItIsPlanned(t *testing.T) {
	t.Parallel()
	w := newWorld(t)
	w.begin(5, "")
	w.do(pause)
	w.tick()
	if status := w.status(); !status.PlannedAt.IsZero() || status.State != campaign.Paused {
		t.Errorf("paused: %+v", status)
	}
	if status := w.do(resume); status.State != campaign.Planning {
		t.Errorf("resumed: %+v", status)
	}
	w.sums(w.until(campaign.Complete), map[delivery.State]int{delivery.Sent: 5})
}

func TestAPausedCampaignOfWhichAllIsAtRestIsComplete(t *testing.T) {
	t.Parallel()
	w := newWorld(t)
	w.begin(5, "")
	w.tick()
	w.do(pause)
	w.sums(w.until(campaign.Complete), map[delivery.State]int{delivery.Sent: 5})
}

func TestACancelledCampaignSendsNothingMore(t *testing.T) {
	t.Parallel()
	w := newWorld(t)
	w.begin(1000, "")
	w.minute()
	w.minute()
	status := w.do(cancel)
	if status.State != campaign.Cancelled || status.Reason != "cancelled by ops" || status.EndedAt.IsZero() {
		t.Errorf("cancelled: %+v", status)
	}
	w.sums(status, map[delivery.State]int{delivery.Sent: 192, delivery.Cancelled: 808})
	if status := w.do(cancel); status.State != campaign.Cancelled {
		t.Errorf("cancelled again: %+v", status)
	}
	for range 10 {
		w.minute()
	}
	if len(w.posted) != 192 || w.queued() != 0 {
		t.Errorf("%d were sent to, %d records are left", len(w.posted), w.queued())
	}
}

// One message is in the hands of a worker when the campaign is cancelled: that is waited for, and told.
func TestACancelledCampaignEndsWhenWhatIsBeingSentHasComeToRest(t *testing.T) {
	t.Parallel()
	w := newWorld(t)
	w.begin(5, "")
	w.tick()
	w.answer = func(to string) error {
		if to == number(0) {
			status := w.do(cancel)
			if status.State != campaign.Cancelled || !status.EndedAt.IsZero() || status.Counts[delivery.Cancelled] != 4 || status.Counts[delivery.Sending] != 1 {
				t.Errorf("while one is being sent: %+v", status)
			}
			var begun *campaign.StateError
			if _, _, err := w.service.Start(t.Context(), definition(t, ""), "ops"); !errors.As(err, &begun) {
				t.Errorf("started again: %v", err)
			}
		}
		return nil
	}
	w.send(1)
	w.tick()
	status := w.status()
	w.sums(status, map[delivery.State]int{delivery.Sent: 1, delivery.Cancelled: 4})
	if status.EndedAt.IsZero() {
		t.Error("it does not end")
	}
}

func TestACampaignIsCancelledBeforeItIsPlanned(t *testing.T) {
	t.Parallel()
	w := newWorld(t)
	w.begin(5, "")
	if status := w.do(cancel); status.State != campaign.Cancelled || status.EndedAt.IsZero() || status.Total != 0 {
		t.Errorf("cancelled: %+v", status)
	}
	w.minute()
	if w.queued() != 0 || len(w.posted) != 0 {
		t.Errorf("%d records, %d sent to", w.queued(), len(w.posted))
	}
}

func TestWhatDoesNotApplyIsSaid(t *testing.T) {
	t.Parallel()
	for name, tt := range map[string]struct {
		state  campaign.State
		begin  func(w *world)
		denied []act
	}{
		"running":   {campaign.Running, func(w *world) { w.minute() }, []act{resend}},
		"paused":    {campaign.Paused, func(w *world) { w.do(pause) }, []act{resend}},
		"cancelled": {campaign.Cancelled, func(w *world) { w.do(cancel) }, []act{pause, resume, resend}},
		"complete":  {campaign.Complete, func(w *world) { w.until(campaign.Complete) }, []act{pause, resume, cancel, resend}},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			w := newWorld(t)
			w.begin(5, "")
			tt.begin(w)
			for i, do := range tt.denied {
				if _, err := do(w.service, w); err == nil || !strings.Contains(err.Error(), string(tt.state)) {
					t.Errorf("act %d: got %v", i, err)
				} else if state, ok := stateOf(err); !ok || state != tt.state {
					t.Errorf("act %d: got %v", i, err)
				}
			}
			if state := w.status().State; state != tt.state {
				t.Errorf("then it is %s", state)
			}
		})
	}
	w := newWorld(t)
	for _, do := range []act{pause, resume, cancel, resend} {
		if _, err := do(w.service, w); !errors.Is(err, campaign.ErrNoCampaign) {
			t.Errorf("of none: %v", err)
		}
	}
}

func TestOnlyWhatFailedIsSentOnceMore(t *testing.T) {
	t.Parallel()
	w := newWorld(t)
	w.sender.Retry.Attempts = 1
	w.answer = func(to string) error {
		switch to {
		case number(1), number(4):
			return errNotSent
		case number(2):
			return errRejected
		case number(3):
			return errUnknown
		default:
			return nil
		}
	}
	w.begin(10, `,"ramp":{"maxRejectedPercent":100,"maxUnknown":100}`)
	want := map[delivery.State]int{delivery.Sent: 6, delivery.Failed: 2, delivery.Rejected: 1, delivery.Unknown: 1}
	w.sums(w.until(campaign.Complete), want)
	// One fails again, and is not sent a third time by itself.
	w.answer = func(to string) error {
		if to == number(4) {
			return errNotSent
		}
		return nil
	}
	if status := w.do(resend); status.State != campaign.Running {
		t.Errorf("resent: %+v", status)
	}
	want[delivery.Sent], want[delivery.Failed] = 7, 1
	w.sums(w.until(campaign.Complete), want)
	for n, times := range map[int]int{0: 1, 1: 2, 2: 1, 3: 1, 4: 2} {
		if got := w.posted[number(n)]; got != times {
			t.Errorf("%d was sent %d times, want %d", n, got, times)
		}
	}
}

// What is sent once more goes no faster than all else: otherwise a pause would not be felt for half an hour.
func TestWhatFailedIsSentOnceMoreAtTheCampaignsRate(t *testing.T) {
	t.Parallel()
	w := newWorld(t)
	w.sender.Retry.Attempts = 1
	w.answer = func(string) error { return errNotSent }
	w.begin(400, `,"ratePerMinute":60`)
	w.until(campaign.Complete)
	w.answer = nil
	w.do(resend)
	for n := range 3 {
		before := w.queued()
		w.tick()
		if queued := w.queued() - before; queued != 60 {
			t.Errorf("minute %d: %d are queued", n, queued)
		}
		w.send(20)
		w.clock.advance(time.Minute)
	}
	w.do(pause)
	left := w.queued()
	w.tick()
	if w.queued() != left {
		t.Errorf("%d are queued while it is paused", w.queued()-left)
	}
	w.do(resume)
	w.sums(w.until(campaign.Complete), map[delivery.State]int{delivery.Sent: 400})
	if len(w.posted) != 400 || w.posted[number(7)] != 2 {
		t.Errorf("%d were sent to, one of them %d times", len(w.posted), w.posted[number(7)])
	}
}

// planned is a campaign of three that is planned, and of which nothing is fed. Then its plan is written otherwise.
func planned(t *testing.T, change func(plan string) string) *world {
	t.Helper()
	const name = "campaigns/spring/1/plan.jsonl"
	w := newWorld(t)
	w.begin(3, "")
	w.lines[delivery.BulkLane].full = true
	w.tick()
	w.lines[delivery.BulkLane].full = false
	if w.queued() > 0 {
		t.Fatal("something is fed")
	}
	w.files.put(name, change(string(w.files.contents[name])))
	return w
}

// A row that an older version took, and this one does not, is somebody's problem, not the campaign's end.
func TestARowThatIsNoMessageAnyMoreIsRejected(t *testing.T) {
	t.Parallel()
	w := planned(t, func(plan string) string { return strings.Replace(plan, "whatsapp", "whatsupp", 1) })
	w.sums(w.until(campaign.Complete), map[delivery.State]int{delivery.Sent: 2, delivery.Rejected: 1})
	w.files.put("audiences/spring.csv", csv(4))
	w.start(definition(t, ""))
	w.lines[delivery.BulkLane].full = true
	w.tick()
	w.lines[delivery.BulkLane].full = false
	const again = "campaigns/spring/2/plan.jsonl"
	w.files.put(again, strings.Replace(string(w.files.contents[again]), "whatsapp", "whatsupp", 1))
	w.sums(w.until(campaign.Complete), map[delivery.State]int{delivery.Sent: 3, delivery.Rejected: 1})
}

func TestAPlanThatIsDamagedIsAnErrorThatSaysWhatToDo(t *testing.T) {
	t.Parallel()
	for name, change := range map[string]func(string) string{
		"cut":      func(string) string { return "" },
		"no lines": func(plan string) string { return strings.ReplaceAll(plan, "\n", " ") },
		"no JSON":  func(plan string) string { return "x" + plan[1:] },
	} {
		w := planned(t, change)
		if err := w.service.Tick(t.Context()); err == nil || !strings.Contains(err.Error(), "campaign spring") || w.queued() > 0 {
			t.Errorf("%s: got %v", name, err)
		}
	}
}

// Without its plan nobody knows what could be taken back. Its end has to be possible all the same, for it to be started again.
func TestACampaignWhosePlanIsLostIsCancelledAndStartedAgain(t *testing.T) {
	t.Parallel()
	for name, lose := range map[string]func(f *files, plan string){
		"gone":    func(f *files, plan string) { delete(f.contents, plan) },
		"damaged": func(f *files, plan string) { f.put(plan, "no plan\n") },
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			w := newWorld(t)
			w.begin(600, "")
			w.tick()
			w.send(50)
			lose(w.files, "campaigns/spring/1/plan.jsonl")
			if err := w.service.Tick(t.Context()); err == nil || w.status().State != campaign.Running {
				t.Fatalf("it is %s, with %v", w.status().State, err)
			}
			status := w.do(cancel)
			if status.EndedAt.IsZero() || status.Counts[delivery.Cancelled] != 100 || status.Forgotten != 500 || !strings.Contains(status.Reason, "its plan is lost") {
				t.Errorf("cancelled, it stands as %+v", status)
			}
			w.send(1000)
			w.start(definition(t, ""))
			w.sums(w.until(campaign.Complete), map[delivery.State]int{delivery.Sent: 600})
			for to, n := range w.posted {
				if n != 1 {
					t.Errorf("%s got %d", to, n)
				}
			}
		})
	}
}

type panicking struct{ campaign.Sender }

func (panicking) TakeBack(context.Context, message.Message, int, string, string) (delivery.Item, error) {
	panic("a number")
}

func TestAPanicWhileTakingBackIsTheCampaignsError(t *testing.T) {
	t.Parallel()
	w := newWorld(t)
	w.begin(5, "")
	w.tick()
	sender := w.service.Sender
	w.service.Sender = panicking{sender}
	w.do(cancel)
	if err := w.service.Tick(t.Context()); err == nil || !strings.Contains(err.Error(), "campaign spring: panic: string") {
		t.Errorf("got %v", err)
	}
	w.service.Sender = sender
	w.tick()
	w.sums(w.status(), map[delivery.State]int{delivery.Cancelled: 5})
}
