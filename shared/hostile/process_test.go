package hostile_test

import (
	"context"
	"errors"
	"slices"
	"sync"
	"sync/atomic"
	"testing"
	"testing/synctest"
	"time"

	"dmlysender/shared/hostile"
)

var errApply = errors.New("it does not work")

// always is a chooser with the one fault.
func always(f hostile.Fault) hostile.Chooser {
	return hostile.ChooserFunc(func(string) hostile.Fault { return f })
}

// journal is a world in which effects are only noted.
type journal struct {
	mu    sync.Mutex
	lines []string
}

func (j *journal) note(line string) {
	j.mu.Lock()
	defer j.mu.Unlock()
	j.lines = append(j.lines, line)
}

// effect is an effect to apply.
func (j *journal) effect(line string) func() error {
	return func() error { j.note(line); return nil }
}

func (j *journal) want(t *testing.T, want ...string) {
	t.Helper()
	j.mu.Lock()
	defer j.mu.Unlock()
	if !slices.Equal(j.lines, want) {
		t.Errorf("in the journal: %q, want %q", j.lines, want)
	}
}

func TestWhatBecomesOfAnEffect(t *testing.T) {
	t.Parallel()
	tests := map[string]struct {
		fault   hostile.Fault
		fails   error // what apply returns
		applied bool
		told    error
		ends    bool
	}{
		"nothing happens":         {fault: hostile.Pass, applied: true},
		"it fails by itself":      {fault: hostile.Pass, fails: errApply, applied: true, told: errApply},
		"refused":                 {fault: hostile.Refuse, told: hostile.ErrRefused},
		"the answer is lost":      {fault: hostile.LoseAnswer, applied: true, told: hostile.ErrAnswerLost},
		"lost, and it failed":     {fault: hostile.LoseAnswer, fails: errApply, applied: true, told: errApply},
		"the end before":          {fault: hostile.EndBefore, ends: true},
		"the end after":           {fault: hostile.EndAfter, applied: true, ends: true},
		"the end after a failure": {fault: hostile.EndAfter, fails: errApply, applied: true, ends: true},
	}
	for name, tc := range tests {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			applied, returned, ends := 0, false, 0
			var told error
			ctx, p := hostile.NewProcess(t.Context(), always(tc.fault), func() { ends++ })
			done := p.Run(func() {
				told = p.Do("effect", func() error { applied++; return tc.fails })
				returned = true
			})
			if (applied == 1) != tc.applied || applied > 1 {
				t.Errorf("applied %d times, want %v", applied, tc.applied)
			}
			if !errors.Is(told, tc.told) {
				t.Errorf("told %v, want %v", told, tc.told)
			}
			if returned == tc.ends || done == tc.ends || p.Ended() != tc.ends || (ends == 1) != tc.ends || (ctx.Err() != nil) != tc.ends {
				t.Errorf("ends %v: returned %v, run %v, ended %v, %d times, context %v", tc.ends, returned, done, p.Ended(), ends, ctx.Err())
			}
			if tc.fault.Ends() != tc.ends {
				t.Errorf("Ends() = %v", tc.fault.Ends())
			}
			p.Stop()
			if ctx.Err() == nil {
				t.Error("a process was stopped, and its context is not over")
			}
		})
	}
}

