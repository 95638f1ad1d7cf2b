package hostile

import (
	"context"
	"errors"
	"runtime"
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

// Errors of effects that met a fault.
var (
	ErrRefused    = errors.New("hostile: the effect was refused")
	ErrAnswerLost = errors.New("hostile: the answer was lost")
)

// Chooser says what happens to an effect; name is the one given to [Process.Do]. It is called by one goroutine at a time.
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
	end     context.CancelFunc

	onEnd func()

	mu    sync.Mutex
	ended bool
}

// NewProcess starts a life. The context that it returns ends with it; the program has to be given no other.
// onEnd, if not nil, is called once when a fault ends the process.
func NewProcess(ctx context.Context, chooser Chooser, onEnd func()) (context.Context, *Process) {
	ctx, cancel := context.WithCancel(ctx)
	return ctx, &Process{chooser: chooser, end: cancel, onEnd: onEnd}
}

// Do carries out an effect, as far as the fault that it meets lets it: apply is called at most once. The error is that of
// apply, [ErrRefused] or [ErrAnswerLost]. If the process has ended, or ends here, Do does not return: it ends the goroutine.
func (p *Process) Do(name string, apply func() error) error {
	switch p.choose(name) {
	case Refuse:
		return ErrRefused
	case LoseAnswer:
		if err := apply(); err != nil {
			return err
		}
		return ErrAnswerLost
	case EndBefore:
		p.die(func() {})
	case EndAfter:
		p.die(func() { _ = apply() }) // nobody is there to learn of an error
	case Pass:
		return apply()
	}
	panic("hostile: no such fault")
}

func (p *Process) choose(name string) Fault {
	p.mu.Lock()
	if p.ended {
		p.mu.Unlock()
		runtime.Goexit()
	}
	defer p.mu.Unlock()
	return p.chooser.Choose(name)
}

// die ends the process and this goroutine. The end comes first, so that nothing else of the process sees what last does.
func (p *Process) die(last func()) {
	p.mu.Lock()
	first := !p.ended
	p.ended = true
	p.mu.Unlock()
	last()
	if first {
		p.end()
		if p.onEnd != nil {
			p.onEnd()
		}
	}
	runtime.Goexit()
}

// Stop ends the life without a fault; onEnd does not hear of it.
func (p *Process) Stop() {
	p.mu.Lock()
	defer p.mu.Unlock()
	p.ended = true
	p.end()
}

// Ended says whether the process has ended.
func (p *Process) Ended() bool {
	p.mu.Lock()
	defer p.mu.Unlock()
	return p.ended
}

// Run calls main in a goroutine of its own and waits for it. It returns false if the process ended before main
// returned; what main has computed is void then.
func (p *Process) Run(main func()) bool {
	done := make(chan struct{})
	returned := false
	go func() {
		defer close(done)
		main()
		returned = true
	}()
	<-done
	return returned && !p.Ended()
}

// Script is a [Chooser] that numbers the effects from 1 and has a fault for some of them. It goes on counting from one
// process to the next.
type Script struct {
	faults  map[int]Fault
	effects []string
	fired   int
}

// NewScript returns a script with faults by the number of the effect.
func NewScript(faults map[int]Fault) *Script { return &Script{faults: faults} }

// Choose implements [Chooser].
func (s *Script) Choose(name string) Fault {
	s.effects = append(s.effects, name)
	fault := s.faults[len(s.effects)]
	if fault != Pass {
		s.fired++
	}
	return fault
}

// Effects are the names of all effects so far, in order.
func (s *Script) Effects() []string { return s.effects }

// Fired is how many of the planned faults have happened.
func (s *Script) Fired() int { return s.fired }
