package delivery

import (
	"cmp"
	"math/rand/v2"
	"time"
)

const (
	defaultAttempts = 8
	backOffBase     = 2 * time.Second
	backOffFactor   = 3
	backOffCap      = 15 * time.Minute
)

// Retry says how often and when what was proven unsent is tried again. The zero
// value is the default.
type Retry struct {
	// Attempts is how many posts a step may use up; default 8.
	Attempts int
	// Float64 gives a random number in [0, 1); default [rand.Float64].
	Float64 func() float64
}

func (r Retry) attempts() int { return cmp.Or(r.Attempts, defaultAttempts) }

// backOff is full jitter: anything from the base to a ceiling that triples with each attempt, up to the cap. So the
// default of 8 attempts lasts about 20 minutes on average. With a floor, a broken network is not hammered.
func (r Retry) backOff(attempt int) time.Duration {
	ceiling := backOffBase
	for range attempt {
		ceiling = min(backOffFactor*ceiling, backOffCap)
	}
	random := r.Float64
	if random == nil {
		random = rand.Float64
	}
	return backOffBase + time.Duration(random()*float64(ceiling-backOffBase))
}
