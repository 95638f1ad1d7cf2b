// Package delivery is what happens to a message between being accepted and coming
// to rest: sent at most once, or listed with the reason why not.
//
// What is to happen is decided by six tables of rules (arriving.go, ending.go,
// cancel.go, move.go) over the [Item] that the ledger holds; [StateTable] writes them down.
// A course (course.go) takes a record through them: told what came of the last
// effect, and what time it is, it says which effect comes next. It does nothing
// itself. The effects are seven: look at the item, reserve a slot, write the item on
// condition, post, hold the account, schedule the record for later, and end. [Sender] carries them out, each
// through a small interface that this package defines: the [Ledger], the [Pacer],
// the [Poster], the [Keys], the [Scheduler] and the [Clock]. Writing an item that waits includes noting it
// under its cancelKey, in the [CancelKeys]. A [Batch] shares the slots among records that are delivered at the
// same time.
//
// The rule that everything rests on: a message is claimed in the ledger, by one
// conditional write, before it is posted. Whoever did not write the claim does
// not post; and a claim whose outcome nobody recorded is not taken over but
// becomes [Unknown], because the message may have been sent.
package delivery
