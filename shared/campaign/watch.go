package campaign

import (
	"context"
	"errors"
	"fmt"
	"log/slog"
	"slices"
	"sync"
	"time"

	"dmlysender/shared/delivery"
	"dmlysender/shared/panics"
)

const (
	// watchBytes is how much of the plan is watched at once.
	watchBytes = 512 << 10
	// maxOpen is how many rows may be passed that have not come to rest. With more, the watch waits for them.
	maxOpen = 300
	// maxTaking is how many messages are taken back, or sent once more, at the same time.
	maxTaking = 16
)

// watch goes through the plan behind the feed, and counts each message that has come to rest, once. On the way it sends
// once more what failed, if that was ordered, and takes back what was cancelled.
func (h *hand) watch(ctx context.Context) error {
	open := make([]planRow, len(h.r.Open))
	for i, row := range h.r.Open {
		open[i] = planRow{Row: row}
	}
	if len(open) > 0 {
		if err := h.observe(ctx, open); err != nil {
			return err
		}
	}
	until := h.until
	if h.r.State == Running { // the feed has its share of the time
		now := h.Clock.Now()
		until = now.Add(until.Sub(now) / 2)
	}
	for ctx.Err() == nil && h.Clock.Now().Before(until) {
		last := h.r.Fed
		if h.r.State == Cancelled {
			last = h.r.Feeding
		}
		if h.r.Watched == last || len(h.r.Open) >= maxOpen {
			return nil
		}
		rows, err := h.rows(ctx, h.r, h.r.Watched, last, watchBytes)
		if err != nil {
			return err
		}
		if err := h.observe(ctx, rows); err != nil {
			return err
		}
	}
	return nil
}

// sighting is how a row's message was found.
type sighting struct {
	row  planRow
	item delivery.Item
	// rests says that it is at rest, as this run of the campaign leaves it.
	rests bool
	// forgotten says that the ledger had it at rest, and does not know any more how.
	forgotten bool
	err       error
}

// observe looks rows up, and writes down what it saw.
func (h *hand) observe(ctx context.Context, rows []planRow) error {
	ids := make([]string, len(rows))
	for i, row := range rows {
		ids[i] = row.ID
	}
	items, err := h.Ledger.States(ctx, ids, h.Clock.Now())
	if err != nil {
		return err
	}
	seen := make([]sighting, len(rows))
	var wg sync.WaitGroup
	free := make(chan struct{}, maxTaking)
	for i, row := range rows {
		item, found := items[row.ID]
		seen[i] = sighting{row: row, item: item}
		if !found && h.r.hasForgotten(row.At, h.Clock.Now()) {
			seen[i].rests, seen[i].forgotten = true, true
			continue
		}
		final := found && item.State.Final()
		if final && !h.resends(item) && !h.isEarlier(item) {
			seen[i].rests = true
			continue
		}
		if (!final || h.r.tookBackEarlier(item)) && h.r.State != Cancelled {
			continue
		}
		if found && h.resends(item) {
			if h.resent == h.perMinute(h.r) { // a minute's worth is enough until the next tick
				continue
			}
			h.resent++
		}
		free <- struct{}{}
		wg.Go(func() {
			defer func() {
				if p := recover(); p != nil {
					panics.Log(ctx, h.Log, p, slog.String("campaign", h.r.ID), slog.String("id", row.ID))
					seen[i].err = fmt.Errorf("panic: %T", p)
				}
				<-free
			}()
			h.settle(ctx, &seen[i], found)
		})
	}
	wg.Wait()
	for _, s := range seen {
		if s.err != nil {
			return s.err
		}
	}
	_, err = h.change(ctx, func(r *Record) bool { return r.note(seen) })
	return err
}

// resends says whether the message failed before it was ordered to send what failed once more.
func (h *hand) resends(i delivery.Item) bool {
	return i.State == delivery.Failed && !i.Dropped && i.Place().Since.Before(h.r.ResendAt) && h.r.State != Cancelled
}

// isEarlier says whether the message stands as an earlier run has left it, perhaps with content that this run replaces.
func (h *hand) isEarlier(i delivery.Item) bool {
	if h.r.tookBackEarlier(i) {
		return true
	}
	return h.r.Again && (i.State == delivery.Rejected || i.State == delivery.Failed) && i.Place().Since.Before(h.r.PlannedAt)
}

// settle does what is to be done about a message that is not simply at rest, or not simply on its way.
func (h *hand) settle(ctx context.Context, s *sighting, found bool) {
	if found && h.resends(s.item) {
		h.resend(ctx, s)
		return
	}
	if s.row, s.err = h.read(ctx, h.r, s.row); s.err != nil {
		return
	}
	m := s.row.message()
	generation := 0
	switch {
	case found && h.r.tookBackEarlier(s.item): // and this run may have ordered it anew
		generation = s.item.Generation + 1
	case found && s.item.State.Final():
		var fingerprint string
		fingerprint, s.err = s.row.fingerprint(m)
		s.rests = s.err == nil && keeps(s.item, fingerprint)
		if s.rests || s.err != nil || h.r.State != Cancelled {
			return
		}
	}
	item, err := h.Sender.TakeBack(ctx, m, generation, h.r.name(), h.r.ActBy)
	if err != nil && !errors.Is(err, delivery.ErrNotCancelled) {
		s.err = err
		return
	}
	s.item, s.rests = item, item.State.Final()
}

// resend sends once more what has failed, unless its time is over, and not while the campaign is paused.
func (h *hand) resend(ctx context.Context, s *sighting) {
	if h.r.State != Running {
		return
	}
	item, err := h.Sender.Settle(ctx, s.row.ID, s.item.Generation, delivery.SettleResend, h.r.ActBy, h.Queues)
	switch {
	case errors.Is(err, delivery.ErrNotSettled):
		s.item, s.rests = item, item.State.Final()
	default:
		s.err = err
	}
}

// note counts what was seen at rest, and keeps the others open. What has no room there is seen again. To note the same once more
// changes nothing: it may stand already, where the answer of a write was lost and a person was next.
func (r *Record) note(seen []sighting) (changed bool) {
	for _, s := range seen {
		open := slices.ContainsFunc(r.Open, func(row Row) bool { return row.At == s.row.At })
		switch {
		case !open && s.row.At < r.Watched.Byte:
			continue
		case s.rests:
			changed = true
			if s.forgotten {
				r.Forgotten++
			} else {
				r.count(s.item)
			}
			if open {
				r.Open = slices.DeleteFunc(r.Open, func(row Row) bool { return row.At == s.row.At })
			}
		case !open && len(r.Open) >= maxOpen:
			return changed
		case !open:
			changed = true
			r.Open = append(r.Open, s.row.Row)
		}
		if !open {
			r.Watched = s.row.end
		}
	}
	return changed
}

const recent = 100

// count counts a message that has come to rest. What did so before this run says nothing about it.
func (r *Record) count(i delivery.Item) {
	if r.Resting == nil {
		r.Resting = map[delivery.State]int{}
	}
	r.Resting[i.State]++
	since := r.PlannedAt
	if r.ResendAt.After(since) {
		since = r.ResendAt
	}
	if i.Place().Since.Before(since.Truncate(time.Millisecond)) {
		return
	}
	r.Recent += outcome(i.State)
	r.Recent = r.Recent[max(0, len(r.Recent)-recent):]
}

// outcome is the letter of a state in which a message rests.
func outcome(s delivery.State) string {
	switch s {
	case delivery.Rejected:
		return "r"
	case delivery.Unknown:
		return "u"
	default:
		return "-"
	}
}
