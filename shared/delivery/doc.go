// Package delivery is what happens to a message between being accepted and coming
// to rest: sent at most once, or listed with the reason why not.
//
// What is to happen is decided by pure functions (decide.go, settle.go) over the
// [Item] that the ledger holds. What is done about it are few effects, each
// behind a small interface that this package defines: the [Ledger], the [Pacer],
// the [Poster], the [Keys] and the [Clock]. [Sender] carries them out.
//
// The rule that everything rests on: a message is claimed in the ledger, by one
// conditional write, before it is posted. Whoever did not write the claim does
// not post; and a claim whose outcome nobody recorded is not taken over but
// becomes [Unknown], because the message may have been sent.
package delivery
