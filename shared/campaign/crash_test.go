package campaign_test

import (
	"context"
	"sync"
	"testing"
	"time"

	"dmlysender/shared/campaign"
	"dmlysender/shared/delivery"
	"dmlysender/shared/hostile"
)

// mortal is all that a campaign's process changes, which may end at each of its effects.
type mortal struct {
	*hostile.Process
	w *world
}

// mortalStore, mortalFiles, mortalLedger and mortalQueue are the parts of it.
type (
	mortalStore  struct{ mortal }
	mortalFiles  struct{ mortal }
	mortalLedger struct{ mortal }
	mortalQueue  struct {
		mortal
		lane delivery.Lane
	}
	mortalWriter struct {
		campaign.Writer
		mortal
	}
)

func (s mortalStore) Get(ctx context.Context, id string, now time.Time) (campaign.Record, bool, error) {
	return s.w.store.Get(ctx, id, now)
}

func (s mortalStore) Active(ctx context.Context) ([]string, error) { return s.w.store.Active(ctx) }

func (s mortalStore) Put(ctx context.Context, r campaign.Record, over string, now time.Time) (ok bool, err error) {
	err = s.Do("record", func() error {
		ok, err = s.w.store.Put(ctx, r, over, now)
		return err
	})
	return ok, err
}

func (f mortalFiles) Open(ctx context.Context, name string) (campaign.File, error) {
	return f.w.files.Open(ctx, name)
}

func (f mortalFiles) Range(ctx context.Context, name string, from, n int64) ([]byte, error) {
	return f.w.files.Range(ctx, name, from, n)
}

func (f mortalFiles) Create(ctx context.Context, name string) (campaign.Writer, error) {
	w, err := f.w.files.Create(ctx, name)
	return mortalWriter{w, f.mortal}, err
}

func (w mortalWriter) Commit(ctx context.Context) error {
	return w.Do("commit", func() error { return w.Writer.Commit(ctx) })
}

func (l mortalLedger) Get(ctx context.Context, id string, now time.Time) (delivery.Item, bool, error) {
	return l.w.ledger.Get(ctx, id, now)
}

func (l mortalLedger) Put(ctx context.Context, item delivery.Item, over string, now time.Time) (standing delivery.Item, ok bool, err error) {
	err = l.Do("message", func() error {
		standing, ok, err = l.w.ledger.Put(ctx, item, over, now)
		return err
	})
	return standing, ok, err
}

func (q mortalQueue) Enqueue(ctx context.Context, records ...delivery.Record) error {
	return q.Do("enqueue", func() error { return q.w.lines[q.lane].Enqueue(ctx, records...) })
}

// life calls the service in a process of its own, and says whether it came to its end.
func (w *world) life(chooser hostile.Chooser, call func(ctx context.Context, s *campaign.Service) error) (ended bool, err error) {
	ctx, process := hostile.NewProcess(context.WithoutCancel(w.t.Context()), chooser, nil)
	defer process.Stop()
	m := mortal{process, w}
	sender, service := *w.sender, *w.service
	sender.Ledger = mortalLedger{m}
	service.Store, service.Files, service.Sender = mortalStore{m}, mortalFiles{m}, &sender
	service.Queues = func(l delivery.Lane) delivery.Queue { return mortalQueue{m, l} }
	ended = process.Run(func() { err = call(ctx, &service) })
	return ended, err
}

// play is one story of a campaign of 30 rows, 3 of them bad and 2 twice, with faults by the number of the effect. Each minute
// there are two ticks at once, or one after the other if the effects are to come in an order that is known.
type play struct {
	w      *world
	script *hostile.Script
	atOnce bool
}

const good = 25

func newPlay(t *testing.T, faults map[int]hostile.Fault) *play {
	t.Helper()
	p := &play{w: newWorld(t), script: hostile.NewScript(faults)}
	p.w.files.put("audiences/spring.csv", csv(good, "bad,A", number(3)+",Again", ",B", number(4)+",Again", number(99)+","))
	return p
}

// ask repeats a call until it is answered.
func (p *play) ask(call func(ctx context.Context, s *campaign.Service) error) {
	p.w.t.Helper()
	for range 10 {
		if ended, err := p.w.life(p.script, call); ended && err == nil {
			return
		}
		p.w.clock.advance(time.Second)
	}
	p.w.t.Error("it is never answered")
}

func (p *play) start(members string) {
	p.w.t.Helper()
	p.ask(func(ctx context.Context, s *campaign.Service) error {
		_, _, err := s.Start(ctx, definition(p.w.t, members), "ops")
		return err
	})
}

func (p *play) minute() {
	p.w.t.Helper()
	tick := func() {
		_, _ = p.w.life(p.script, func(ctx context.Context, s *campaign.Service) error { return s.Tick(ctx) })
	}
	if p.atOnce {
		var wg sync.WaitGroup
		wg.Go(tick)
		wg.Go(tick)
		wg.Wait()
	} else {
		tick()
		tick()
	}
	p.w.send(96)
	p.w.clock.advance(time.Minute)
}

func (p *play) until(state campaign.State) campaign.Status {
	p.w.t.Helper()
	for range 60 {
		if status := p.w.status(); status.State == state && !status.EndedAt.IsZero() {
			return status
		}
		p.minute()
	}
	p.w.t.Errorf("it is never %s: %+v", state, p.w.status())
	return campaign.Status{}
}

