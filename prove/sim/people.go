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

// cancel has a person cancel a message, by its cancelKey if it has one, again and again until it is done or turns out to be nothing to be
// cancelled any more.
func (w *World) cancel(ctx context.Context, s *spec) {
	for ctx.Err() == nil {
		life, l := w.newPerson(ctx, "person who cancels")
		before := w.standing(ctx, s.id)
		var item delivery.Item
		var err error
		done := l.process.Run(func() { item, err = l.withdraw(life, s) })
		l.process.Stop()
		switch {
		case done && err == nil:
			w.cancelled(s, item)
			return
		case done && errors.Is(err, delivery.ErrNotCancelled):
			w.count("not cancelled, as " + string(item.State))
			return
		case done && errors.Is(err, delivery.ErrNotFound):
			w.overlooked(ctx, s, before)
			return
		}
		_ = sleep(ctx, time.Second) // the loop looks at the context
	}
}

// withdraw cancels a message by its cancelKey, or by its id if it has none.
func (l *life) withdraw(ctx context.Context, s *spec) (item delivery.Item, err error) {
	if s.cancelKey == "" {
		return l.sender.Cancel(ctx, s.id, "ops")
	}
	found, _, err := l.sender.CancelUnder(ctx, s.cancelKey, "", "ops", func(delivery.Item) bool { return true })
	if err != nil {
		return delivery.Item{}, err
	}
	for _, one := range found {
		if one.Item.ID == s.id {
			return one.Item, one.Err
		}
	}
	return delivery.Item{}, delivery.ErrNotFound
}

// overlooked looks at a message that was not found: it may not wait, and have waited since before somebody looked for it.
func (w *World) overlooked(ctx context.Context, s *spec, before delivery.Item) {
	after := w.standing(ctx, s.id)
	w.mu.Lock()
	unkept := w.unkept[s.id]
	w.mu.Unlock()
	waits := after.State == delivery.Accepted || after.State == delivery.Scheduled || after.State == delivery.Waiting
	if waits && before.Revision == after.Revision && !unkept {
		w.broken("message %s is %s, and was not found by the cancelKey %q", s.id, after.State, s.cancelKey)
	}
}

// standing is what the ledger has of a message; nothing if it has none.
func (w *World) standing(ctx context.Context, id string) delivery.Item {
	item, _, err := w.ledger.Get(context.WithoutCancel(ctx), id, time.Now())
	if err != nil {
		panic(err) // it is in memory
	}
	return item
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