func TestAProcessThatHasEndedDoesNothingMore(t *testing.T) {
	t.Parallel()
	// Each program has one effect, at which it ends, and then tries to have more.
	programs := map[string]func(do func(string)){
		"goes on":          func(do func(string)) { do("last"); do("more") },
		"defers an effect": func(do func(string)) { defer do("more"); do("last") },
		"defers several":   func(do func(string)) { defer do("more"); defer do("more"); do("last") },
		"recovers":         func(do func(string)) { defer func() { _ = recover(); do("more") }(); do("last") },
		"panics meanwhile": func(do func(string)) { defer do("more"); defer do("last"); panic("mistake") },
		"panics when it ends": func(do func(string)) {
			defer func() { _ = recover(); do("more") }()
			defer panic("mistake")
			do("last")
		},
		"has other goroutines": func(do func(string)) { goroutine(func() { do("last") }); goroutine(func() { do("more") }); do("more") },
	}
	for name, program := range programs {
		for fault, applied := range map[hostile.Fault][]string{hostile.EndBefore: nil, hostile.EndAfter: {"last"}} {
			t.Run(name+", "+fault.String(), func(t *testing.T) {
				t.Parallel()
				var j journal
				script := hostile.NewScript(map[int]hostile.Fault{1: fault})
				_, p := hostile.NewProcess(t.Context(), script, nil)
				if p.Run(func() { program(func(name string) { _ = p.Do(name, j.effect(name)) }) }) {
					t.Error("the program came to its end")
				}
				j.want(t, applied...)
				if got := script.Effects(); len(got) != 1 {
					t.Errorf("it had the effects %q, want one", got)
				}
			})
		}
	}
}

// goroutine has something done in a goroutine of its own, and waits for it.
func goroutine(do func()) {
	var wg sync.WaitGroup
	wg.Go(do)
	wg.Wait()
}

// The last effect may need the context; and who was waiting for the end finds everything noted.
func TestTheContextEndsAfterTheLastEffectAndItsNote(t *testing.T) {
	t.Parallel()
	synctest.Test(t, func(t *testing.T) {
		var j journal
		var ctx context.Context
		ctx, p := hostile.NewProcess(t.Context(), always(hostile.EndAfter), func() {
			if ctx.Err() == nil {
				j.note("noted")
			}
		})
		waiting := make(chan struct{})
		go func() {
			defer close(waiting)
			<-ctx.Done()
			j.note("released")
		}()
		p.Run(func() {
			_ = p.Do("effect", func() error {
				p.Stop() // too late to change anything
				if err := wait(ctx, time.Minute); err != nil {
					return err
				}
				j.note("applied")
				return nil
			})
		})
		<-waiting
		j.want(t, "applied", "noted", "released")
	})
}

func wait(ctx context.Context, d time.Duration) error {
	select {
	case <-ctx.Done():
		return ctx.Err()
	case <-time.After(d):
		return nil
	}
}

func TestNobodyLearnsOfWhatWasUnderWayWhenTheProcessEnded(t *testing.T) {
	t.Parallel()
	for _, fault := range []hostile.Fault{hostile.Pass, hostile.LoseAnswer} {
		t.Run(fault.String(), func(t *testing.T) {
			t.Parallel()
			synctest.Test(t, func(t *testing.T) {
				var j journal
				script := hostile.NewScript(map[int]hostile.Fault{1: fault, 2: hostile.EndBefore})
				_, p := hostile.NewProcess(t.Context(), script, nil)
				p.Run(func() {
					var both sync.WaitGroup
					defer both.Wait()
					both.Go(func() {
						_ = p.Do("slow", func() error { <-time.After(time.Minute); j.note("applied"); return nil })
						j.note("told")
					})
					<-time.After(time.Second)
					_ = p.Do("last", j.effect("last"))
				})
				j.want(t, "applied")
			})
		})
	}
}

func TestConcurrentEffectsEndTogether(t *testing.T) {
	t.Parallel()
	const goroutines, last = 8, 50
	for _, fault := range []hostile.Fault{hostile.EndBefore, hostile.EndAfter} {
		t.Run(fault.String(), func(t *testing.T) {
			t.Parallel()
			var applied, ends atomic.Int32
			script := hostile.NewScript(map[int]hostile.Fault{last: fault, last + 1: fault})
			_, p := hostile.NewProcess(t.Context(), script, func() { ends.Add(1) })
			done := p.Run(func() {
				var all sync.WaitGroup
				for range goroutines {
					all.Go(func() {
						for {
							_ = p.Do("effect", func() error { applied.Add(1); return nil })
						}
					})
				}
				all.Wait()
			})
			want := map[hostile.Fault]int32{hostile.EndBefore: last - 1, hostile.EndAfter: last}[fault]
			if done || applied.Load() != want || ends.Load() != 1 || len(script.Effects()) != last || script.Fired() != 1 {
				t.Errorf("done %v, %d effects of %d applied, %d ends, %d faults", done, applied.Load(), len(script.Effects()), ends.Load(), script.Fired())
			}
		})
	}
}

