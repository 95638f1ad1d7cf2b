package ledgertest

import (
	"fmt"
	"slices"
	"strings"
	"time"

	"github.com/anishathalye/porcupine"

	"dmlysender/shared/delivery"
)

// register is what one client after the other would find under an id: the model that a ledger with many is compared with.
// Its zero value is nothing.
type register struct {
	revision string
	forgetAt time.Time
}

// call is a Put of a revision over another one, or a Get if it has no revision.
type call struct {
	id, revision, over string
	now, forgetAt      time.Time
}

// answer is what a client was told. A lost one tells nothing: the call took effect, or will, or never does.
type answer struct {
	revision string
	ok       bool
	lost     bool
}

// then is the register after the call, and the answer to it.
func (r register) then(c call) (register, answer) {
	stands := r
	if !c.now.Before(r.forgetAt) {
		stands = register{}
	}
	switch {
	case c.revision == "":
		return r, answer{revision: stands.revision, ok: stands.revision != ""}
	case c.revision == stands.revision:
		return r, answer{revision: c.revision, ok: true}
	case c.over == stands.revision:
		return register{c.revision, c.forgetAt}, answer{revision: c.revision, ok: true}
	default:
		return r, answer{revision: stands.revision}
	}
}

// model checks a history id by id: the ledger promises nothing about the order of what concerns two.
var model = porcupine.Model{
	Partition: func(history []porcupine.Operation) [][]porcupine.Operation {
		var ids []string
		byID := map[string][]porcupine.Operation{}
		for _, op := range history {
			id := callOf(op).id
			if byID[id] == nil {
				ids = append(ids, id)
			}
			byID[id] = append(byID[id], op)
		}
		parts := make([][]porcupine.Operation, len(ids))
		for i, id := range ids {
			parts[i] = byID[id]
		}
		return parts
	},
	Init: func() any { return register{} },
	Step: func(state, input, output any) (bool, any) {
		before, _ := state.(register)
		c, _ := input.(call)
		told, _ := output.(answer)
		after, want := before.then(c)
		return told.lost || told == want, after
	},
}

func callOf(op porcupine.Operation) call {
	c, _ := op.Input.(call)
	return c
}

// judge says what is wrong with a history; nothing if its calls can be put in an order, each at a moment between its
// beginning and its end, in which one client alone would have got these answers.
func judge(history []porcupine.Operation) string {
	const limit = 30 * time.Second
	switch porcupine.CheckOperationsTimeout(model, history, limit) {
	case porcupine.Ok:
		return ""
	case porcupine.Illegal:
		return "no order of these calls explains their answers:\n" + describe(history)
	default:
		return fmt.Sprintf("no order of these calls was found to explain their answers within %v:\n%s", limit, describe(history))
	}
}

// describe has one line for each call, in the order in which they began, of the ids that cannot be explained.
func describe(history []porcupine.Operation) string {
	var b strings.Builder
	for _, part := range model.Partition(history) {
		if porcupine.CheckOperationsTimeout(model, part, time.Second) == porcupine.Ok {
			continue
		}
		slices.SortFunc(part, func(a, b porcupine.Operation) int { return int(a.Call - b.Call) })
		for _, op := range part {
			fmt.Fprintf(&b, "%4d to %4d  client %d: %+v: %+v\n", op.Call, op.Return, op.ClientId, op.Input, op.Output)
		}
	}
	return b.String()
}

// told is the answer that an item makes. One whose fields are not those that were written under its revision is an answer
// that no order explains.
func told(item delivery.Item, ok bool, written delivery.Item) answer {
	if item.Revision != "" && !equal(item, written) {
		return answer{revision: item.Revision + ", with fields of another", ok: ok}
	}
	return answer{revision: item.Revision, ok: ok}
}
