package hostile_test

import (
	"context"
	"fmt"

	"dmlysender/shared/hostile"
)

// copyRecords is a program: it takes records from a queue and writes them down. What it does outside, it does through Do.
func copyRecords(p *hostile.Process, q *hostile.Queue[string], ledger map[string]bool, deleteFirst bool) {
	for {
		var got []hostile.Received[string]
		if p.Do("receive", func() error { got = q.Receive(1); return nil }) != nil {
			continue
		}
		if len(got) == 0 {
			return
		}
		first := func() error { return p.Do("write", func() error { ledger[got[0].Body] = true; return nil }) }
		second := func() error { return p.Do("delete", func() error { q.Delete(got[0].ID); return nil }) }
		if deleteFirst {
			first, second = second, first
		}
		if first() == nil {
			_ = second() // if not now, then when the record comes again
		}
	}
}

// play runs the program, one life after the other, until one comes to its end.
func play(faults map[int]hostile.Fault, deleteFirst bool) (effects, lost int) {
	records := []string{"a", "b", "c"}
	// With no visibility time-out there is nothing to wait for. In a test, testing/synctest would pass the time.
	q, ledger := hostile.NewQueue[string](0, hostile.Mischief{}, 1), map[string]bool{}
	for _, body := range records {
		q.Send(body, 0)
	}
	script := hostile.NewScript(faults)
	for done := false; !done; {
		_, p := hostile.NewProcess(context.Background(), script, nil)
		done = p.Run(func() { copyRecords(p, q, ledger, deleteFirst) })
		p.Stop()
	}
	return len(script.Effects()), len(records) - len(ledger)
}

// At every effect of the program, it ends or loses the answer. Only what is written before it is deleted is never lost.
func Example() {
	for _, deleteFirst := range []bool{false, true} {
		schedules, lost := 0, 0
		effects, _ := play(nil, deleteFirst)
		for at := 1; at <= effects; at++ {
			for _, fault := range []hostile.Fault{hostile.EndBefore, hostile.LoseAnswer, hostile.EndAfter} {
				_, n := play(map[int]hostile.Fault{at: fault}, deleteFirst)
				schedules, lost = schedules+1, lost+n
			}
		}
		fmt.Printf("delete first: %v, %d schedules, %d records lost\n", deleteFirst, schedules, lost)
	}
	// Output:
	// delete first: false, 30 schedules, 0 records lost
	// delete first: true, 30 schedules, 9 records lost
}