func TestStopEndsAProcessWithoutAFault(t *testing.T) {
	t.Parallel()
	var j journal
	ctx, p := hostile.NewProcess(t.Context(), always(hostile.Pass), func() { j.note("noted") })
	done := p.Run(func() {
		_ = p.Do("first", j.effect("first"))
		p.Stop()
		p.Stop()
		if ctx.Err() == nil {
			j.note("the context goes on")
		}
		_ = p.Do("second", j.effect("second"))
	})
	if done || !p.Ended() {
		t.Errorf("run %v, ended %v", done, p.Ended())
	}
	j.want(t, "first")
}

// The end of the context that a process was started with asks it to stop; it does not end it.
func TestAContextThatIsOverEndsNoProcess(t *testing.T) {
	t.Parallel()
	var j journal
	parent, cancel := context.WithCancel(t.Context())
	ctx, p := hostile.NewProcess(parent, always(hostile.Pass), nil)
	cancel()
	if !p.Run(func() { _ = p.Do("effect", j.effect("tidied up")) }) || ctx.Err() == nil {
		t.Errorf("ended %v, context %v", p.Ended(), ctx.Err())
	}
	j.want(t, "tidied up")
}

func TestAFaultThatDoesNotExistIsAMistake(t *testing.T) {
	t.Parallel()
	const none = hostile.Fault(7)
	_, p := hostile.NewProcess(t.Context(), always(none), nil)
	defer func() {
		if got := recover(); got != "hostile: there is no fault 7" {
			t.Errorf("recovered %v", got)
		}
	}()
	_ = p.Do("effect", func() error { return nil })
	t.Errorf("%v was carried out", none)
}

func TestAScriptCountsThroughAllLives(t *testing.T) {
	t.Parallel()
	program := []string{"read", "write", "delete"}
	tests := map[string]struct {
		faults  map[int]hostile.Fault
		effects []string
		fired   int
		lives   int
	}{
		"no fault":           {nil, program, 0, 1},
		"ended at the last":  {map[int]hostile.Fault{3: hostile.EndAfter}, append(program, program...), 1, 2},
		"ended twice":        {map[int]hostile.Fault{2: hostile.EndBefore, 3: hostile.EndAfter}, append([]string{"read", "write", "read"}, program...), 2, 3},
		"faults of one life": {map[int]hostile.Fault{1: hostile.Refuse, 3: hostile.LoseAnswer}, program, 2, 1},
		"one is not reached": {map[int]hostile.Fault{1: hostile.Refuse, 9: hostile.EndBefore}, program, 1, 1},
		"a pass is no fault": {map[int]hostile.Fault{1: hostile.Pass}, program, 0, 1},
	}
	for name, tc := range tests {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			script, lives := hostile.NewScript(tc.faults), 0
			for done := false; !done; lives++ {
				_, p := hostile.NewProcess(t.Context(), script, nil)
				done = p.Run(func() {
					for _, effect := range program {
						_ = p.Do(effect, func() error { return nil })
					}
				})
				p.Stop()
			}
			if got := script.Effects(); !slices.Equal(got, tc.effects) || script.Fired() != tc.fired || lives != tc.lives {
				t.Errorf("effects %q, %d faults, %d lives, want %q, %d, %d", got, script.Fired(), lives, tc.effects, tc.fired, tc.lives)
			}
		})
	}
}
