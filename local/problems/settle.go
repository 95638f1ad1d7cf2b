package main

import (
	"cmp"
	"context"
	"crypto/rand"
	"errors"
	"fmt"
	"io"

	"dmlysender/shared/delivery"
)

// order is what a person decided about a message.
type order struct {
	id string
	as delivery.Settlement
	// generation is the one that the person saw; 0 for the one that stands.
	generation int
	by         string
}

// settle prints where the message stands, carries the order out, and prints what has happened.
func (d desk) settle(ctx context.Context, o order, stdout io.Writer) error {
	item, found, err := d.ledger.Get(ctx, o.id, d.clock.Now())
	if err != nil {
		return err
	}
	if !found {
		return fmt.Errorf("%s: %w", o.id, delivery.ErrNotFound)
	}
	fmt.Fprintln(stdout, stands(item))
	generation := cmp.Or(o.generation, item.Generation)
	sender := &delivery.Sender{Ledger: d.ledger, Clock: d.clock, NewToken: rand.Text}
	queued := false
	got, err := sender.Settle(ctx, o.id, generation, o.as, o.by, func(lane delivery.Lane) delivery.Queue {
		queued = true
		return d.queues.For(lane)
	})
	switch {
	case err != nil && queued && !errors.Is(err, delivery.ErrNotSettled):
		// Without the generation, the order could be given for one that this very order has started.
		return fmt.Errorf("%w; it may be sent again all the same: to try once more without harm, make settle STACK=%s ID=%s AS=%s GENERATION=%d",
			err, d.stack, o.id, o.as, generation)
	case err != nil:
		return err
	case got.Generation > generation && o.as != delivery.SettleResend:
		return fmt.Errorf("%s, so nothing was changed", followed(got, generation))
	}
	fmt.Fprintln(stdout, settled(got, o.as, generation)+".")
	return nil
}

// stands says where the message stands.
func stands(i delivery.Item) string {
	line := fmt.Sprintf("%s is %s since %s: generation %d, attempts %d", i.ID, i.State, since(i), i.Generation, i.Attempts)
	if i.Dropped {
		line += ", dropped"
	}
	if i.Reason != "" {
		line += ", " + brief(i.Reason)
	}
	return line
}

// settled says what has become of the generation that was settled.
func settled(got delivery.Item, as delivery.Settlement, generation int) string {
	switch {
	case as == delivery.SettleSent:
		return got.ID + " is settled as sent, and off the list"
	case as == delivery.SettleDrop:
		return fmt.Sprintf("%s stays %s, and is off the list; its content is not kept any longer", got.ID, got.State)
	case got.Generation == generation+1 && got.State == delivery.Accepted:
		return fmt.Sprintf("%s is queued again as generation %d", got.ID, got.Generation)
	default: // the worker was faster, or the same order was given before
		return followed(got, generation)
	}
}

func followed(got delivery.Item, generation int) string {
	return fmt.Sprintf("generation %d of %s has been followed by generation %d, which is %s", generation, got.ID, got.Generation, got.State)
}
