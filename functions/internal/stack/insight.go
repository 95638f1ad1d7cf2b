package stack

import (
	"context"
	"errors"
	"fmt"
	"log/slog"

	"dmlysender/shared/delivery"
	"dmlysender/shared/forecast"
)

// Insight is what a function can be asked about its services, beside what they do for its Sender.
type Insight struct {
	// Problems lists what is in the ledger and needs a person.
	Problems delivery.ProblemLister
	// Pace foretells when an account can send.
	Pace delivery.Forecaster
	// Normal and Bulk tell how much stands on the queues.
	Normal, Bulk delivery.Backlog
	// Forecast estimates from these when a message will be sent.
	Forecast *forecast.Forecast
}

// Backlog tells how much stands on the queue of a lane.
func (i Insight) Backlog(lane delivery.Lane) delivery.Backlog {
	if lane == delivery.BulkLane {
		return i.Bulk
	}
	return i.Normal
}

// Insight returns what can be asked, if the function sends and has queues. What it takes is linked only where this is
// called. The error is one of the function's services, which has to be mended in its code.
func (s *Stack) Insight() (Insight, error) {
	if s.Sender == nil {
		return Insight{}, errors.New("a function that does not send has no ledger and no pace to be asked about")
	}
	problems, lists := s.Sender.Ledger.(delivery.ProblemLister)
	pace, foretells := s.Sender.Pacer.(delivery.Forecaster)
	normal, counts := s.Queues.Normal.(delivery.Backlog)
	bulk, countsBulk := s.Queues.Bulk.(delivery.Backlog)
	if !lists || !foretells || !counts || !countsBulk {
		return Insight{}, fmt.Errorf("one of these cannot be asked about its state: the ledger %T, the pace %T, the queues %T and %T",
			s.Sender.Ledger, s.Sender.Pacer, s.Queues.Normal, s.Queues.Bulk)
	}
	return Insight{
		Problems: problems, Pace: pace, Normal: normal, Bulk: bulk,
		Forecast: &forecast.Forecast{
			Keys: s.Sender.Keys, Pace: pace, Normal: normal, Bulk: bulk, Now: s.Sender.Clock.Now, OnError: s.cannotForecast,
		},
	}, nil
}

func (s *Stack) cannotForecast(ctx context.Context, err error) {
	s.Log.WarnContext(ctx, "it cannot be said when messages will be sent", slog.String("error", err.Error()))
}
