package campaign

import (
	"context"
	"fmt"
	"slices"
	"time"

	"dmlysender/shared/delivery"
	"dmlysender/shared/message"
)

const (
	// feedBytes is how much of the plan is fed at once.
	feedBytes = 512 << 10
	// maxWorkspaces is how many are remembered, to look after the keys of their accounts, and maxWorkspace how long the id of
	// one may be: a record has little room.
	maxWorkspaces, maxWorkspace = 50, 256
	// repeatAfter is how much later than at first a row is sent that may be on the queue already.
	repeatAfter = 30 * time.Second
	// maxDelay is for how long a queue holds a record back.
	maxDelay = 15 * time.Minute
)

// feed puts as much of the plan on the queue as may be now. What may have been put there before, by somebody who then ended,
// is put there again.
func (h *hand) feed(ctx context.Context) error {
	for h.hasTime(ctx) && h.r.State == Running {
		var more bool
		var err error
		switch {
		case h.r.Fed != h.r.end() && h.r.Again && h.r.forgets(h.Clock.Now().Add(time.Hour)): // by then what is read now is looked up
			err = h.pause(ctx, forgotten)
		case h.r.Feeding != h.r.Fed && !h.Clock.Now().Add(time.Hour).Before(h.r.FeedingAt.Add(delivery.Remember)):
			err = h.pause(ctx, forgotten)
		case h.r.Feeding != h.r.Fed:
			more = true
			err = h.enqueue(ctx)
		case h.r.Fed != h.r.end():
			more, err = h.intend(ctx)
		}
		if err != nil || !more {
			return err
		}
	}
	return nil
}

// intend decides how many rows are fed next, and writes that down; more is false if there are none for now. If something is
// wrong it pauses the campaign instead.
func (h *hand) intend(ctx context.Context) (more bool, err error) {
	rows, err := h.rows(ctx, h.r, h.r.Fed, h.r.end(), feedBytes)
	if err != nil {
		return false, err
	}
	messages := decode(rows)
	wanted, err := h.wanted(ctx, rows, messages)
	if err != nil {
		return false, err
	}
	reason := tooMany(h.r.Recent, h.r.Definition.Ramp)
	if reason == "" {
		reason, err = h.keyRefused(ctx, workspaces(h.r.Workspaces, messages))
	}
	if err != nil {
		return false, err
	}
	if reason != "" {
		return false, h.pause(ctx, reason)
	}
	depth, err := h.depth(ctx, delivery.LaneOf(messages[0]))
	if err != nil {
		return false, err
	}
	more, err = h.change(ctx, func(r *Record) bool {
		if r.State != Running {
			return false
		}
		r.Step = nextStep(*r, h.AccountPerMinute)
		now := h.Clock.Now()
		p := pacing{
			now: now, perMinute: h.AccountPerMinute, own: r.Definition.RatePerMinute, depth: depth, sharers: h.sharers, fed: h.fed,
			ahead: openFor(r.Definition, messages[0], now), horizon: r.Horizon,
		}
		quota, start := p.quota()
		p.sharers = 1
		alone, _ := p.quota()
		n := r.rowsOf(wanted, quota)
		h.hungry = n < r.rowsOf(wanted, alone)
		if n == 0 {
			return false
		}
		r.Feeding, r.FeedingAt, r.Horizon = rows[n-1].end, now, start
		if r.FirstFedAt.IsZero() {
			r.FirstFedAt = now
		}
		r.Workspaces = workspaces(r.Workspaces, messages[:n])
		return true
	})
	if more {
		h.intended = h.r.Feeding
	}
	return more, err
}

// rowsOf is how many of the next rows are fed if so many may be put on the queue.
func (r *Record) rowsOf(wanted []want, quota int) int {
	n := take(wanted, quota)
	if r.Step != (Step{}) {
		n = min(n, max(0, r.Step.End-r.Fed.Row))
	}
	return n
}

