package plan

import (
	"context"
	"fmt"
	"io"
	"math"
	"time"
)

// Report says what a campaign would do.
type Report struct {
	Summary
	// PerMinute is how many messages would go out a minute.
	PerMinute float64 `json:"perMinute"`
	// Seconds is how long sending them takes at that rate, if the account sends nothing else meanwhile: without pauses, the
	// canary's wait, and the hours in which none may be sent.
	Seconds int64 `json:"seconds"`
	// OpenMinutes are those of a day in which they may be sent (deliverWithin); 0 if that is any, or depends on the row.
	OpenMinutes int `json:"openMinutes,omitempty"`
	// Cost is what AWS would charge.
	Cost Cost `json:"cost"`
}

// Duration is how long sending takes from the opening of its hours, if it has any, those in which none may be sent included.
func (r Report) Duration() time.Duration {
	sending := time.Duration(r.Seconds) * time.Second
	open := time.Duration(r.OpenMinutes) * time.Minute
	if open == 0 || sending == 0 {
		return sending
	}
	const day = 24 * time.Hour
	fullDays := int64((sending - 1) / open) // before the last one
	return sending + time.Duration(fullDays)*(day-open)
}

// paced is which part of an account's rate the pace gives (see shared/pace).
const paced = 0.96

// Preflight plans the campaign without keeping the plan, and says what it would do at the lower one of the account's rate
// and its own. Its errors are those of [Planner.Plan], and one if the account's rate is below 1.
func (p Planner) Preflight(ctx context.Context, d Definition, from io.Reader, accountPerMinute int) (Report, error) {
	if accountPerMinute < 1 {
		return Report{}, fmt.Errorf("a rate of %d messages a minute sends nothing: it has to be at least 1", accountPerMinute)
	}
	s, err := p.Plan(ctx, d, from, io.Discard, nil)
	if err != nil {
		return Report{Summary: s}, err
	}
	perMinute := paced * float64(accountPerMinute)
	if d.RatePerMinute > 0 {
		perMinute = min(perMinute, float64(d.RatePerMinute))
	}
	return Report{
		Summary: s, PerMinute: perMinute, Seconds: int64(math.Ceil(float64(s.Good) * 60 / perMinute)),
		OpenMinutes: openMinutes(d.Message), Cost: CostOf(s.Good, perMinute),
	}, nil
}

// openMinutes are those of a message's deliverWithin, if it has one that is the same for each row.
func openMinutes(raw []byte) int {
	window := Definition{Message: raw}.Times().DeliverWithin
	if window == nil {
		return 0
	}
	const day = 24 * 60
	return (int(window.To) - int(window.From) + day) % day
}
