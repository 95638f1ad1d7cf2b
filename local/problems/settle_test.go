package main

import (
	"errors"
	"strings"
	"testing"

	"dmlysender/shared/delivery"
)

const why = "it is not known whether it was sent"

func TestASettlementSaysWhereTheMessageStoodAndWhatHasHappened(t *testing.T) {
	t.Parallel()
	for name, tt := range map[string]struct {
		state delivery.State
		as    delivery.Settlement
		want  string
		to    delivery.State
		queue int
	}{
		"it has arrived":    {delivery.Unknown, delivery.SettleSent, "order-1042 is settled as sent, and off the list.", delivery.Sent, 0},
		"send it again":     {delivery.Unknown, delivery.SettleResend, "order-1042 is queued again as generation 2.", delivery.Accepted, 1},
		"send a failed one": {delivery.Failed, delivery.SettleResend, "order-1042 is queued again as generation 2.", delivery.Accepted, 1},
		"let it be":         {delivery.Unknown, delivery.SettleDrop, "order-1042 stays unknown, and is off the list; its content is not kept any longer.", delivery.Unknown, 0},
		"let a refused be":  {delivery.Rejected, delivery.SettleDrop, "order-1042 stays rejected, and is off the list; its content is not kept any longer.", delivery.Rejected, 0},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			o := newOffice(t, resting(t, "order-1042", tt.state, 0, why+" by "+private))
			got, err := o.settle(order{id: "order-1042", as: tt.as})
			want := "order-1042 is " + string(tt.state) + " since 2026-11-23T12:00:00Z: generation 1, attempts 3, " + why + " by +…\n" + tt.want + "\n"
			if err != nil || got != want {
				t.Errorf("got %q, %v\nwant %q", got, err, want)
			}
			item := o.item("order-1042")
			last := item.History[len(item.History)-1]
			if item.State != tt.to || item.NeedsAttention() || !strings.HasSuffix(last.Reason, " by ana") || len(o.normal.records) != tt.queue {
				t.Errorf("it stands as %+v with %d records", item, len(o.normal.records))
			}
			if list, err := o.list(); err != nil || list != "No message needs attention.\n" {
				t.Errorf("it is on the list: %s%v", list, err)
			}
		})
	}
}

func TestAResendGoesToTheQueueOfItsLane(t *testing.T) {
	t.Parallel()
	bulk := resting(t, "order-1", delivery.Unknown, 0, why)
	bulk.Content = []byte(strings.Replace(string(bulk.Content), "{", `{"priority": "bulk", `, 1))
	o := newOffice(t, bulk)
	if _, err := o.settle(order{id: "order-1", as: delivery.SettleResend}); err != nil {
		t.Fatal(err)
	}
	if len(o.normal.records) != 0 || len(o.bulk.records) != 1 {
		t.Fatalf("%d records on the normal queue, %d on the bulk queue", len(o.normal.records), len(o.bulk.records))
	}
	if r := o.bulk.records[0]; r.ID != "order-1" || r.Generation != 2 || r.Group != "W1" || string(r.Body) != string(bulk.Content) {
		t.Errorf("got %+v", r)
	}
}

func TestOnlyTheGenerationThatWasSeenIsSettled(t *testing.T) {
	t.Parallel()
	for name, tt := range map[string]struct {
		generation int
		as         delivery.Settlement
		said, err  string
		to         delivery.State
	}{
		"the one that stands":   {2, delivery.SettleSent, "order-1 is settled as sent, and off the list.", "", delivery.Sent},
		"an earlier, as sent":   {1, delivery.SettleSent, "", "generation 1 of order-1 has been followed by generation 2, which is unknown, so nothing was changed", delivery.Unknown},
		"an earlier, dropped":   {1, delivery.SettleDrop, "", "generation 1 of order-1 has been followed by generation 2, which is unknown, so nothing was changed", delivery.Unknown},
		"an earlier, resent":    {1, delivery.SettleResend, "generation 1 of order-1 has been followed by generation 2, which is unknown.", "", delivery.Unknown},
		"one that is not there": {3, delivery.SettleSent, "", "this cannot be settled so: it has no generation 3 yet", delivery.Unknown},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			second := resting(t, "order-1", delivery.Unknown, 0, why)
			second.Generation = 2
			o := newOffice(t, second)
			got, err := o.settle(order{id: "order-1", as: tt.as, generation: tt.generation})
			stood, said, _ := strings.Cut(strings.TrimSuffix(got, "\n"), "\n")
			if !strings.HasPrefix(stood, "order-1 is unknown since ") || said != tt.said || text(err) != tt.err {
				t.Errorf("got %q and %v, want %q and %q", got, err, tt.said, tt.err)
			}
			if item := o.item("order-1"); item.State != tt.to || item.Generation != 2 || len(o.normal.records) != 0 {
				t.Errorf("it stands as %+v with %d records", item, len(o.normal.records))
			}
		})
	}
}

