package delivery

import (
	"fmt"
	"slices"
	"testing"
	"time"

	"dmlysender/prove/tally"
	"dmlysender/shared/dmly"
)

// The model: workers take records of messages, and a course decides for each. Every effect, every tick of the clock, every
// further delivery and every end of a worker may come at any time, and all orders of them are tried. A post is two steps,
// what DMLY does and that its answer is read, so that a worker can sleep in between and wake up late.
const (
	workers  = 2
	messages = 2
)

// bounds keep the model finite: how many messages there are, how often each is delivered, how often the clock moves on, a
// worker ends, a person cancels or moves a message, and a further run of a campaign orders one that was taken back, and how many
// of the answers there are; ahead is after how many ticks the messages are to go.
type bounds struct{ messages, deliveries, ticks, ends, answers, cancels, moves, orders, ahead int }

// tick is longer than a lease with its grace, than the wait before a resend, and than a queue holds a record.
const tick = soon + time.Minute

// leaseFor is how long a claim lasts.
const leaseFor = 27 * time.Second

// world is one state of the model. It is copied for each step; what its pointers lead to is never changed.
type world struct {
	now    time.Time
	paused time.Time
	ledger [messages]*Item
	// records are the first of each message, and ordered those of its next generation.
	records, ordered [messages]recordState
	threads          [workers][messages]*thread
	// accepted is how often DMLY took each message.
	accepted [messages]int
	// claims number the owners, writes the revisions.
	claims, writes [messages]int
	left           bounds
}

type recordState struct {
	gone       bool
	deliveries int
	// generation is the one that it orders, if it does.
	generation int
}

// thread is one worker's course of one message.
type thread struct {
	course course
	todo   effect
	// answer is what DMLY has done with a post, before the worker knows.
	answer *outcome
	// held says that another record will come, as it was scheduled.
	held bool
	// ordered says that it has the record of the next generation.
	ordered bool
}

func (t *thread) clone() *thread {
	next := *t
	return &next
}

type checker struct {
	t       *testing.T
	resend  [messages]bool
	sendAt  time.Time
	seen    map[[2]uint64]struct{}
	counts  tally.Counts
	reached map[State]bool
}

func (c *checker) arrival(m, generation int) arrival {
	return arrival{generation: generation, id: fmt.Sprint("m", m), fingerprint: "f", content: []byte("content"), steps: 1 + m%2, resend: c.resend[m], sendAt: c.sendAt}
}

// answers are what a post may come to; accepted says which of them DMLY took.
var answers = []struct {
	outcome  outcome
	accepted bool
}{
	{outcome{response: dmly.MessageResponse{ID: "d"}}, true},
	{outcome{err: &dmly.UnknownError{}}, true},
	{outcome{err: &dmly.NotSentError{RateLimited: true}}, false},
	{outcome{err: &dmly.UnknownError{}}, false},
	{outcome{err: &dmly.NotSentError{}}, false},
	{outcome{err: &dmly.RejectedError{}}, false},
}

// explore tries everything from a state on. It is a depth-first search with the states that it has seen.
func (c *checker) explore(w world) {
	stack := []world{w}
	for len(stack) > 0 && !c.t.Failed() {
		w := stack[len(stack)-1]
		stack = stack[:len(stack)-1]
		key := w.key()
		if _, seen := c.seen[key]; seen {
			continue
		}
		c.seen[key] = struct{}{}
		next := c.steps(w)
		c.counts["steps"] += len(next)
		stack = append(stack, next...)
	}
}

// steps are all states that may follow.
func (c *checker) steps(w world) []world {
	var all []world
	for worker := range workers {
		ended := w
		busy := false
		for m := range w.left.messages {
			if w.threads[worker][m] == nil {
				for _, ordered := range []bool{false, true} {
					if next, ok := c.receive(w, worker, m, ordered); ok {
						all = append(all, next)
					}
				}
				continue
			}
			busy = true
			ended.threads[worker][m] = nil
			all = append(all, c.step(w, worker, m)...)
		}
		if busy && w.left.ends > 0 {
			ended.left.ends--
			all = append(all, ended)
		}
	}
	for m := range w.left.messages {
		if next, ok := c.cancel(w, m); ok {
			all = append(all, next)
		}
		if next, ok := c.order(w, m); ok {
			all = append(all, next)
		}
		for _, to := range []time.Time{w.now, w.now.Add(tick)} {
			if next, ok := c.move(w, m, to); ok {
				all = append(all, next)
			}
		}
	}
	if w.left.ticks > 0 {
		later := w
		later.now = w.now.Add(tick)
		later.left.ticks--
		all = append(all, later)
	}
	return all
}

