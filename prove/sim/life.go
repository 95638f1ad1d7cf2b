package sim

import (
	"context"
	"errors"
	"fmt"
	"log/slog"
	"net/http"
	"slices"
	"strings"
	"sync/atomic"
	"time"

	"dmlysender/shared/apikey"
	"dmlysender/shared/delivery"
	"dmlysender/shared/dmly"
	"dmlysender/shared/dmlytest"
	"dmlysender/shared/hostile"
	"dmlysender/shared/queue"
)

// life is one process, with the real sender in it.
type life struct {
	world  *World
	number int
	// who is the same for all lives of one worker or caller.
	who     string
	process *hostile.Process
	clock   *clock
	sender  *delivery.Sender
	// frozen says that it stood still for a while.
	frozen atomic.Bool
}

// clock is the one of a process, off by its skew.
type clock struct {
	skew time.Duration
	dice *dice
	who  string
}

// Now implements [delivery.Clock].
func (c *clock) Now() time.Time { return time.Now().Add(c.skew) }

// Sleep implements [delivery.Clock]. No two sleepers wake at the same moment, whose order synctest would leave to chance.
func (c *clock) Sleep(ctx context.Context, d time.Duration) error {
	if d > 0 {
		d += c.dice.between("nap of "+c.who, 0, time.Millisecond)
	}
	return sleep(ctx, d)
}

// until is a context with a deadline as the process's clock shows it.
type until struct {
	context.Context //nolint:containedctx // it is a context
	skew            time.Duration
}

// Deadline implements [context.Context].
func (u until) Deadline() (time.Time, bool) {
	end, ok := u.Context.Deadline()
	return end.Add(u.skew), ok
}

// newLife starts a process. The context ends with it.
func (w *World) newLife(ctx context.Context, who string) (context.Context, *life) {
	w.mu.Lock()
	w.lives++
	l := &life{world: w, number: w.lives, who: who, clock: &clock{dice: w.dice, who: who}}
	w.mu.Unlock()
	if w.trouble.Skew > 0 {
		l.clock.skew = w.dice.between("skew "+who, -w.trouble.Skew, w.trouble.Skew)
	}
	ctx, l.process = hostile.NewProcess(ctx, hostile.ChooserFunc(func(name string) hostile.Fault {
		effect, about, _ := strings.Cut(name, " of ")
		return w.faults(effect, who+" "+about)
	}), func() { w.crash(l.number) })
	client, err := dmly.NewClient("-", dmly.Options{
		BaseURL: "http://127.0.0.1" + dmlytest.BasePath, Now: l.clock.Now,
		Transport: &hostile.Transport{Handler: http.HandlerFunc(w.serveDMLY), Before: w.connect},
	})
	if err != nil {
		panic(err) // the options are constant
	}
	l.sender = &delivery.Sender{
		Ledger: l, CancelKeys: l, Scheduler: l, Pacer: lifePacer{l}, Poster: lifePoster{l, delivery.ClientPoster{Client: client}}, Clock: l.clock,
		Keys:     apikey.NewCache(l.secret, apikey.Options{Now: l.clock.Now, Rand: func() float64 { return 0.5 }}),
		NewToken: l.token, Retry: delivery.Retry{Float64: func() float64 { return w.dice.throw("jitter " + who).Float64() }},
	}
	return ctx, l
}

var silent = slog.New(slog.DiscardHandler)

// do carries out an effect of the process, about a message if it is about one. It takes a moment, so that the effects of
// several goroutines have an order; see [clock.Sleep].
func (l *life) do(effect, about string, apply func() error) error {
	name := effect + " of " + about
	<-time.After(l.world.dice.between(name+" by "+l.who, 0, time.Millisecond))
	return l.process.Do(name, apply)
}

// token makes a name that tells which life made it.
func (l *life) token() string {
	l.world.mu.Lock()
	defer l.world.mu.Unlock()
	l.world.tokens++
	return fmt.Sprintf("%d.%d", l.number, l.world.tokens)
}

func (l *life) secret(context.Context) (secret string, err error) {
	err = l.do(effectKey, "", func() error {
		l.world.mu.Lock()
		defer l.world.mu.Unlock()
		secret = l.world.secret
		return nil
	})
	return secret, err
}

// Put implements [delivery.Ledger].
func (l *life) Put(ctx context.Context, item delivery.Item, over string, now time.Time) (standing delivery.Item, ok bool, err error) {
	err = l.do(effectPut, item.ID, func() error {
		before, _, err := l.world.ledger.Get(context.WithoutCancel(ctx), item.ID, time.Time{})
		if err != nil {
			return err
		}
		standing, ok, err = l.world.ledger.Put(ctx, item, over, now)
		if ok && err == nil && before.Revision != item.Revision {
			l.world.judgeWrite(l, before, item)
		}
		return err
	})
	if err != nil {
		return delivery.Item{}, false, err
	}
	return standing, ok, nil
}

