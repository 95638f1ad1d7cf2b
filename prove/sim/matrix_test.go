package sim

import (
	"fmt"
	"testing"
	"testing/synctest"

	"dmlysender/prove/tally"
	"dmlysender/shared/hostile"
)

// The three variants of what happens at an effect: the process ends before it; it is applied, and its answer is lost; the
// process ends after it.
var variants = []hostile.Fault{hostile.EndBefore, hostile.LoseAnswer, hostile.EndAfter}

// outcome of a scenario under a script.
type played struct {
	tally    Tally
	problems []string
	state    string
	effects  []string
	fired    int
}

func playScenario(t *testing.T, s scenario, faults map[int]hostile.Fault) (p played) {
	t.Helper()
	synctest.Test(t, func(t *testing.T) {
		script := hostile.NewScript(faults)
		w, err := newWorld(calm(), 1)
		if err != nil {
			t.Fatal(err)
		}
		w.faults = func(effect, _ string) hostile.Fault {
			w.mu.Lock()
			defer w.mu.Unlock()
			return script.Choose(effect)
		}
		w.stage(s)
		w.play(t.Context(), 1)
		item, _, err := w.ledger.Get(t.Context(), "m", timeZero)
		if err != nil {
			t.Fatal(err)
		}
		p = played{w.tally, w.problems, string(item.State), script.Effects(), script.Fired()}
	})
	return p
}

// TestCrashMatrix ends the process, or loses an answer, at each effect of each scenario, and at every two of them.
func TestCrashMatrix(t *testing.T) {
	t.Parallel()
	for _, s := range scenarios() {
		t.Run(s.name, func(t *testing.T) {
			t.Parallel()
			counts := tally.Counts{}
			plain := playScenario(t, s, nil)
			if len(plain.problems) > 0 || plain.state != string(s.want) {
				t.Fatalf("without a fault it came to rest as %s, want %s: %v", plain.state, s.want, plain.problems)
			}
			for i := 1; i <= len(plain.effects); i++ {
				for _, first := range variants {
					one := matrixRun(t, s, map[int]hostile.Fault{i: first}, counts)
					if !tally.Full() && (i+int(first))%7 != 0 {
						continue
					}
					for j := i + 1; j <= len(one.effects); j++ {
						for _, second := range variants {
							matrixRun(t, s, map[int]hostile.Fault{i: first, j: second}, counts)
						}
					}
				}
			}
			tally.Report(t, "matrix", counts)
		})
	}
}

func matrixRun(t *testing.T, s scenario, faults map[int]hostile.Fault, counts tally.Counts) played {
	t.Helper()
	p := playScenario(t, s, faults)
	where := fmt.Sprintf("%s with %v (effects %v)", s.name, faults, p.effects)
	for _, problem := range p.problems {
		t.Errorf("%s: %s", where, problem)
	}
	if p.fired != len(faults) {
		t.Errorf("%s: %d of %d faults fired", where, p.fired, len(faults))
	}
	// Unknown is what was between claim and record when its process ended, or whose post's answer was lost.
	ambiguous := p.tally.CrashesInFlight
	for at, fault := range faults {
		if fault == hostile.LoseAnswer && at <= len(p.effects) && p.effects[at-1] == effectPost {
			ambiguous++
		}
	}
	if p.state == "unknown" && ambiguous == 0 && s.want != "unknown" {
		t.Errorf("%s: it rests as unknown, and nothing was in flight", where)
	}
	counts["schedules"]++
	counts["faults"] += p.fired
	counts["crashes"] += p.tally.Crashes
	counts["messages"] += p.tally.Messages
	counts["sent"] += p.tally.Sent
	counts["unknown"] += p.tally.Unknown
	counts["duplicates"] += p.tally.Duplicates
	counts["lost"] += p.tally.Lost
	return p
}