// near is how many effects after a fault a second one is tried: after that, the story goes on as if nothing had been.
const near = 2

// everyFault plays a story without faults, then with each fault at each effect, then with each pair of faults that are near
// each other.
func everyFault(t *testing.T, pairs bool, tell func(t *testing.T, faults map[int]hostile.Fault) *hostile.Script) {
	t.Helper()
	plain := len(tell(t, nil).Effects())
	variants := []hostile.Fault{hostile.Refuse, hostile.LoseAnswer, hostile.EndBefore, hostile.EndAfter}
	for i := 1; i <= plain; i++ {
		for _, first := range variants {
			tell(t, map[int]hostile.Fault{i: first})
			if !pairs || first == hostile.Refuse { // which changes nothing that the others do not
				continue
			}
			for j := i + 1; j <= min(i+near, plain); j++ {
				for _, second := range variants[1:] {
					tell(t, map[int]hostile.Fault{i: first, j: second})
				}
			}
		}
	}
}

func TestWhateverEndsACampaignsProcessNobodyIsSkippedOrSentToTwice(t *testing.T) {
	t.Parallel()
	for name, tt := range map[string]struct {
		members       string
		atOnce, pairs bool
	}{
		"two at once":         {members: "", atOnce: true},
		"at its own rate":     {members: `,"ratePerMinute":10`},
		"by steps of a ramp":  {members: `,"ramp":{"canary":4}`},
		"one after the other": {members: "", pairs: true},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			everyFault(t, tt.pairs, func(t *testing.T, faults map[int]hostile.Fault) *hostile.Script {
				t.Helper()
				p := newPlay(t, faults)
				p.atOnce = tt.atOnce
				p.start(tt.members)
				status := p.until(campaign.Complete)
				p.w.sums(status, map[delivery.State]int{delivery.Sent: good})
				if status.Summary.Bad != 3 || status.Summary.Duplicates != 2 || status.Total != good {
					t.Errorf("%v: %+v", faults, status.Summary)
				}
				for n := range good {
					if p.w.lines[delivery.BulkLane].count[id(n)] < 1 || p.w.posted[number(n)] != 1 {
						t.Errorf("%v: %d was queued %d times and sent %d times", faults, n, p.w.lines[delivery.BulkLane].count[id(n)], p.w.posted[number(n)])
					}
				}
				if len(p.w.posted) != good {
					t.Errorf("%v: %d were sent to", faults, len(p.w.posted))
				}
				if t.Failed() {
					t.Fatalf("%v: %v", faults, p.script.Effects())
				}
				return p.script
			})
		})
	}
}

// Some are sent, some are on the queue, and some not: then it is cancelled.
func TestWhateverEndsACancellationNobodyIsSentToAfterIt(t *testing.T) {
	t.Parallel()
	everyFault(t, false, func(t *testing.T, faults map[int]hostile.Fault) *hostile.Script {
		t.Helper()
		p := newPlay(t, faults)
		p.start(`,"ratePerMinute":4`)
		for p.w.status().Counts[delivery.Sent] < 6 {
			p.minute()
		}
		p.ask(func(ctx context.Context, s *campaign.Service) error {
			_, err := s.Cancel(ctx, "spring", "ops")
			return err
		})
		status := p.until(campaign.Cancelled)
		sent := status.Counts[delivery.Sent]
		p.w.sums(status, map[delivery.State]int{delivery.Sent: sent, delivery.Cancelled: good - sent})
		p.w.clock.advance(time.Hour)
		p.w.send(100)
		if len(p.w.posted) != sent || p.w.queued() != 0 {
			t.Errorf("%v: %d were sent to, %d of them counted; %d records are left", faults, len(p.w.posted), sent, p.w.queued())
		}
		if t.Failed() {
			t.Fatalf("%v: %v", faults, p.script.Effects())
		}
		return p.script
	})
}

// A few fail and are sent once more.
func TestWhateverEndsAResendEachOneThatFailedIsSentOnceMore(t *testing.T) {
	t.Parallel()
	everyFault(t, false, func(t *testing.T, faults map[int]hostile.Fault) *hostile.Script {
		t.Helper()
		p := newPlay(t, faults)
		p.w.sender.Retry.Attempts = 1
		p.w.answer = func(to string) error {
			if to == number(1) || to == number(7) {
				return errNotSent
			}
			return nil
		}
		p.start("")
		p.w.sums(p.until(campaign.Complete), map[delivery.State]int{delivery.Sent: good - 2, delivery.Failed: 2})
		p.w.answer = nil
		p.ask(func(ctx context.Context, s *campaign.Service) error {
			_, err := s.Resend(ctx, "spring", "ops")
			if state, ok := stateOf(err); ok && state == campaign.Running { // an answer was lost
				return nil
			}
			return err
		})
		p.w.sums(p.until(campaign.Complete), map[delivery.State]int{delivery.Sent: good})
		for n := range good {
			want := 1
			if n == 1 || n == 7 {
				want = 2
			}
			if got := p.w.posted[number(n)]; got != want {
				t.Errorf("%v: %d was sent %d times, want %d", faults, n, got, want)
			}
		}
		if t.Failed() {
			t.Fatalf("%v: %v", faults, p.script.Effects())
		}
		return p.script
	})
}