// receive gives the record of a message to a worker, also while another one has it: a queue does that.
func (c *checker) receive(w world, worker, m int, ordered bool) (world, bool) {
	record := w.record(m, ordered)
	if record.gone || ordered && record.generation == 0 || record.deliveries >= w.left.deliveries {
		return w, false
	}
	t := &thread{ordered: ordered, course: course{record: c.arrival(m, record.generation), looksFirst: record.deliveries > 0 || ordered}}
	t.course.retry.Float64 = func() float64 { return 0 }
	t.todo = t.course.next(event{}, w.now)
	record.deliveries++
	w.threads[worker][m] = t
	return w, true
}

func (w *world) record(m int, ordered bool) *recordState {
	if ordered {
		return &w.ordered[m]
	}
	return &w.records[m]
}

// order has a further run of a campaign order a message that an earlier one has taken back, though a worker may still have the
// record of that.
func (c *checker) order(w world, m int) (world, bool) {
	item := w.ledger[m]
	if w.left.orders == 0 || item == nil || item.State != Cancelled || w.ordered[m].generation > 0 {
		return w, false
	}
	w.left.orders--
	w.ordered[m].generation = item.Generation + 1
	return w, true
}

// step carries out the next effect of a thread, in all ways in which it may come out.
func (c *checker) step(w world, worker, m int) []world {
	t := w.threads[worker][m].clone()
	goOn := func(e event) []world {
		t.todo = t.course.next(e, w.now)
		w.threads[worker][m] = t
		return []world{w}
	}
	switch t.todo.kind {
	case look:
		return goOn(event{item: w.ledger[m]})
	case reserve:
		if w.paused.After(w.now) {
			return goOn(event{retryAt: w.paused})
		}
		w.claims[m]++
		return goOn(event{by: claimant{owner: fmt.Sprintf("%d.%d", worker, w.claims[m]), lease: w.now.Add(leaseFor)}})
	case write:
		return goOn(c.write(&w, t, m))
	case post:
		return c.post(w, t, worker, m)
	case hold:
		w.paused = w.now.Add(tick)
		return goOn(event{})
	case schedule:
		t.held = true
		return goOn(event{held: true})
	default:
		w.threads[worker][m] = nil
		if t.todo.result.Done && !t.held {
			w.record(m, t.ordered).gone = true
			c.rested(w, m)
		}
		return []world{w}
	}
}

// write is the ledger, and looks at who writes what over what.
func (c *checker) write(w *world, t *thread, m int) event {
	before := w.ledger[m]
	over := ""
	if before != nil {
		over = before.Revision
	}
	if over != t.todo.over {
		return event{item: before}
	}
	w.writes[m]++
	after := t.todo.item
	after.Revision = fmt.Sprint("r", w.writes[m])
	w.ledger[m] = &after
	c.reached[after.State] = true
	ours := t.course.claim != nil && before != nil && before.Owner == t.course.claim.Owner
	switch {
	case before == nil:
	case before.State == Sending && after.State == Sending:
		c.t.Errorf("a claim was taken over: %+v, %+v", before, after)
	case t.course.claim != nil && !ours:
		c.t.Errorf("an owner whose token was replaced wrote %s over %s", after.State, before.State)
	case before.State == Sending && !ours && w.now.Before(before.Lease.Add(leaseGrace)):
		c.t.Errorf("%s was concluded of a claim whose owner may live", after.State)
	case before.State == Scheduled && after.State == Sending && w.now.Before(before.NotBefore):
		c.t.Errorf("it was claimed at %v, and is to go at %v", w.now, before.NotBefore)
	case before.State == Cancelled && t.ordered && after.Generation == before.Generation+1:
	case before.State.Final() && before.State != Unknown:
		c.t.Errorf("%s was written over %s", after.State, before.State)
	}
	if after.State == Sent && w.accepted[m] == 0 {
		c.t.Errorf("sent is recorded of what DMLY never took")
	}
	return event{item: &after, written: true}
}

// cancel has a person take a message back. It is one step: its write counts only if what it has read still stands.
func (c *checker) cancel(w world, m int) (world, bool) {
	if w.left.cancels == 0 || w.ledger[m] == nil {
		return w, false
	}
	d := cancelling.decide(situation{item: w.ledger[m], person: "ops", run: "run 1", now: w.now})
	if d.item == nil {
		return w, false
	}
	if d.item.State == Cancelled && w.accepted[m] > 0 {
		c.t.Errorf("message %d was cancelled, and DMLY had taken it: %+v", m, w.ledger[m])
	}
	w.left.cancels--
	w.writes[m]++
	d.item.Revision = fmt.Sprint("r", w.writes[m])
	w.ledger[m] = d.item
	c.reached[d.item.State] = true
	return w, true
}

