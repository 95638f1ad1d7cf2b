package sim

import (
	"encoding/binary"
	"hash/fnv"
	"math/rand/v2"
	"sync"
	"time"
)

// dice are the chance of a world. Each throw follows from the seed, from who throws and for what, and from how often that
// was: not from the order in which goroutines come by. So a seed repeats its schedule.
type dice struct {
	seed uint64

	mu     sync.Mutex
	throws map[string]uint64
}

func newDice(seed uint64) *dice { return &dice{seed: seed, throws: map[string]uint64{}} }

// throw is the generator for the next decision of who about what.
func (d *dice) throw(who string) *rand.Rand {
	d.mu.Lock()
	n := d.throws[who]
	d.throws[who]++
	d.mu.Unlock()
	h := fnv.New64a()
	var numbers [16]byte
	binary.LittleEndian.PutUint64(numbers[:], d.seed)
	binary.LittleEndian.PutUint64(numbers[8:], n)
	_, _ = h.Write(numbers[:]) // a hash takes everything
	_, _ = h.Write([]byte(who))
	return rand.New(rand.NewPCG(d.seed, h.Sum64())) //nolint:gosec // it is to be repeatable
}

// roll says whether something of that probability happens.
func (d *dice) roll(who string, p float64) bool { return p > 0 && d.throw(who).Float64() < p }

// between is a random time.
func (d *dice) between(who string, least, most time.Duration) time.Duration {
	return least + time.Duration(d.throw(who).Int64N(int64(most-least)))
}

// pick is a number below n.
func (d *dice) pick(who string, n int) int { return d.throw(who).IntN(n) }
