package delivery

import (
	"bytes"
	"encoding/binary"
	"errors"
	"fmt"
	"hash/maphash"
	"slices"
	"time"
)

// key tells states apart. Revisions count only by whether they are the one that stands, times by how far off they are, and
// which worker is which does not count.
func (w world) key() [2]uint64 {
	k := make(key, 0, 512)
	k.numbers(w.left.messages, w.left.deliveries, w.left.ticks, w.left.ends, w.left.cancels, w.left.moves, w.left.orders, w.seconds(w.paused))
	for m := range messages {
		k.flags(w.records[m].gone)
		k.flags(w.ordered[m].gone)
		k.numbers(w.records[m].deliveries, w.ordered[m].deliveries, w.ordered[m].generation, w.accepted[m])
		w.appendItem(&k, w.ledger[m], w.ledger[m])
	}
	var each [workers][]byte
	for worker := range workers {
		one := make(key, 0, 128)
		for m := range messages {
			w.appendThread(&one, w.threads[worker][m], m)
		}
		each[worker] = one
	}
	slices.SortFunc(each[:], bytes.Compare)
	for _, one := range each {
		k.numbers(len(one))
		k = append(k, one...)
	}
	return [2]uint64{maphash.Bytes(seeds[0], k), maphash.Bytes(seeds[1], k)}
}

var seeds = [2]maphash.Seed{maphash.MakeSeed(), maphash.MakeSeed()}

// key gathers what tells states apart.
type key []byte

func (k *key) numbers(all ...int) {
	for _, n := range all {
		*k = binary.AppendVarint(*k, int64(n))
	}
}

func (k *key) flags(all ...bool) {
	for _, set := range all {
		if set {
			*k = append(*k, 1)
		} else {
			*k = append(*k, 0)
		}
	}
}

func (k *key) text(s string) { *k = append(append(*k, s...), 0) }

func (k *key) outcome(o *outcome) {
	switch {
	case o == nil:
		k.text("none")
	case o.err == nil:
		k.text("ok" + o.response.ID)
	default:
		k.text(fmt.Sprintf("%T", o.err))
		limited := o.notSent().RateLimited
		k.flags(limited, errors.Is(o.err, errUnused))
	}
}

// seconds is how far off a time is; what has passed is all the same.
func (w world) seconds(at time.Time) int { return max(-1, int(at.Sub(w.now).Seconds())) }

func (w world) appendThread(k *key, t *thread, m int) {
	k.flags(t != nil)
	if t == nil {
		return
	}
	k.text(string(t.course.awaits))
	k.flags(t.course.by != nil, t.todo.result.Done, t.held, t.ordered)
	k.numbers(t.course.races)
	if t.course.claim != nil {
		k.outcome(&t.course.posted)
		k.outcome(t.answer)
	}
	if t.course.awaits == write || t.course.awaits == hold {
		k.numbers(int(t.course.decided.verdict))
		w.appendItem(k, &t.todo.item, w.ledger[m])
	}
	w.appendItem(k, t.course.standing, w.ledger[m])
	w.appendItem(k, t.course.claim, w.ledger[m])
}

func (w world) appendItem(k *key, i, standing *Item) {
	k.flags(i != nil)
	if i == nil {
		return
	}
	k.text(string(i.State))
	k.numbers(i.Step, i.Attempts, i.Generation, w.seconds(i.Lease), w.seconds(i.NotBefore))
	k.flags(i.Resent, standing != nil && i.Revision == standing.Revision, standing != nil && i.Owner == standing.Owner)
}