// Get implements [delivery.Ledger].
func (l *life) Get(ctx context.Context, id string, now time.Time) (item delivery.Item, ok bool, err error) {
	err = l.do(effectGet, id, func() error {
		item, ok, err = l.world.ledger.Get(ctx, id, now)
		return err
	})
	return item, ok, err
}

// Keep implements [delivery.CancelKeys].
func (l *life) Keep(ctx context.Context, cancelKey, id string, end time.Time) error {
	err := l.do(effectKeep, id, func() error { return l.world.ledger.Keep(ctx, cancelKey, id, end) })
	l.world.mu.Lock()
	defer l.world.mu.Unlock()
	l.world.unkept[id] = err != nil
	return err
}

// Under implements [delivery.CancelKeys].
func (l *life) Under(ctx context.Context, cancelKey string, n int, cursor string, now time.Time) (ids []string, next string, err error) {
	err = l.do(effectUnder, cancelKey, func() error {
		ids, next, err = l.world.ledger.Under(ctx, cancelKey, n, cursor, now)
		return err
	})
	return ids, next, err
}

// lifePacer is the shared pace as one process sees it.
type lifePacer struct{ *life }

// Reserve implements [delivery.Pacer].
func (p lifePacer) Reserve(ctx context.Context, a delivery.Account, lane delivery.Lane, n int, end time.Time) (r delivery.Reservation, err error) {
	err = p.do(effectReserve, "", func() error {
		r, err = p.world.pacer.Reserve(ctx, a, lane, n, end.Add(-p.clock.skew))
		return err
	})
	for i := range r.Slots {
		r.Slots[i] = r.Slots[i].Add(p.clock.skew)
	}
	r.RetryAt = r.RetryAt.Add(p.clock.skew)
	return r, err
}

// Delay implements [delivery.Pacer].
func (p lifePacer) Delay(ctx context.Context, account string, end time.Time) error {
	return p.do(effectDelay, "", func() error { return p.world.pacer.Delay(ctx, account, end.Add(-p.clock.skew)) })
}

// Refuse implements [delivery.Pacer].
func (p lifePacer) Refuse(ctx context.Context, a delivery.Account) (end time.Time, err error) {
	err = p.do(effectRefuse, "", func() error {
		end, err = p.world.pacer.Refuse(ctx, a)
		return err
	})
	return end.Add(p.clock.skew), err
}

// Outlook implements [delivery.Forecaster].
func (p lifePacer) Outlook(ctx context.Context, a delivery.Account) (o delivery.Outlook, err error) {
	err = p.do(effectOutlook, "", func() error {
		o, err = p.world.pacer.Outlook(ctx, a)
		return err
	})
	o.Next, o.RefusedUntil = o.Next.Add(p.clock.skew), o.RefusedUntil.Add(p.clock.skew)
	return o, err
}

// lifePoster may freeze before it posts, as a sandbox does.
type lifePoster struct {
	*life
	next delivery.Poster
}

// Post implements [delivery.Poster].
func (p lifePoster) Post(ctx context.Context, key apikey.Key, req dmly.Request) (r dmly.MessageResponse, err error) {
	about := contentOf(req)
	if p.world.happens("freeze", about, p.world.trouble.Freeze) {
		p.frozen.Store(true)
		// A frozen process does not hear its context either.
		if err := sleep(context.WithoutCancel(ctx), p.world.dice.between("freeze "+about, 0, time.Minute)); err != nil {
			return r, err
		}
	}
	ctx = context.WithValue(ctx, topicKey{}, about)
	err = p.do(effectPost, about, func() error {
		r, err = p.next.Post(ctx, key, req)
		return err
	})
	return r, err
}

// contentOf is what tells the messages of a world apart.
func contentOf(req dmly.Request) string {
	switch r := req.(type) {
	case dmly.WhatsAppText:
		return r.TextMessage
	case dmly.WhatsAppTemplate:
		return r.Template
	default:
		return ""
	}
}

// lanes are the queues as a process sees them.
func (l *life) lanes() queue.Lanes {
	return queue.Lanes{Normal: lifeQueue{l, delivery.NormalLane}, Bulk: lifeQueue{l, delivery.BulkLane}}
}

type lifeQueue struct {
	*life
	lane delivery.Lane
}

// Postpone implements [delivery.Postponer].
func (q lifeQueue) Postpone(_ context.Context, records ...delivery.Postponement) error {
	return q.do(effectPostpone, "", func() error {
		for _, r := range records {
			q.world.queues[q.lane].Hide(r.Receipt, r.After)
		}
		return nil
	})
}

// Enqueue implements [delivery.Queue], ten at a time. The error is that of any of them.
func (q lifeQueue) Enqueue(_ context.Context, records ...delivery.Record) error {
	var problems []error
	for some := range slices.Chunk(records, batchSize) {
		problems = append(problems, q.do(effectEnqueue, "", func() error {
			for _, r := range some {
				r.Delay = (r.Delay + time.Second - 1).Truncate(time.Second) // as SQS has it
				q.world.send(q.lane, r)
			}
			return nil
		}))
	}
	return errors.Join(problems...)
}
