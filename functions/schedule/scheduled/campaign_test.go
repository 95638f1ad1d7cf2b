package scheduled_test

import (
	"context"
	"encoding/json"
	"errors"
	"slices"
	"strings"
	"testing"

	"dmlysender/functions/internal/handlertest"
	"dmlysender/shared/campaign"
	"dmlysender/shared/campaign/plan"
)

// runner notes what it is asked to run.
type runner struct {
	started []string
	known   []string
	ticks   int
	err     error
	lookErr error
}

func (r *runner) Start(_ context.Context, d plan.Definition, by string) (campaign.Status, bool, error) {
	r.started = append(r.started, d.ID+" by "+by)
	return campaign.Status{ID: d.ID, State: campaign.Planning}, len(r.started) > 1, r.err
}

func (r *runner) Definition(_ context.Context, id string) (plan.Definition, error) {
	switch {
	case r.lookErr != nil:
		return plan.Definition{}, r.lookErr
	case !slices.Contains(r.known, id):
		return plan.Definition{}, campaign.ErrNoCampaign
	}
	return plan.Definition{ID: id}, nil
}

func (r *runner) Tick(context.Context) error {
	r.ticks++
	return r.err
}

// reminders is a campaign as a schedule has it.
func reminders(id string) fields {
	return fields{
		"id": id, "audience": fields{"file": "members.csv"},
		"message": fields{
			"channel": "whatsapp", "type": "text", "workspace": fields{"id": "W1"}, "recipient": fields{"phoneNumber": "{{phone}}"}, "textMessage": "Hello {{name}}",
		},
	}
}

func TestAScheduleStartsACampaignForEachOccurrence(t *testing.T) {
	t.Parallel()
	r, runs := newRig(t), &runner{}
	r.handler.Campaigns = runs
	event := handlertest.JSON(fields{"occurrence": occurrence, "campaign": reminders("daily")})
	for range 2 { // an occurrence may be delivered twice
		if got := r.schedule(event); got.Campaign != "daily-20261201T080000Z" || len(got.Queued) > 0 {
			t.Errorf("got %+v", got)
		}
	}
	for _, got := range runs.started {
		if got != "daily-20261201T080000Z by a schedule" {
			t.Errorf("started %s", got)
		}
	}
	rule := handlertest.JSON(fields{"detail-type": "Scheduled Event", "time": "2026-12-01T08:00:00Z", "detail": fields{"campaign": reminders("daily")}})
	if got := r.schedule(rule); got.Campaign != "daily-20261201T080000Z" {
		t.Errorf("a classic rule: got %+v", got)
	}
	both := handlertest.JSON(fields{"occurrence": occurrence, "campaign": reminders("daily"), "messages": []any{msg(fields{"id": "a"})}})
	if got := r.schedule(both); got.Campaign == "" || len(got.Queued) != 1 {
		t.Errorf("with a message beside it: got %+v", got)
	}
}

// Somebody has cancelled it, or it has ended, by the time at which the occurrence is delivered once more.
func TestAnOccurrenceThatIsDeliveredAgainStartsNothing(t *testing.T) {
	t.Parallel()
	r, runs := newRig(t), &runner{known: []string{"daily-20261201T080000Z"}}
	r.handler.Campaigns = runs
	event := handlertest.JSON(fields{"occurrence": occurrence, "campaign": reminders("daily")})
	if got := r.schedule(event); got.Campaign != "daily-20261201T080000Z" || len(runs.started) > 0 {
		t.Errorf("got %+v, started %v", got, runs.started)
	}
	runs.lookErr = errDown
	if _, err := r.handler.Handle(t.Context(), json.RawMessage(event)); !errors.Is(err, errDown) || len(runs.started) > 0 {
		t.Errorf("got %v, started %v", err, runs.started)
	}
}

func TestATickTakesTheCampaignsFurther(t *testing.T) {
	t.Parallel()
	r, runs := newRig(t), &runner{}
	r.handler.Campaigns = runs
	r.schedule(`{"tick": "campaigns"}`)
	if runs.ticks != 1 {
		t.Errorf("%d ticks", runs.ticks)
	}
	// Lambda is not to try a tick again: the next one makes good.
	runs.err = errDown
	meter := &stuckMeter{}
	r.handler.Meter = meter
	r.schedule(`{"tick": "campaigns"}`)
	if logged := r.Logs.String(); meter.stuck != 1 || !strings.Contains(logged, errDown.Error()) {
		t.Errorf("it was counted %d times, and logged as %s", meter.stuck, logged)
	}
}

type stuckMeter struct{ stuck int }

func (m *stuckMeter) CampaignsStuck() { m.stuck++ }

func TestWhatIsWrongWithACampaignOfAScheduleIsSaid(t *testing.T) {
	t.Parallel()
	long := strings.Repeat("x", 48)
	for name, tt := range map[string]struct{ event, want string }{
		"not valid":    {handlertest.JSON(fields{"occurrence": occurrence, "campaign": fields{"id": "a"}}), "/message"},
		"a long id":    {handlertest.JSON(fields{"occurrence": occurrence, "campaign": reminders(long)}), "at most 47 characters"},
		"another tick": {`{"tick": "clock"}`, `{"tick": "campaigns"}`},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			r := newRig(t)
			r.handler.Campaigns = &runner{}
			if _, err := r.handler.Handle(t.Context(), json.RawMessage(tt.event)); err == nil || !strings.Contains(err.Error(), tt.want) {
				t.Errorf("got %v, want %s", err, tt.want)
			}
		})
	}
	r := newRig(t)
	for _, event := range []string{`{"tick": "campaigns"}`, handlertest.JSON(fields{"occurrence": occurrence, "campaign": reminders("daily")})} {
		if _, err := r.handler.Handle(t.Context(), json.RawMessage(event)); err == nil || !strings.Contains(err.Error(), "AUDIENCE_BUCKET") {
			t.Errorf("where there are no campaigns: %v", err)
		}
	}
}
