package kill

import (
	"context"
	"errors"
	"math/rand/v2"
	"sync"
	"sync/atomic"
	"time"

	"dmlysender/bench/runtimeapi"
)

const (
	// invocationTime is a function's time-out. It is short, so that a claim whose owner was killed is not left alone for long.
	invocationTime = 8 * time.Second
	// minLife and maxLife are how long after its beginning an invocation is killed: once it has surely begun, and when most have ended.
	minLife, maxLife = time.Millisecond, 120 * time.Millisecond

	// Of a hundred invocations so many are killed, and handed to another process at the same time.
	killedShare, twinShare = 60, 8
	// Of a hundred kills so many come as late as one that hit where it matters.
	aimedShare = 40
)

// toll is how many processes of a function are to be killed, and how many were.
type toll struct {
	want int64
	// kills counts processes ended with an invocation under way, torn those that left a message claimed.
	kills, torn atomic.Int64
}

// due says whether more are to be killed. On a slow machine it may take long until one dies where it matters.
func (t *toll) due() bool {
	const patience = 5
	kills := t.kills.Load()
	return kills < t.want || t.torn.Load() == 0 && kills < patience*t.want
}

// place is one for processes of a function, one after the other.
type place struct {
	*run
	binary string
	env    []string
	random *rand.Rand
	// life is how long the invocation was given that was to be killed last, and hits are those of the ones that left a message claimed:
	// when that is depends on what else the machine does.
	life time.Duration
	hits []time.Duration

	mu      sync.Mutex
	process *runtimeapi.Process // nil before the first
}

// draw is true so many times of a hundred.
func (p *place) draw(share int) bool { return p.random.IntN(100) < share }

// alive returns the process, or a new one if it has ended.
func (p *place) alive(ctx context.Context) (*runtimeapi.Process, error) {
	if process := p.present(); process != nil {
		select {
		case <-process.Exited():
		default:
			return process, nil
		}
	}
	process, err := runtimeapi.Start(ctx, p.binary, p.env)
	if err != nil {
		return nil, err
	}
	p.mu.Lock()
	p.process = process
	p.mu.Unlock()
	if _, err := process.Ready(ctx); err != nil {
		return nil, err
	}
	return process, nil
}

// present returns the process, dead or alive; nil before the first.
func (p *place) present() *runtimeapi.Process {
	p.mu.Lock()
	defer p.mu.Unlock()
	return p.process
}

// end ends the process.
func (p *place) end() error {
	if p.process == nil {
		return nil
	}
	return p.process.Kill()
}

// invoke hands an event to the process, and kills it in the middle if it is to be killed. killed says that the process died of that,
// before it answered.
func (p *place) invoke(ctx context.Context, process *runtimeapi.Process, event string, kill bool) (response []byte, killed bool, err error) {
	ended := make(chan struct{})
	did := make(chan bool, 1)
	if kill {
		life := p.lifetime()
		go func() { did <- p.killAfter(process, life, ended) }()
	} else {
		did <- false
	}
	response, err = process.Invoke(ctx, []byte(event), invocationTime)
	close(ended)
	return response, <-did && isExit(err), err
}

// lifetime draws when the invocation is killed.
func (p *place) lifetime() time.Duration {
	p.life = minLife + time.Duration(p.random.Int64N(int64(maxLife-minLife)))
	if len(p.hits) > 0 && p.draw(aimedShare) {
		p.life = p.hits[p.random.IntN(len(p.hits))]
	}
	return p.life
}

// killAfter kills the process when its time is over, unless its invocation has ended.
func (p *place) killAfter(process *runtimeapi.Process, life time.Duration, ended <-chan struct{}) bool {
	timer := time.NewTimer(life)
	defer timer.Stop()
	select {
	case <-ended:
		return false
	case <-timer.C:
	}
	if err := process.Kill(); err != nil {
		p.note("%v", err)
		return false
	}
	return true
}

func isExit(err error) bool {
	_, ok := errors.AsType[*runtimeapi.ExitError](err)
	return ok
}