// move has a person move a message, in one step like a cancellation. What it brings is the record that is there anyway.
func (c *checker) move(w world, m int, to time.Time) (world, bool) {
	if w.left.moves == 0 || w.ledger[m] == nil {
		return w, false
	}
	record := c.arrival(m, 0)
	record.sendAt = to
	d := moving.decide(situation{record: record, item: w.ledger[m], person: "ops", now: w.now})
	if d.item == nil {
		return w, false
	}
	w.left.moves--
	w.writes[m]++
	d.item.Revision = fmt.Sprint("r", w.writes[m])
	w.ledger[m] = d.item
	return w, true
}

// post is first what DMLY does, then the answer.
func (c *checker) post(w world, t *thread, worker, m int) (all []world) {
	if t.answer != nil {
		answer := *t.answer
		t.answer = nil
		t.todo = t.course.next(event{post: answer}, w.now)
		w.threads[worker][m] = t
		return []world{w}
	}
	if t.course.claim.Lease.Sub(w.now) < postTime/2 {
		late := outcome{err: errUnused}
		t.answer = &late
		w.threads[worker][m] = t
		return []world{w}
	}
	for _, a := range answers[:w.left.answers] {
		next, thread := w, t.clone()
		thread.answer = &a.outcome
		next.threads[worker][m] = thread
		if a.accepted {
			next.accepted[m]++
			most := 1
			if c.resend[m] {
				most = 2
			}
			if next.accepted[m] > most {
				c.t.Errorf("DMLY took message %d %d times: %+v", m, next.accepted[m], w.ledger[m])
			}
			if w.ledger[m].State == Cancelled {
				c.t.Errorf("DMLY took message %d when it was cancelled: %+v", m, w.ledger[m])
			}
		}
		all = append(all, next)
	}
	return all
}

// rested looks at a record that was acknowledged.
func (c *checker) rested(w world, m int) {
	item := w.ledger[m]
	next := w.ordered[m] // what it orders may be on its way, by a record of its own
	switch {
	case item != nil && item.Generation == next.generation && !next.gone && !item.State.Final():
	case item == nil || !item.State.Final():
		c.t.Errorf("message %d was acknowledged, and stands as %+v", m, item)
	case (item.State == Rejected || item.State == Failed || item.State == Cancelled) && w.accepted[m] > 0:
		c.t.Errorf("message %d is %s, and DMLY took it", m, item.State)
	}
	c.counts["rests"]++
}

// TestModel tries all orders of what two workers do with two messages, each delivered more than once, while leases end,
// workers end or sleep, and a person cancels them or moves them to another time.
func TestModel(t *testing.T) {
	t.Parallel()
	limits := []bounds{
		{messages: 1, deliveries: 2, ticks: 2, ends: 1, answers: 3, cancels: 1},
		{messages: 2, deliveries: 2, ticks: 0, ends: 0, answers: 1},
		{messages: 1, deliveries: 3, ticks: 2, ends: 1, answers: 2, cancels: 1, moves: 1, ahead: 1},
		{messages: 1, deliveries: 2, ticks: 1, ends: 1, answers: 3, cancels: 2, orders: 1},
	}
	if tally.Full() {
		limits = []bounds{
			{messages: 1, deliveries: 3, ticks: 2, ends: 2, answers: len(answers), cancels: 1},
			{messages: 2, deliveries: 2, ticks: 1, ends: 1, answers: 2},
			{messages: 1, deliveries: 4, ticks: 3, ends: 1, answers: 3, cancels: 1, moves: 2, ahead: 1},
			{messages: 1, deliveries: 2, ticks: 2, ends: 1, answers: 3, cancels: 2, orders: 1},
		}
	}
	counts := tally.Counts{}
	for _, limit := range limits {
		c := &checker{t: t, resend: [messages]bool{limit.messages == 1, true}, seen: map[[2]uint64]struct{}{}, counts: counts, reached: map[State]bool{}}
		if limit.ahead > 0 {
			c.sendAt = noon.Add(time.Duration(limit.ahead) * tick)
		}
		start := world{now: noon, left: limit}
		c.explore(start)
		first := c.arrival(0, 0).first().accepted(c.arrival(0, 0), noon) // the same, with a message that came over HTTP
		first.Revision = "r0"
		start.ledger[0] = &first
		c.explore(start)
		counts["states"] += len(c.seen)
		var reached []State
		for state := range c.reached {
			reached = append(reached, state)
		}
		slices.Sort(reached)
		t.Logf("%+v: %d states; messages were %v", limit, len(c.seen), reached)
	}
	tally.Report(t, "model", counts)
}
