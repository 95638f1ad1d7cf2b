package campaign

import (
	"context"
	"errors"
	"fmt"
	"time"

	"dmlysender/shared/campaign/plan"
	"dmlysender/shared/message"
)

// maxTries is how often a planning may not come to its end: killed, or out of its time. One that ends with an error, as its files
// cannot be read or written for now, is begun again for as long as that lasts.
const maxTries = 10

// plan turns the audience into the plan. Nothing of it is there before it is whole; then the campaign runs.
func (h *hand) plan(ctx context.Context) error {
	if h.r.Tries >= maxTries {
		return h.refuse(ctx, fmt.Sprintf("its planning was begun %d times and did not end: see why in the log, give the function more time, "+
			"or make the audience smaller", h.r.Tries))
	}
	if _, err := h.change(ctx, func(r *Record) bool { r.Tries++; return r.State == Planning }); err != nil || h.r.State != Planning {
		return err
	}
	within, cancel := context.WithTimeout(ctx, h.until.Sub(h.Clock.Now()))
	defer cancel()
	summary, err := h.write(within)
	if reason, ok := refusal(err); ok {
		return h.refuse(ctx, reason)
	}
	if err != nil {
		return h.ended(ctx, within, fmt.Errorf("plan: %w", err))
	}
	counts, err := h.Ledger.Counts(ctx, h.r.ID, h.Clock.Now())
	if err != nil {
		return h.ended(ctx, ctx, err)
	}
	changed, err := h.change(ctx, func(r *Record) bool {
		if r.State.Ended() || !r.PlannedAt.IsZero() {
			return false
		}
		r.PlannedAt, r.Again = h.Clock.Now(), len(counts) > 0
		r.Summary = summary
		r.Summary.First = nil // they are in the file of the problems
		switch {
		case summary.Good == 0:
			r.State, r.Reason = Refused, fmt.Sprintf("none of the %d rows of its audience can be used; see the problems", summary.Rows)
			r.finish(h.Clock.Now())
		case r.State == Planning:
			r.State = Running
		}
		return true
	})
	switch {
	case changed && h.r.State == Refused:
		h.stopped(ctx, h.r, "refused")
	case changed:
		h.log(ctx, h.r, "planned")
	}
	return err
}

// ended returns the error that a planning ended with, and does not count it as one that did not come to its end, unless its own time
// was over.
func (h *hand) ended(ctx, within context.Context, failure error) error {
	if within.Err() != nil {
		return failure
	}
	_, err := h.change(ctx, func(r *Record) bool { r.Tries--; return r.State == Planning })
	return errors.Join(failure, err)
}

// unusableError says that an audience cannot be used, for the user.
type unusableError string

func (e unusableError) Error() string { return string(e) }

// refusal is the reason, for the user, of an error that is the audience's.
func refusal(err error) (reason string, ok bool) {
	if unusable, ok := errors.AsType[unusableError](err); ok {
		return string(unusable), true
	}
	if bad, ok := errors.AsType[*plan.AudienceError](err); ok {
		return bad.Error(), true
	}
	if bad, ok := errors.AsType[*message.Error](err); ok {
		return bad.Error(), true
	}
	return "", false
}

// write plans the campaign into its files.
func (h *hand) write(ctx context.Context) (plan.Summary, error) {
	audience, err := h.Files.Open(ctx, h.r.Audience)
	switch {
	case errors.Is(err, ErrNoFile):
		return plan.Summary{}, unusableError("its audience is not there any more: put the file there again, and start the campaign again")
	case err != nil:
		return plan.Summary{}, err
	}
	defer func() { _ = audience.Close() }() // it was only read
	if h.r.Version != "" && audience.Version != h.r.Version {
		return plan.Summary{}, unusableError("its audience was changed after the campaign was started; start it again")
	}
	rows, err := h.Files.Create(ctx, h.r.planFile())
	if err != nil {
		return plan.Summary{}, err
	}
	defer rows.Abort()
	problems, err := h.Files.Create(ctx, h.r.problemsFile())
	if err != nil {
		return plan.Summary{}, err
	}
	defer problems.Abort()
	summary, err := h.Planner.Plan(ctx, h.r.Definition, audience, rows, problems)
	if err != nil {
		return plan.Summary{}, err
	}
	if err := problems.Commit(ctx); err != nil {
		return plan.Summary{}, err
	}
	return summary, rows.Commit(ctx)
}

// refuse ends a campaign whose audience cannot be used.
func (h *hand) refuse(ctx context.Context, reason string) error {
	changed, err := h.change(ctx, func(r *Record) bool {
		if r.State.Ended() {
			return false
		}
		r.State, r.Reason = Refused, reason
		r.finish(h.Clock.Now())
		return true
	})
	if changed {
		h.stopped(ctx, h.r, "refused")
	}
	return err
}

func earlier(a, b time.Time) time.Time {
	if a.Before(b) {
		return a
	}
	return b
}

func later(a, b time.Time) time.Time {
	if a.After(b) {
		return a
	}
	return b
}