// enqueue puts the rows between Fed and Feeding on their queues, and writes down that they are there.
func (h *hand) enqueue(ctx context.Context) error {
	rows, err := h.rows(ctx, h.r, h.r.Fed, h.r.Feeding, h.r.Feeding.Byte-h.r.Fed.Byte)
	if err != nil {
		return err
	}
	messages := decode(rows)
	wanted, err := h.wanted(ctx, rows, messages)
	if err != nil {
		return err
	}
	repeats := h.r.Feeding != h.intended
	if repeats {
		if err := h.postpone(ctx); err != nil {
			return err
		}
	}
	now := h.Clock.Now()
	at, every := later(h.r.Horizon, now), between(h.r.Definition.RatePerMinute)
	lanes := map[delivery.Lane][]delivery.Record{}
	for i, m := range messages {
		if !wanted[i].queued {
			continue
		}
		lane := delivery.LaneOf(m)
		lanes[lane] = append(lanes[lane], delivery.Record{
			Body: rows[i].body, ID: m.ID, Group: m.Workspace.ID, Delay: min(maxDelay, at.Sub(now)),
			Recheck: repeats, Generation: wanted[i].generation,
		})
		at = at.Add(every)
	}
	for _, lane := range []delivery.Lane{delivery.NormalLane, delivery.BulkLane} {
		if records := lanes[lane]; len(records) > 0 {
			if err := h.Queues(lane).Enqueue(ctx, records...); err != nil {
				return fmt.Errorf("queue %d messages: %w", len(records), err)
			}
			h.depths[lane] += len(records)
			h.fed += len(records)
		}
	}
	_, err = h.change(ctx, func(r *Record) bool { // that they are there is so, whatever has become of the campaign
		r.Fed, r.Horizon, r.FedAt = r.Feeding, at, now
		r.fedBy(now)
		return true
	})
	return err
}

// postpone has rows that may be on the queue already come when the records that are there have been sent: then they cost the
// account no slot of its pace. Both at once would cost two, and what waits behind them would come at the account's rate. It is
// written down first, as this hand may end on the way as well.
func (h *hand) postpone(ctx context.Context) error {
	_, err := h.change(ctx, func(r *Record) bool {
		r.Horizon = later(r.Horizon, h.Clock.Now()).Add(repeatAfter)
		return true
	})
	return err
}

// want is whether a message has to be put on the queue, and which generation its record orders, as [delivery.Record] has it.
type want struct {
	queued     bool
	generation int
}

// wanted says which messages have to be put on the queue: all, in a first run, and later those that the ledger does not have,
// has on their way, has as rejected or failed with other content, or has as taken back by an earlier run.
func (h *hand) wanted(ctx context.Context, rows []planRow, messages []message.Message) ([]want, error) {
	wanted := slices.Repeat([]want{{queued: true}}, len(messages))
	if !h.r.Again {
		return wanted, nil
	}
	ids := make([]string, len(messages))
	for i, m := range messages {
		ids[i] = m.ID
	}
	items, err := h.Ledger.States(ctx, ids, h.Clock.Now())
	if err != nil {
		return nil, err
	}
	for i, m := range messages {
		item, found := items[m.ID]
		if !found {
			continue
		}
		fingerprint, err := rows[i].fingerprint(m)
		if err != nil {
			return nil, err
		}
		same := keeps(item, fingerprint)
		switch {
		case h.r.tookBackEarlier(item):
			wanted[i].generation = item.Generation + 1
		case item.State == delivery.Rejected || item.State == delivery.Failed:
			wanted[i].queued = !same
			if item.Replaces(fingerprint) {
				wanted[i].generation = item.Generation + 1
			}
		default:
			wanted[i].queued = same && !item.State.Final()
		}
	}
	return wanted, nil
}

// pause has the campaign wait for a person.
func (h *hand) pause(ctx context.Context, reason string) error {
	changed, err := h.change(ctx, func(r *Record) bool {
		if r.State != Running {
			return false
		}
		r.State, r.Reason = Paused, reason
		return true
	})
	if changed {
		h.stopped(ctx, h.r, "paused by itself")
	}
	return err
}

// depth is how much stands on a lane's queue, asked once in a tick.
func (t *tick) depth(ctx context.Context, lane delivery.Lane) (int, error) {
	if depth, ok := t.depths[lane]; ok {
		return depth, nil
	}
	depth, err := t.Backlogs(lane).Depth(ctx)
	if err != nil {
		return 0, fmt.Errorf("ask how much stands on the %s queue: %w", lane, err)
	}
	t.depths[lane] = depth
	return depth, nil
}

func decode(rows []planRow) []message.Message {
	messages := make([]message.Message, len(rows))
	for i, row := range rows {
		messages[i] = row.message()
	}
	return messages
}

// workspaces are those that are known and those of the messages, as far as there are few.
func workspaces(known []string, messages []message.Message) []string {
	all := slices.Clone(known)
	for _, m := range messages {
		if len(all) < maxWorkspaces && len(m.Workspace.ID) <= maxWorkspace && !slices.Contains(all, m.Workspace.ID) {
			all = append(all, m.Workspace.ID)
		}
	}
	return all
}
