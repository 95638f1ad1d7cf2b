package sim

import (
	"cmp"
	"context"
	"errors"
	"time"

	"dmlysender/shared/delivery"
)

// hesitant is the ledger as the process of a person sees it, who is slower than a worker.
type hesitant struct{ *life }

// Get implements [delivery.Ledger].
func (h hesitant) Get(ctx context.Context, id string, now time.Time) (item delivery.Item, ok bool, err error) {
	item, ok, err = h.life.Get(ctx, id, now)
	if h.world.happens("hesitation", h.who+" "+id, h.world.trouble.Hesitate) {
		_ = sleep(ctx, h.world.dice.between("hesitation "+h.who, 0, time.Minute)) // the next effect looks at the context
	}
	return item, ok, err
}

// newPerson starts the process of a person.
func (w *World) newPerson(ctx context.Context, who string) (context.Context, *life) {
	ctx, l := w.newLife(ctx, who)
	l.sender.Ledger = hesitant{l}
	return ctx, l
}

// settle has a person settle problems, now and then, for as long as there are some.
func (w *World) settle(ctx context.Context) {
	for range w.trouble.Settlements {
		if sleep(ctx, w.dice.between("settle", time.Minute, 30*time.Minute)) != nil {
			return
		}
		s := w.specs[w.dice.pick("settle", len(w.specs))]
		item, ok, err := w.ledger.Get(ctx, s.id, time.Now())
		if err != nil || !ok || !item.NeedsAttention() {
			continue
		}
		as := []delivery.Settlement{delivery.SettleResend, delivery.SettleResend, delivery.SettleSent, delivery.SettleDrop}[w.dice.pick("settle", 4)]
		w.mu.Lock()
		if as == delivery.SettleResend {
			s.orders++
		}
		w.mu.Unlock()
		w.count("settled as " + string(as))
		w.order(ctx, s.id, item.Generation, as)
	}
}

// order has a person settle a message, again and again until it is done or turns out to be nothing to be settled any more. If
// it does not work, a person may think better of it.
func (w *World) order(ctx context.Context, id string, generation int, as delivery.Settlement) {
	for ctx.Err() == nil {
		life, l := w.newPerson(ctx, "person")
		var err error
		done := l.process.Run(func() {
			_, err = l.sender.Settle(life, id, generation, as, "ops", func(lane delivery.Lane) delivery.Queue { return l.lanes().For(lane) })
		})
		l.process.Stop()
		if done && (err == nil || errors.Is(err, delivery.ErrNotSettled)) {
			return
		}
		if w.dice.roll("another mind", 0.2) {
			as = delivery.SettleDrop
		}
		_ = sleep(ctx, time.Second) // the loop looks at the context
	}
}

// withdraw has people cancel messages, now and then: one that is not being sent, if there is one.
func (w *World) withdraw(ctx context.Context) {
	for range w.trouble.Cancels {
		at := cmp.Or(w.cancelAt, w.dice.between("cancel", time.Second, 4*time.Minute))
		if sleep(ctx, at) != nil {
			return
		}
		var open []*spec
		for _, s := range w.specs {
			item, ok, err := w.ledger.Get(ctx, s.id, time.Now())
			if err == nil && ok && !item.State.Final() && item.State != delivery.Sending {
				open = append(open, s)
			}
		}
		if len(open) == 0 {
			open = w.specs
		}
		w.cancel(ctx, open[w.dice.pick("cancel", len(open))])
	}
}

// cancel has a person cancel a message, again and again until it is done or turns out to be nothing to be cancelled any more.
func (w *World) cancel(ctx context.Context, s *spec) {
	for ctx.Err() == nil {
		life, l := w.newPerson(ctx, "person who cancels")
		var item delivery.Item
		var err error
		done := l.process.Run(func() { item, err = l.sender.Cancel(life, s.id, "ops") })
		l.process.Stop()
		switch {
		case done && err == nil:
			w.cancelled(s, item)
			return
		case done && errors.Is(err, delivery.ErrNotCancelled):
			w.count("not cancelled, as " + string(item.State))
			return
		case done && errors.Is(err, delivery.ErrNotFound):
			return
		}
		_ = sleep(ctx, time.Second) // the loop looks at the context
	}
}

// cancelled looks at a message of which a person is told that it is cancelled: only its earlier generations may have been sent.
func (w *World) cancelled(s *spec, item delivery.Item) {
	w.count("cancelled")
	most := item.Generation - 1
	if s.resend {
		most *= 2
	}
	s.cancelled, s.reached = true, s.times(w.accepted())
	if s.reached > most {
		w.broken("message %s was cancelled in generation %d, and had reached DMLY %d times; %s", s.id, item.Generation, s.reached, w.story(s, item, s.reached))
	}
}