func text(err error) string {
	if err == nil {
		return ""
	}
	return err.Error()
}

// A worker may take the record before the ledger has the order.
func TestAnOrderThatAWorkerCarriesOutAtOnceIsDone(t *testing.T) {
	t.Parallel()
	o := newOffice(t, resting(t, "order-1", delivery.Unknown, 0, why))
	o.normal.meanwhile = func(r delivery.Record) {
		next := resting(t, r.ID, delivery.Sending, 1, "")
		next.Generation = r.Generation
		o.put(next)
	}
	got, err := o.settle(order{id: "order-1", as: delivery.SettleResend})
	if want := "generation 1 of order-1 has been followed by generation 2, which is sending.\n"; err != nil || !strings.HasSuffix(got, want) {
		t.Errorf("got %q, %v, want %q", got, err, want)
	}
	if len(o.normal.records) != 1 {
		t.Errorf("%d records, want 1", len(o.normal.records))
	}
}

func TestWhatCannotBeSettledIsSaidAndLeftAlone(t *testing.T) {
	t.Parallel()
	dropped := resting(t, "order-1", delivery.Unknown, 0, why)
	dropped.Dropped = true
	for name, tt := range map[string]struct {
		item  delivery.Item
		as    delivery.Settlement
		stood string
		want  string
	}{
		"another id": {resting(t, "order-2", delivery.Unknown, 0, why), delivery.SettleSent, "", "order-1: " + delivery.ErrNotFound.Error()},
		"sent":       {resting(t, "order-1", delivery.Sent, 0, ""), delivery.SettleResend, "order-1 is sent since 2026-11-23T12:00:00Z: generation 1, attempts 3\n", `a message that is sent cannot be settled as "resend": only an unknown or a failed one can; `},
		"rejected":   {resting(t, "order-1", delivery.Rejected, 0, why), delivery.SettleResend, "order-1 is rejected ", "what was rejected has to be mended, and sent again under the same id"},
		"dropped":    {dropped, delivery.SettleResend, "order-1 is unknown since 2026-11-23T12:00:00Z: generation 1, attempts 3, dropped, " + why, `a message that was dropped cannot be settled as "resend" any more`},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			o := newOffice(t, tt.item)
			before := o.item(tt.item.ID)
			got, err := o.settle(order{id: "order-1", as: tt.as})
			if !strings.HasPrefix(got, tt.stood) || strings.Count(got, "\n") > 1 || !strings.Contains(text(err), tt.want) || strings.Contains(text(err), "GENERATION") {
				t.Errorf("got %q and %v, want %q and %q", got, err, tt.stood, tt.want)
			}
			if after := o.item(tt.item.ID); after.Revision != before.Revision || len(o.normal.records) != 0 {
				t.Errorf("it changed to %+v with %d records", after, len(o.normal.records))
			}
		})
	}
}

func TestAnOrderThatMayHaveBeenTakenIsToBeRepeatedForItsGeneration(t *testing.T) {
	t.Parallel()
	for name, tt := range map[string]struct {
		as    delivery.Settlement
		fails func(*office)
		again bool
	}{
		"the queue does not answer":              {delivery.SettleResend, func(o *office) { o.normal.err = errNoAnswer }, true},
		"the ledger does not answer, afterwards": {delivery.SettleResend, func(o *office) { o.ledger.puts = true }, true},
		"the ledger does not answer, as sent":    {delivery.SettleSent, func(o *office) { o.ledger.puts = true }, false},
		"the ledger cannot be read":              {delivery.SettleResend, func(o *office) { o.ledger.gets = true }, false},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			o := newOffice(t, resting(t, "order-1", delivery.Unknown, 0, why))
			tt.fails(o)
			_, err := o.settle(order{id: "order-1", as: tt.as})
			const again = "it may be sent again all the same: to try once more without harm, make settle STACK=dmly-test ID=order-1 AS=resend GENERATION=1"
			if !errors.Is(err, errNoAnswer) || strings.HasSuffix(text(err), again) != tt.again {
				t.Errorf("got %v, want it to end so: %v", err, tt.again)
			}
		})
	}
}
