package delivery

import (
	"fmt"
	"strings"
	"time"
)

// situation is all that a decision depends on: what has happened, to which item, and when.
type situation struct {
	// record is what a record asks for.
	record arrival
	// item is what stands under the message's id, nil if nothing does. After a post it is the claim.
	item *Item
	// by is who would own a claim.
	by claimant
	// post is what a post came to.
	post outcome
	// next is what an owner would write if it found its claim, and not this item.
	next *Item
	// person is who wants the message back, or at another time, and run the run of a campaign that they want back with it.
	person, run string
	retry       Retry
	now         time.Time
}

// decision is what to do.
type decision struct {
	verdict verdict
	// item is to be written over the one that stands; nil if nothing is.
	item *Item
	// at is when to come back.
	at time.Time
	// pause is what the whole account has to do.
	pause pause
}

// verdict is what becomes of the record once the item is written.
type verdict int

const (
	// rest: it has nothing more to do and is acknowledged.
	rest verdict = iota
	// claim: it posts the message.
	claim
	// comeBack: it comes back at decision.at, or goes on at once if that has come.
	comeBack
	// putOff: it is brought back at decision.at, by a schedule or, if that is soon, by the queue.
	putOff
	// conflict: its id belongs to another message; it is recorded as rejected elsewhere.
	conflict
	// outdated: it is of an earlier generation, or of content that was refused and corrected since.
	outdated
)

// pause is what a post may mean for all messages of the account.
type pause struct {
	// delay is how long DMLY asked to wait; 0 if it did not.
	delay time.Duration
	// keyRefused says that DMLY refused the key.
	keyRefused bool
}

// rule is one row of the state table: when it holds, and what is done then.
type rule struct {
	when, then string
	holds      func(s situation) bool
	// to are the states that do may lead to; none if it leaves the item as it is, or leads on to another table.
	to []State
	do func(s situation) decision
}

// table is read from its first row down; the first that holds decides. The last row always holds.
type table []rule

func (t table) decide(s situation) decision {
	for _, r := range t {
		if r.holds(s) {
			return r.do(s)
		}
	}
	panic("delivery: no rule holds") // a test sees to it that the last one always does
}

// always is what the last row of a table holds.
func always(situation) bool { return true }

// StateTable is the whole of the decisions as a table in Markdown. The README has it, and a test compares them.
func StateTable() string {
	var b strings.Builder
	for _, part := range []struct {
		title string
		table table
	}{
		{"A record arrives. What stands under its id:", arriving},
		{"Before a claim:", starting},
		{"The post has ended:", ending},
		{"Somebody took its slow owner for dead meanwhile:", overtaking},
		{"Somebody cancels it. What stands:", cancelling},
		{"Somebody moves it to another `sendAt`. What stands:", moving},
	} {
		fmt.Fprintf(&b, "| %s | |\n|---|---|\n", part.title)
		for _, r := range part.table {
			fmt.Fprintf(&b, "| %s | %s |\n", r.when, r.then)
		}
		b.WriteByte('\n')
	}
	return b.String()
}
