// Package sim proves delivery in a simulation: the real handlers, sender, client, key cache and pace, with the ledger in
// memory, the simulator of package dmlytest in DMLY's place, and everything around them as package hostile has it. Time is
// that of a [testing/synctest] bubble, so that a schedule of hours takes milliseconds, and a seed repeats it.
package sim

import (
	"context"
	"fmt"
	"sync"
	"time"

	"dmlysender/shared/delivery"
	"dmlysender/shared/dmlytest"
	"dmlysender/shared/hostile"
	"dmlysender/shared/ledger"
	"dmlysender/shared/pace"
)

const (
	// perMinute is the account's rate, in the worker as in the simulator.
	perMinute = 100
	// invocation and visibility are those of the template.
	invocation = 30 * time.Second
	visibility = 3 * time.Minute
	batchSize  = 10
	// patience is how long a world may take to come to rest.
	patience = 4 * 24 * time.Hour
)

// World is everything outside the programs under test, and the judge of what they do to it.
type World struct {
	trouble Trouble
	dice    *dice
	// faults are those of the effects: what the trouble chooses, or a script.
	faults    func(effect, who string) hostile.Fault
	dmly      *dmlytest.Server
	ledger    *ledger.Memory
	pacer     *pace.Memory
	queues    map[delivery.Lane]*hostile.Queue[delivery.Record]
	schedules schedules
	// perMinute is the account's rate.
	perMinute int
	// arrived has an entry if something came onto the queue since a worker has looked.
	arrived map[delivery.Lane]chan struct{}
	tally   Tally

	mu     sync.Mutex
	lives  int
	tokens int
	// secret is what Secrets Manager has: after a rotation, DMLY takes another key for a while.
	secret string
	// taken is the key that DMLY takes.
	taken string
	specs []*spec
	// owners are the lives by the claims that they made; inFlight the claims not recorded yet.
	owners   map[string]int
	inFlight map[string]int
	// unkept are the messages whose cancelKey could not be noted the last time that it was to be.
	unkept   map[string]bool
	problems []string
	// cancelAt is when a person cancels a message, if the schedule says so.
	cancelAt time.Duration
	// moveAt is when a person moves a message, and moveBy how far from then on, if the schedule says so.
	moveAt, moveBy time.Duration
	// script are the faults that DMLY's first answers meet, in order; nil for those of the trouble.
	script []dmlytest.Fault
	// always is the fault that each answer meets that has no other; none for most of the time.
	always dmlytest.Fault
	// requests are those that reached DMLY, in their order.
	requests []request
	// receives is how often a record of a message was given out at most, before the message reached DMLY.
	receives map[string]int
}

// request is one that reached DMLY, whatever came of it.
type request struct {
	about string
	at    time.Time
	// ours says that it came with the account's key.
	ours bool
}

// Tally counts what happened in a world.
type Tally struct {
	Messages, Sent, Unknown, Rejected, Failed, Expired, Cancelled int
	// Duplicates are messages that DMLY accepted more often than it was ordered, Lost those that never came to rest.
	Duplicates, Lost int
	// Crashes are processes that ended, in flight those of them that ended between a claim and its record.
	Crashes, CrashesInFlight int
	// Faults counts what went wrong on purpose, by kind.
	Faults map[string]int
}

// newWorld makes a world in which the trouble follows from the seed. It has to be called in a bubble of synctest.
func newWorld(trouble Trouble, seed uint64) (*World, error) {
	return newWorldAt(perMinute, trouble, seed)
}

// newWorldAt makes a world whose account has another rate.
func newWorldAt(perMinute int, trouble Trouble, seed uint64) (*World, error) {
	w := &World{
		perMinute: perMinute, trouble: trouble, ledger: &ledger.Memory{}, dice: newDice(seed),
		secret: "key-1", taken: "key-1", owners: map[string]int{}, inFlight: map[string]int{}, unkept: map[string]bool{}, receives: map[string]int{},
		tally: Tally{Faults: map[string]int{}}, schedules: schedules{held: map[moment]*held{}},
		queues: map[delivery.Lane]*hostile.Queue[delivery.Record]{}, arrived: map[delivery.Lane]chan struct{}{},
	}
	w.faults = w.choose
	w.dmly = dmlytest.New(dmlytest.Options{Key: w.secret, RatePerMinute: perMinute, Now: time.Now, Wait: w.answerAfter})
	for i, lane := range []delivery.Lane{delivery.NormalLane, delivery.BulkLane} {
		w.arrived[lane] = make(chan struct{}, 1)
		w.queues[lane] = hostile.NewQueue[delivery.Record](visibility, trouble.Queue, seed+uint64(i))
	}
	pacer, err := pace.NewMemory(perMinute, time.Now)
	if err != nil {
		return nil, err
	}
	pacer.Float64 = func() float64 { return w.dice.throw("pace").Float64() }
	w.pacer = pacer
	return w, nil
}

// send puts a record onto a queue.
func (w *World) send(lane delivery.Lane, r delivery.Record) {
	w.queues[lane].Send(r, r.Delay)
	select {
	case w.arrived[lane] <- struct{}{}:
	default:
	}
}

// answerAfter is how the simulator waits before it answers; see [clock.Sleep].
func (w *World) answerAfter(ctx context.Context, d time.Duration) error {
	about, _ := ctx.Value(topicKey{}).(string)
	return sleep(ctx, d+w.dice.between("latency of "+about, 0, time.Millisecond))
}

// sleep waits as long as the context allows.
func sleep(ctx context.Context, d time.Duration) error { return delivery.SystemClock{}.Sleep(ctx, d) }

// count adds to the faults of a kind.
func (w *World) count(name string) {
	w.mu.Lock()
	defer w.mu.Unlock()
	w.tally.Faults[name]++
}

// broken notes that a promise was broken.
func (w *World) broken(format string, args ...any) {
	w.mu.Lock()
	defer w.mu.Unlock()
	const enough = 20
	if len(w.problems) < enough {
		w.problems = append(w.problems, time.Now().UTC().Format("15:04:05.000")+": "+fmt.Sprintf(format, args...))
	}
}

// happens says whether something goes wrong, and counts it.
func (w *World) happens(name, who string, p float64) bool {
	if !w.dice.roll(name+" "+who, p) {
		return false
	}
	w.count(name)
	return true
}

// choose has an effect of a program meet the trouble.
func (w *World) choose(effect, who string) hostile.Fault {
	t := w.trouble.Effects[effect]
	switch {
	case w.happens("end before "+effect, who, t.End/2):
		return hostile.EndBefore
	case w.happens("end after "+effect, who, t.End/2):
		return hostile.EndAfter
	case w.happens("refuse "+effect, who, t.Refuse):
		return hostile.Refuse
	case w.happens("lose answer of "+effect, who, t.Lose):
		return hostile.LoseAnswer
	default:
		return hostile.Pass
	}
}
