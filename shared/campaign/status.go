package campaign

import (
	"context"
	"encoding/json"
	"errors"
	"maps"
	"strconv"
	"strings"
	"time"

	"dmlysender/shared/campaign/plan"
	"dmlysender/shared/delivery"
)

// Status is how a campaign stands.
type Status struct {
	ID    string
	Run   int
	State State
	// Reason says in a sentence why, where that does not go without saying.
	Reason string
	// By is who started it.
	By string

	// Summary is what became of the audience, once it is planned; First are the first problems. Total is how many messages
	// the plan has: Summary.Good.
	Summary plan.Summary
	Total   int
	// Counts says how many of the messages stand in each state. They come from the ledger: exact at this moment in the first run
	// of a campaign, and as of the last minute for what has come to rest in a later one, or when it has ended. What was not
	// fed when the campaign was cancelled counts as cancelled.
	Counts map[delivery.State]int
	// Forgotten are the messages that had come to rest and were forgotten, after 30 days, before the campaign has seen how, or had
	// not been seen at rest when it was cancelled and its plan was lost. They are in none of the counts.
	Forgotten int
	// Fed is how many were put on the queue, or needed none of it, and NotFed the others.
	Fed, NotFed int

	// PerMinute is how many messages may go out a minute, and SeenPerMinute how many have come to rest lately, 0 if that is not
	// known yet.
	PerMinute     int
	SeenPerMinute float64

	StartedAt, PlannedAt, FedAt, EndedAt time.Time
	// EstimatedEnd is when all will have come to rest at that pace, hours and pauses aside; the zero time if that cannot be said.
	EstimatedEnd time.Time
}

const (
	// maxShown is how many problems a status shows, and problemsPage how many bytes of them are read at once.
	maxShown     = 20
	problemsPage = 256 << 10
	// paced is which part of an account's rate the pace gives.
	paced = 0.96
)

// Definition is the campaign as it was started, without inline rows: one read of the store.
//
// Errors: ErrNoCampaign, or that the store could not be asked.
func (s *Service) Definition(ctx context.Context, id string) (plan.Definition, error) {
	r, found, err := s.Store.Get(ctx, id, s.Clock.Now())
	if err == nil && !found {
		err = ErrNoCampaign
	}
	return r.Definition, err
}

// Status says how a campaign stands.
//
// Errors: ErrNoCampaign, or that the store, the ledger or the files could not be asked.
func (s *Service) Status(ctx context.Context, id string) (Status, error) {
	r, found, err := s.Store.Get(ctx, id, s.Clock.Now())
	switch {
	case err != nil:
		return Status{}, err
	case !found:
		return Status{}, ErrNoCampaign
	}
	return s.status(ctx, r)
}

func (s *Service) status(ctx context.Context, r Record) (Status, error) {
	status := Status{
		ID: r.ID, Run: r.Run, State: r.State, Reason: r.Reason, By: r.By,
		Summary: r.Summary, Total: r.Summary.Good, Fed: r.Fed.Row, NotFed: r.Summary.Good - r.Fed.Row, Forgotten: r.Forgotten,
		PerMinute: s.perMinute(r), SeenPerMinute: seenPerMinute(r.Marks),
		StartedAt: r.StartedAt, PlannedAt: r.PlannedAt, FedAt: r.FedAt, EndedAt: r.EndedAt,
	}
	var err error
	if status.Counts, err = s.counts(ctx, r); err != nil {
		return Status{}, err
	}
	if r.Summary.Bad+r.Summary.Duplicates > 0 {
		// The bucket does not keep them for ever, and they are not what somebody asks for who pauses or cancels it.
		if status.Summary.First, _, err = s.problems(ctx, r, 0, maxShown); err != nil && !errors.Is(err, ErrNoFile) {
			return Status{}, err
		}
	}
	if r.State == Running && r.Active() && !r.PlannedAt.IsZero() {
		left := status.Total - status.Forgotten
		for state, n := range status.Counts {
			if state.Final() {
				left -= n
			}
		}
		status.EstimatedEnd = estimate(s.Clock.Now(), left, float64(status.PerMinute), status.SeenPerMinute)
	}
	return status, nil
}

