package sim

import (
	"cmp"
	"context"
	"errors"
	"time"

	"dmlysender/shared/delivery"
)

// schedules is what EventBridge Scheduler is to the programs: one entry for each message and moment, which comes onto its queue
// within a minute of its time, at least once.
type schedules struct{ held map[moment]*held }

// moment is one of a message.
type moment struct {
	id string
	at int64 // in milliseconds
}

// held is an entry. Another one for the same message and moment replaces it.
type held struct {
	lane   delivery.Lane
	record delivery.Record
	moment moment
}

// hold has a record come to its queue at that moment or within the minute that follows, or the one before.
func (w *World) hold(lane delivery.Lane, r delivery.Record, at time.Time) {
	r.Delay = 0
	entry := &held{lane, r, moment{r.ID, at.UnixMilli()}}
	w.mu.Lock()
	w.schedules.held[entry.moment] = entry
	w.mu.Unlock()
	wait := time.Until(at) + w.dice.between("schedule of "+r.ID, -time.Minute, time.Minute)
	time.AfterFunc(max(wait, 0)+w.dice.between("firing of "+r.ID, 0, time.Millisecond), func() { w.fire(entry) })
}

// fire brings the record of an entry, unless that was replaced or removed.
func (w *World) fire(entry *held) {
	id := entry.record.ID
	w.mu.Lock()
	stands := w.schedules.held[entry.moment] == entry
	if stands {
		delete(w.schedules.held, entry.moment)
	}
	w.mu.Unlock()
	if !stands {
		return
	}
	w.send(entry.lane, entry.record)
	if w.happens(firedTwice, id, w.trouble.FireTwice) {
		w.send(entry.lane, entry.record)
	}
}

// holds says whether a record of the message is scheduled.
func (w *World) holds(id string) bool {
	w.mu.Lock()
	defer w.mu.Unlock()
	for m := range w.schedules.held {
		if m.id == id {
			return true
		}
	}
	return false
}

// nothingHeld says whether nothing is scheduled any more.
func (w *World) nothingHeld() bool {
	w.mu.Lock()
	defer w.mu.Unlock()
	return len(w.schedules.held) == 0
}

// Schedule implements [delivery.Scheduler].
func (l *life) Schedule(_ context.Context, lane delivery.Lane, r delivery.Record, at time.Time) error {
	return l.do(effectSchedule, r.ID, func() error {
		l.world.hold(lane, r, at)
		return nil
	})
}

// Unschedule implements [delivery.Scheduler].
func (l *life) Unschedule(_ context.Context, id string, at time.Time) error {
	return l.do(effectUnschedule, id, func() error {
		l.world.mu.Lock()
		defer l.world.mu.Unlock()
		delete(l.world.schedules.held, moment{id, at.UnixMilli()})
		return nil
	})
}

// reschedule has people move messages that are scheduled, now and then: one that is, if there is one.
func (w *World) reschedule(ctx context.Context) {
	for range w.trouble.Moves {
		if sleep(ctx, cmp.Or(w.moveAt, w.dice.between("move", time.Second, 30*time.Minute))) != nil {
			return
		}
		var open []*spec
		for _, s := range w.specs {
			if item, ok, err := w.ledger.Get(ctx, s.id, time.Now()); err == nil && ok && item.State == delivery.Scheduled {
				open = append(open, s)
			}
		}
		if len(open) > 0 {
			w.move(ctx, open[w.dice.pick("move", len(open))], time.Now().Add(cmp.Or(w.moveBy, w.dice.between("move", 0, 2*time.Hour))))
		}
	}
}

// move has a person move a message, again and again until it is done or turns out to be nothing to be moved any more.
func (w *World) move(ctx context.Context, s *spec, to time.Time) {
	s.moved = true
	for ctx.Err() == nil {
		life, l := w.newPerson(ctx, "person who moves")
		var item delivery.Item
		var err error
		done := l.process.Run(func() {
			item, err = l.sender.Move(life, s.id, to, "ops", func(lane delivery.Lane) delivery.Queue { return l.lanes().For(lane) })
		})
		l.process.Stop()
		switch {
		case done && err == nil:
			w.count("moved")
			s.confirmed = item.NotBefore
			return
		case done && errors.Is(err, delivery.ErrNotMoved):
			w.count("not moved, as " + string(item.State))
			return
		case done && errors.Is(err, delivery.ErrNotFound):
			return
		}
		_ = sleep(ctx, time.Second) // the loop looks at the context
	}
}
