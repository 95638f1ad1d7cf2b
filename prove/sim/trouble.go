package sim

import (
	"time"

	"dmlysender/shared/dmlytest"
	"dmlysender/shared/hostile"
)

// Trouble is how often what goes wrong, as probabilities.
type Trouble struct {
	// Effects are those of the programs, by name.
	Effects map[string]EffectTrouble
	// Queue is what the queues do.
	Queue hostile.Mischief
	// LoseDelete: what Lambda deletes of a batch stays on the queue.
	LoseDelete float64
	// DMLY are faults of DMLY's.
	DMLY []DMLYTrouble
	// NoConnection: DMLY cannot be reached.
	NoConnection float64
	// Slow: an answer of DMLY's takes up to 25 seconds, longer than a post is given.
	Slow float64
	// Freeze: a process stands still for up to a minute between its claim and its post.
	Freeze float64
	// Hesitate: a person's process stands still for up to a minute between what it reads and what it writes.
	Hesitate float64
	// Skew is how far the clock of a process may be off.
	Skew time.Duration
	// Rotations is how many times the key is changed.
	Rotations int
	// Settlements is how many times a person settles a problem.
	Settlements int
	// Cancels is how many times a person cancels a message, Moves how many times one moves a message to another time.
	Cancels, Moves int
	// FireTwice: a schedule fires twice.
	FireTwice float64
}

// EffectTrouble is what may happen to an effect.
type EffectTrouble struct{ End, Refuse, Lose float64 }

// DMLYTrouble is a fault of DMLY's.
type DMLYTrouble struct {
	Name  string
	Rate  float64
	Fault dmlytest.Fault
}

// The effects of the programs.
const (
	effectGet      = "ledger get"
	effectPut      = "ledger put"
	effectReserve  = "pace reserve"
	effectDelay    = "pace delay"
	effectRefuse   = "pace refuse"
	effectPost     = "post"
	effectKey      = "key"
	effectEnqueue  = "enqueue"
	effectPostpone = "postpone"
	effectReturn   = "return"

	effectSchedule   = "schedule"
	effectUnschedule = "unschedule"

	effectKeep  = "cancelKey keep"
	effectUnder = "cancelKey under"
)

var effects = []string{
	effectGet, effectPut, effectReserve, effectDelay, effectRefuse, effectPost, effectKey, effectEnqueue, effectPostpone, effectReturn,
	effectSchedule, effectUnschedule, effectKeep, effectUnder,
}

// calm is a world in which nothing goes wrong.
func calm() Trouble { return Trouble{} }

// crashesOnly is a world in which processes end, and nothing else happens.
func crashesOnly() Trouble {
	t := Trouble{Effects: map[string]EffectTrouble{}}
	for _, name := range effects {
		t.Effects[name] = EffectTrouble{End: 0.04}
	}
	return t
}

// everything is a world in which all goes wrong that can.
func everything() Trouble {
	t := Trouble{
		Effects: map[string]EffectTrouble{},
		Queue:   hostile.Mischief{Twice: 0.08, Ghost: 0.1, Late: 0.05, Shuffle: true},
		DMLY: []DMLYTrouble{
			{"429", 0.04, dmlytest.Fault{Status: 429, RetryAfter: "7"}},
			{"429 without a time", 0.01, dmlytest.Fault{Status: 429}},
			{"cut before", 0.03, dmlytest.Fault{Cut: dmlytest.CutBefore}},
			{"cut after", 0.03, dmlytest.Fault{Cut: dmlytest.CutAfter}},
			{"cut in the answer", 0.02, dmlytest.Fault{Cut: dmlytest.CutAnswer}},
			{"500, accepted", 0.02, dmlytest.Fault{Status: 500, Accept: new(true)}},
			{"500, not accepted", 0.02, dmlytest.Fault{Status: 500}},
			{"503 with a time", 0.03, dmlytest.Fault{Status: 503, RetryAfter: "3"}},
			{"503 without", 0.02, dmlytest.Fault{Status: 503, Accept: new(true)}},
			{"200 with an error", 0.03, dmlytest.Fault{Error: "no such contact"}},
			{"400", 0.02, dmlytest.Fault{Status: 400}},
			{"unreadable", 0.02, dmlytest.Fault{Unreadable: true}},
			{"403", 0.01, dmlytest.Fault{Status: 403}},
		},
		LoseDelete: 0.08, NoConnection: 0.06, Slow: 0.04, Freeze: 0.03, Hesitate: 0.3,
		Skew: 4 * time.Second, Rotations: 1, Settlements: 3, Cancels: 1, Moves: 1, FireTwice: 0.2,
	}
	for _, name := range effects {
		t.Effects[name] = EffectTrouble{End: 0.01, Refuse: 0.03, Lose: 0.03}
	}
	// These are rare.
	t.Effects[effectSchedule], t.Effects[effectUnschedule] = EffectTrouble{End: 0.1, Refuse: 0.1, Lose: 0.1}, EffectTrouble{End: 0.2, Refuse: 0.1, Lose: 0.1}
	t.Effects[effectKeep], t.Effects[effectUnder] = EffectTrouble{End: 0.1, Refuse: 0.2, Lose: 0.1}, EffectTrouble{End: 0.1, Refuse: 0.1, Lose: 0.1}
	t.Effects[effectDelay], t.Effects[effectRefuse] = EffectTrouble{End: 0.2, Refuse: 0.1, Lose: 0.1}, EffectTrouble{End: 0.2, Refuse: 0.1, Lose: 0.1}
	// What a post comes to is DMLY's to say; and nobody is told of an answer.
	t.Effects[effectPost] = EffectTrouble{End: 0.03}
	t.Effects[effectReturn] = EffectTrouble{End: 0.02}
	return t
}

// The queue's mischief, as it is counted.
const (
	givenTwice = "queue: given out twice"
	cameAgain  = "queue: came again after it was deleted"
	cameLate   = "queue: came late"
	firedTwice = "a schedule fired twice"
)

// names are the faults of the trouble, as they are counted.
func (t Trouble) names() []string {
	names := []string{"no connection", "DMLY is slow", "freeze", "hesitation", "delete lost", "key rotated", "cancelled", "moved", firedTwice, givenTwice, cameAgain, cameLate}
	for _, fault := range t.DMLY {
		names = append(names, "DMLY "+fault.Name)
	}
	for effect, trouble := range t.Effects {
		if trouble.End > 0 {
			names = append(names, "end before "+effect, "end after "+effect)
		}
		if trouble.Refuse > 0 {
			names = append(names, "refuse "+effect)
		}
		if trouble.Lose > 0 {
			names = append(names, "lose answer of "+effect)
		}
	}
	return names
}