// counts are those of a campaign that has ended, or of the ledger.
func (s *Service) counts(ctx context.Context, r Record) (map[delivery.State]int, error) {
	if r.PlannedAt.IsZero() || !r.Active() {
		return maps.Clone(r.Resting), nil
	}
	counts := maps.Clone(r.Resting)
	// Otherwise there may be messages of earlier runs among the ledger's, or some of this one forgotten.
	if !r.Again && !r.forgets(s.Clock.Now()) {
		var err error
		if counts, err = s.Ledger.Counts(ctx, r.ID, s.Clock.Now()); err != nil {
			return nil, err
		}
	}
	if unfed := r.Summary.Good - r.Feeding.Row; r.State == Cancelled && unfed > 0 {
		if counts == nil {
			counts = map[delivery.State]int{}
		}
		counts[delivery.Cancelled] += unfed
	}
	return counts, nil
}

// perMinute is how many of the campaign's messages may go out a minute.
func (s *Service) perMinute(r Record) int {
	most := max(1, int(paced*float64(s.AccountPerMinute)))
	if own := r.Definition.RatePerMinute; own > 0 {
		return min(own, most)
	}
	return most
}

// seenPerMinute is how many came to rest a minute between the marks.
func seenPerMinute(marks []Mark) float64 {
	if len(marks) < 2 {
		return 0
	}
	first, last := marks[0], marks[len(marks)-1]
	minutes := last.At.Sub(first.At).Minutes()
	if minutes <= 0 {
		return 0
	}
	return float64(last.Resting-first.Resting) / minutes
}

// longest is how far ahead an end is estimated at most, in minutes: a century, which a duration can hold.
const longest = 100 * 366 * 24 * 60

// estimate goes by what was seen, if anything was, and by no more than may be.
func estimate(now time.Time, left int, perMinute, seen float64) time.Time {
	if seen > 0 {
		perMinute = min(perMinute, seen)
	}
	minutes := float64(max(left, 0)) / perMinute
	if perMinute <= 0 || minutes > longest {
		return time.Time{}
	}
	return now.Add(time.Duration(minutes * float64(time.Minute))).Round(time.Second)
}

// ErrCursor says that a cursor is not one that [Service.Problems] gave.
var ErrCursor = errors.New("the cursor is not one that this list gave; start again without one")

// Problems lists the rows of the audience that have no message of their own, in their order. A page has up to n of them, and
// none behind the last one; next is the cursor of the page that follows, and empty for that.
//
// Errors: ErrNoCampaign, ErrCursor, or that the store or the files could not be asked.
func (s *Service) Problems(ctx context.Context, id string, n int, cursor string) (problems []plan.Problem, next string, err error) {
	r, found, err := s.Store.Get(ctx, id, s.Clock.Now())
	switch {
	case err != nil:
		return nil, "", err
	case !found:
		return nil, "", ErrNoCampaign
	}
	from := int64(0)
	if cursor != "" {
		if run, at, _ := strings.Cut(cursor, "-"); run != strconv.Itoa(r.Run) {
			return nil, "", ErrCursor
		} else if from, err = strconv.ParseInt(at, 10, 64); err != nil || from <= 0 {
			return nil, "", ErrCursor
		}
	}
	if r.Summary.Bad+r.Summary.Duplicates == 0 {
		return nil, "", nil
	}
	problems, at, err := s.problems(ctx, r, from, n)
	if len(problems) > 0 && err == nil {
		next = strconv.Itoa(r.Run) + "-" + strconv.FormatInt(at, 10)
	}
	return problems, next, err
}

// problems reads up to n of them from a byte on, and says where it ended.
func (s *Service) problems(ctx context.Context, r Record, from int64, n int) (problems []plan.Problem, next int64, err error) {
	lines, err := s.lines(ctx, r.problemsFile(), from, problemsPage)
	if err != nil {
		return nil, 0, err
	}
	for _, line := range lines[:min(n, len(lines))] {
		var p plan.Problem
		if err := json.Unmarshal(line, &p); err != nil {
			return nil, 0, ErrCursor // it leads into a line
		}
		problems = append(problems, p)
		from += int64(len(line)) + 1
	}
	return problems, from, nil
}
