package hostile

import (
	"context"
	"errors"
	"fmt"
	"runtime"
	"slices"
	"sync"
)

// Fault is what happens to one effect.
type Fault int

// The faults.
const (
	// Pass: nothing happens to it.
	Pass Fault = iota
	// Refuse: it is not applied, and the program is told that it failed.
	Refuse
	// LoseAnswer: it is applied, and the program is told that it failed.
	LoseAnswer
	// EndBefore: the process ends before it is applied.
	EndBefore
	// EndAfter: the process ends when it has been applied, before the program learns of it.
	EndAfter
)

// Ends says whether the fault ends the process.
func (f Fault) Ends() bool { return f == EndBefore || f == EndAfter }

// String implements [fmt.Stringer].
func (f Fault) String() string {
	switch f {
	case Pass:
		return "pass"
	case Refuse:
		return "refuse"
	case LoseAnswer:
		return "lose answer"
	case EndBefore:
		return "end before"
	case EndAfter:
		return "end after"
	default:
		return "no such fault"
	}
}

// Errors of effects that met a fault.
var (
	ErrRefused    = errors.New("hostile: the effect was refused")
	ErrAnswerLost = errors.New("hostile: the answer was lost")
)

// Chooser says what happens to an effect; name is the one given to [Process.Do]. A process asks for one effect at a time;
// a chooser of several processes has to be safe for concurrent use. It may neither wait nor call the process.
type Chooser interface {
	Choose(name string) Fault
}

// ChooserFunc is a function that is a Chooser.
type ChooserFunc func(name string) Fault

// Choose implements [Chooser].
func (f ChooserFunc) Choose(name string) Fault { return f(name) }

// Process is one life of the program under test. It is safe for concurrent use.
type Process struct {
	chooser Chooser
	cancel  context.CancelFunc
	onEnd   func()

	mu    sync.Mutex
	ended bool
}

// NewProcess starts a life. The context that it returns is cancelled when the life ends; the program has to be given no
// other. onEnd, if not nil, is called once when a fault ends the process, right before that.
func NewProcess(ctx context.Context, chooser Chooser, onEnd func()) (context.Context, *Process) {
	ctx, cancel := context.WithCancel(ctx)
	return ctx, &Process{chooser: chooser, cancel: cancel, onEnd: onEnd}
}

// Do carries out an effect, as far as the fault that it meets lets it: apply is called at most once. The error is that of
// apply, [ErrRefused] or [ErrAnswerLost].
//
// If the process has ended, or ends before Do could return, Do does not return: it ends the goroutine, which has to be one
// of the program's own. What other goroutines are applying at that moment is applied, and nobody learns of it.
func (p *Process) Do(name string, apply func() error) error {
	var err error
	switch fault := p.choose(name); fault {
	case Pass:
		err = apply()
	case Refuse:
		err = ErrRefused
	case LoseAnswer:
		if err = apply(); err == nil {
			err = ErrAnswerLost
		}
	case EndBefore:
		p.finish(func() error { return nil })
	case EndAfter:
		p.finish(apply)
	default:
		panic(fmt.Sprintf("hostile: there is no fault %d", fault))
	}
	if p.Ended() {
		runtime.Goexit()
	}
	return err
}

// choose says which fault an effect meets. From the choice of an end on, the process has no further effect.
func (p *Process) choose(name string) Fault {
	p.mu.Lock()
	defer p.mu.Unlock()
	if p.ended {
		runtime.Goexit()
	}
	fault := p.chooser.Choose(name)
	p.ended = fault.Ends()
	return fault
}

// finish applies the last effect of the process, which nobody learns the result of, and ends the goroutine. The context
// is cancelled last: the effect may need it, and whoever waits for it may rely on what onEnd has noted.
func (p *Process) finish(last func() error) {
	defer p.cancel()
	if p.onEnd != nil {
		defer p.onEnd()
	}
	_ = last()
	runtime.Goexit()
}

// Stop ends the life without a fault; onEnd does not hear of it. It does nothing if the process has ended.
func (p *Process) Stop() {
	p.mu.Lock()
	stopped := !p.ended
	p.ended = true
	p.mu.Unlock()
	if stopped { // otherwise its last effect may still need the context
		p.cancel()
	}
}

// Ended says whether the process has ended.
func (p *Process) Ended() bool {
	p.mu.Lock()
	defer p.mu.Unlock()
	return p.ended
}

// Run calls main in a goroutine of its own and waits for it. It returns false if the process ended before main
// returned; what main has computed is void then. As a process does, it waits for no other goroutine of the program.
func (p *Process) Run(main func()) bool {
	answered := make(chan bool, 1)
	go func() {
		defer close(answered) // the answer of a goroutine that Do has ended
		main()
		answered <- !p.Ended()
	}()
	return <-answered
}

// Script is a [Chooser] that numbers the effects from 1 and has a fault for some of them. It goes on counting from one
// process to the next. It is safe for concurrent use.
type Script struct {
	faults map[int]Fault

	mu      sync.Mutex
	effects []string
	fired   int
}

// NewScript returns a script with faults by the number of the effect.
func NewScript(faults map[int]Fault) *Script { return &Script{faults: faults} }

// Choose implements [Chooser].
func (s *Script) Choose(name string) Fault {
	s.mu.Lock()
	defer s.mu.Unlock()
	s.effects = append(s.effects, name)
	fault := s.faults[len(s.effects)]
	if fault != Pass {
		s.fired++
	}
	return fault
}

// Effects are the names of all effects so far, in order.
func (s *Script) Effects() []string {
	s.mu.Lock()
	defer s.mu.Unlock()
	return slices.Clone(s.effects)
}

// Fired is how many of the planned faults have happened.
func (s *Script) Fired() int {
	s.mu.Lock()
	defer s.mu.Unlock()
	return s.fired
}
