package plan

import (
	"context"
	"io"
	"time"
)

// Report says what a campaign would do.
type Report struct {
	Summary
	// PerMinute is how many messages would go out a minute.
	PerMinute float64 `json:"perMinute"`
	// Seconds is how long sending them takes at that rate, without other messages of the account, pauses, the canary's
	// wait, and the hours in which none may be sent.
	Seconds int64 `json:"seconds"`
	// Cost is what AWS would charge.
	Cost Cost `json:"cost"`
}

// Duration is Seconds as a duration.
func (r Report) Duration() time.Duration { return time.Duration(r.Seconds) * time.Second }

// paced is which part of an account's rate the pace gives (see shared/pace).
const paced = 0.96

// Preflight plans the campaign without keeping the plan, and says what it would do at the lower one of the account's rate
// and its own. Its errors are those of [Planner.Plan].
func (p Planner) Preflight(ctx context.Context, d Definition, from io.Reader, accountPerMinute int) (Report, error) {
	s, err := p.Plan(ctx, d, from, io.Discard, nil)
	if err != nil {
		return Report{Summary: s}, err
	}
	perMinute := paced * float64(accountPerMinute)
	if d.RatePerMinute > 0 {
		perMinute = min(perMinute, float64(d.RatePerMinute))
	}
	r := Report{Summary: s, PerMinute: perMinute}
	if perMinute > 0 {
		r.Seconds = int64(float64(s.Good) / perMinute * 60)
	}
	r.Cost = costOf(s.Good, perMinute)
	return r, nil
}
