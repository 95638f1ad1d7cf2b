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
	invocationTime = 11 * time.Second
	// minLife and maxLife are how long after its beginning an invocation is killed: once it has surely begun, and when most have ended.
	minLife, maxLife = time.Millisecond, 120 * time.Millisecond

	// Of a hundred invocations so many are killed, and handed to another process at the same time.
	killedShare, twinShare = 60, 8
	// Of a hundred kills so many wait for a post: on a busy machine one drawn by the clock alone seldom meets it.
	aimedShare = 60
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
	// posts has something in it after a process posted to DMLY.
	posts <-chan struct{}

	mu      sync.Mutex
	process *runtimeapi.Process // nil before the first
}

// place makes the place behind a door of DMLY's.
func (r *run) place(door int, function, binary string, random *rand.Rand) place {
	url, posts := r.dmly.door(door)
	return place{run: r, binary: binary, env: r.stand.env(function, url), random: random, posts: posts}
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
		moment := p.moment()
		go func() { did <- p.killAt(process, moment, ended) }()
	} else {
		did <- false
	}
	response, err = process.Invoke(ctx, []byte(event), invocationTime)
	close(ended)
	return response, <-did && isExit(err), err
}

// moment is when a process is to be killed: so long after something has happened, and after the beginning if that is nil.
type moment struct {
	first <-chan struct{}
	then  time.Duration
}

// moment draws when the invocation that begins now is killed.
func (p *place) moment() moment {
	if p.draw(aimedShare) {
		select {
		case <-p.posts: // of an invocation before
		default:
		}
		return moment{p.posts, time.Duration(p.random.Int64N(int64(maxLag)))}
	}
	return moment{nil, minLife + time.Duration(p.random.Int64N(int64(maxLife-minLife)))}
}

// killAt kills the process at the moment, unless its invocation has ended.
func (p *place) killAt(process *runtimeapi.Process, at moment, ended <-chan struct{}) bool {
	if at.first != nil {
		select {
		case <-ended:
			return false
		case <-at.first:
		}
	}
	timer := time.NewTimer(at.then)
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
