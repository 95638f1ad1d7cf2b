package campaign

import (
	"context"
	"fmt"
	"log/slog"
	"time"

	"dmlysender/shared/delivery"
)

// cancelTime is how long a Cancel takes messages back itself, before it leaves the rest to the next Tick.
const cancelTime = 10 * time.Second

// Pause has no more of the campaign's messages put on the queue. Those that are there, for up to five minutes, are sent.
// To pause it again changes nothing.
//
// Errors: ErrNoCampaign; a *[StateError] if it has ended; or that the store could not be asked.
func (s *Service) Pause(ctx context.Context, id, by string) (Status, error) {
	return s.act(ctx, id, "paused", func(r *Record) (bool, error) {
		switch {
		case r.State == Paused:
			return false, nil
		case r.State.Ended():
			return false, &StateError{State: r.State, Reason: "it has ended, and nothing of it is left to pause"}
		}
		r.State, r.Reason = Paused, "paused by "+by
		return true, nil
	})
}

// Resume goes on with a campaign that is paused, whoever or whatever paused it. What made it pause by itself is counted
// anew. To resume one that is under way changes nothing.
//
// Errors: those of Pause.
func (s *Service) Resume(ctx context.Context, id, by string) (Status, error) {
	return s.act(ctx, id, "resumed by "+by, func(r *Record) (bool, error) {
		switch {
		case r.State.Ended():
			return false, &StateError{State: r.State, Reason: "it has ended; start it again to send what is missing"}
		case r.State != Paused:
			return false, nil
		}
		r.State, r.Reason, r.Recent = Running, "", ""
		if r.PlannedAt.IsZero() {
			r.State = Planning
		}
		return true, nil
	})
}

// Cancel ends a campaign: what was not put on the queue stays unsent, and what is on it and has not begun is cancelled in
// the ledger: at once, or within the next minutes. What is being sent meanwhile is, and counts as it
// comes to rest. To cancel it again changes nothing.
//
// Errors: those of Pause.
func (s *Service) Cancel(ctx context.Context, id, by string) (Status, error) {
	status, err := s.act(ctx, id, "cancelled", func(r *Record) (bool, error) {
		switch {
		case r.State == Cancelled:
			return false, nil
		case r.State.Ended():
			return false, &StateError{State: r.State, Reason: "it has ended, and nothing of it is left to cancel"}
		}
		r.State, r.Reason, r.ActBy = Cancelled, "cancelled by "+by, by
		if r.PlannedAt.IsZero() {
			r.finish(s.Clock.Now())
		}
		return true, nil
	})
	if err != nil || !status.EndedAt.IsZero() {
		return status, err
	}
	t := s.newTick(ctx)
	t.until = earlier(t.until, s.Clock.Now().Add(cancelTime))
	if err := t.work(ctx, id); err != nil && s.Log != nil { // the next Tick goes on
		s.Log.LogAttrs(ctx, slog.LevelWarn, "a campaign is cancelled, and its messages not all taken back yet",
			slog.String("campaign", id), slog.String("error", err.Error()))
	}
	return s.Status(ctx, id)
}

// Resend sends once more what has failed, which is proven unsent, of a campaign that is complete.
//
// Errors: ErrNoCampaign; a *[StateError] if it is not complete, none of it has failed, or that is forgotten; or that the store could not be asked.
func (s *Service) Resend(ctx context.Context, id, by string) (Status, error) {
	return s.act(ctx, id, "to send once more what failed", func(r *Record) (bool, error) {
		switch {
		case r.State != Complete:
			return false, &StateError{State: r.State, Reason: "what has failed is sent once more when it is complete"}
		case r.Resting[delivery.Failed] == 0:
			return false, &StateError{State: r.State, Reason: "none of its messages has failed"}
		case r.forgets(s.Clock.Now().Add(ahead)):
			return false, &StateError{State: r.State, Reason: "what has failed is remembered for 30 days, and these are over; send it under another id"}
		}
		r.State, r.Reason, r.ActBy, r.ResendAt = Running, "", by, s.Clock.Now()
		r.EndedAt, r.ForgetAt = time.Time{}, time.Time{}
		r.Watched, r.Resting, r.Open, r.Recent, r.Marks, r.Forgotten = Place{}, nil, nil, "", nil, 0
		return true, nil
	})
}

// act writes a person's change of the record, if it is one.
func (s *Service) act(ctx context.Context, id, what string, change func(*Record) (bool, error)) (Status, error) {
	for range maxRaces {
		now := s.Clock.Now()
		r, found, err := s.Store.Get(ctx, id, now)
		switch {
		case err != nil:
			return Status{}, err
		case !found:
			return Status{}, ErrNoCampaign
		}
		next := r.clone()
		changed, err := change(&next)
		if err != nil {
			return Status{}, err
		}
		if !changed {
			return s.status(ctx, r)
		}
		next.Revision = s.NewToken()
		ok, err := s.Store.Put(ctx, next, r.Revision, now)
		if err != nil {
			return Status{}, err
		}
		if ok {
			s.log(ctx, next, what)
			return s.status(ctx, next)
		}
	}
	return Status{}, fmt.Errorf("change campaign %s: others kept writing; try again", id)
}
