package campaign

import (
	"context"
	"errors"
	"fmt"
	"io"
	"log/slog"

	"dmlysender/shared/campaign/plan"
	"dmlysender/shared/delivery"
	"dmlysender/shared/message"
)

// Sender is what a campaign needs of [delivery.Sender], which is one.
type Sender interface {
	TakeBack(ctx context.Context, m message.Message, generation int, run, by string) (delivery.Item, error)
	Settle(ctx context.Context, id string, generation int, as delivery.Settlement, by string, queues func(delivery.Lane) delivery.Queue) (delivery.Item, error)
}

// Planner turns an audience into a plan; [plan.Planner] is one.
type Planner interface {
	Plan(ctx context.Context, d plan.Definition, audience io.Reader, plan, problems io.Writer) (plan.Summary, error)
	Preflight(ctx context.Context, d plan.Definition, audience io.Reader, accountPerMinute int) (plan.Report, error)
}

// Meter counts campaigns that wait for a person: refused when they were planned, or paused by themselves. It is safe for concurrent use.
type Meter interface{ CampaignStopped() }

// Service runs campaigns. Its fields are its collaborators, all required but Log and Meter. It is safe for concurrent use, also by
// several processes.
type Service struct {
	Store  Store
	Files  Files
	Ledger Ledger
	Sender Sender
	// Queues and Backlogs are those of each lane: what the campaigns feed, and how much stands there.
	Queues   func(delivery.Lane) delivery.Queue
	Backlogs func(delivery.Lane) delivery.Backlog
	// Pace and Keys tell whether DMLY refuses an account's key.
	Pace    delivery.Forecaster
	Keys    delivery.Keys
	Planner Planner
	Clock   delivery.Clock
	// NewToken makes a name that nobody made before, such as [crypto/rand.Text].
	NewToken func() string
	// AccountPerMinute is how many messages an account may send a minute.
	AccountPerMinute int
	// Log gets one line for each change of a campaign's state; nil for none.
	Log *slog.Logger
	// Meter counts; nil for nobody.
	Meter Meter
}

// ErrNoCampaign says that there is no such campaign.
var ErrNoCampaign = errors.New("there is no campaign with this id; it may have ended longer ago than 90 days")

// StateError says that something cannot be done to a campaign as it stands.
type StateError struct {
	State State
	// Reason is for the user, and says what to do.
	Reason string
}

// Error implements error.
func (e *StateError) Error() string {
	return fmt.Sprintf("the campaign is %s: %s", e.State, e.Reason)
}

// maxRaces is how often a write is decided anew because others wrote too.
const maxRaces = 8

// stopped tells of a campaign that has stopped by itself.
func (s *Service) stopped(ctx context.Context, r Record, change string) {
	if s.Meter != nil {
		s.Meter.CampaignStopped()
	}
	s.logAs(ctx, slog.LevelWarn, r, change)
}

func (s *Service) log(ctx context.Context, r Record, change string) {
	s.logAs(ctx, slog.LevelInfo, r, change)
}

func (s *Service) logAs(ctx context.Context, level slog.Level, r Record, change string) {
	if s.Log == nil {
		return
	}
	reason := r.Reason
	if r.State == Refused { // it quotes the header, which may have been people
		reason = "see the campaign"
	}
	s.Log.LogAttrs(ctx, level, "campaign", slog.String("change", change),
		slog.String("campaign", r.ID), slog.Int("run", r.Run), slog.String("state", string(r.State)), slog.String("reason", reason),
		slog.Int("total", r.Summary.Good), slog.Int("fed", r.Fed.Row), slog.Int("resting", r.resting()))
}
