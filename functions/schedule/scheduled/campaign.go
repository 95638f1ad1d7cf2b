package scheduled

import (
	"cmp"
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"log/slog"
	"strings"
	"time"

	"dmlysender/shared/campaign"
	"dmlysender/shared/campaign/plan"
	"dmlysender/shared/message"
)

// Campaigns runs them; [campaign.Service] does.
type Campaigns interface {
	Start(ctx context.Context, d plan.Definition, by string) (status campaign.Status, known bool, err error)
	Definition(ctx context.Context, id string) (plan.Definition, error)
	Tick(ctx context.Context) error
}

// Meter counts ticks that could not take every campaign further; telemetry's metrics do.
type Meter interface{ CampaignsStuck() }

// tickOfCampaigns is the tick that the stack's own schedule brings each minute.
const tickOfCampaigns = "campaigns"

var errNoCampaigns = errors.New("campaigns are not set up here: AUDIENCE_BUCKET is not set, or the ledger or a queue is in memory")

// tick takes every campaign a step further.
func (h *Handler) tick(ctx context.Context, of string) (Response, error) {
	switch {
	case of != tickOfCampaigns:
		return Response{}, fmt.Errorf("there is no such tick; there is {\"tick\": %q}", tickOfCampaigns)
	case h.Campaigns == nil:
		return Response{}, errNoCampaigns
	}
	// It is no error of the function: Lambda would try this tick again beside the next one, and keep it among the dead letters.
	if err := h.Campaigns.Tick(ctx); err != nil {
		h.Log.ErrorContext(ctx, "campaigns", slog.String("error", "take the campaigns further: "+err.Error()))
		if h.Meter != nil {
			h.Meter.CampaignsStuck()
		}
	}
	return Response{Queued: []string{}}, nil
}

// start starts the campaign of an occurrence, under an id that has it: one that is delivered twice is one campaign.
func (h *Handler) start(ctx context.Context, raw json.RawMessage, at time.Time) (id string, err error) {
	if h.Campaigns == nil {
		return "", errNoCampaigns
	}
	d, err := plan.Decode(raw)
	if err != nil {
		return "", notValid(err)
	}
	d.ID += "-" + at.UTC().Format("20060102T150405Z")
	if !plan.ValidID(d.ID) {
		return "", fmt.Errorf("the id of a schedule's campaign has at most %d characters, as its occurrence is added to it", plan.MaxID-len("-20060102T150405Z"))
	}
	// To start one that has ended would run it again: it may have been cancelled since the occurrence was delivered first.
	switch _, err := h.Campaigns.Definition(ctx, d.ID); {
	case err == nil:
		h.Log.InfoContext(ctx, "campaign of a schedule, which was started before", slog.String("campaign", d.ID))
		return d.ID, nil
	case !errors.Is(err, campaign.ErrNoCampaign):
		return "", fmt.Errorf("look up campaign %s: %w", d.ID, err)
	}
	status, known, err := h.Campaigns.Start(ctx, d, "a schedule")
	if unusable, ok := errors.AsType[*plan.AudienceError](err); ok {
		return "", notValid(unusable)
	}
	if err != nil {
		return "", fmt.Errorf("start campaign %s: %w", d.ID, err)
	}
	h.Log.InfoContext(ctx, "campaign of a schedule", slog.String("campaign", d.ID), slog.String("state", string(status.State)), slog.Bool("known", known))
	return d.ID, nil
}

// notValid says where a campaign is not valid. What is wrong there may quote it, and the function's errors are logged.
func notValid(err error) error {
	at := "/audience"
	if invalid, ok := errors.AsType[*message.Error](err); ok {
		var pointers []string
		for _, one := range invalid.Problems {
			pointers = append(pointers, cmp.Or(one.Pointer, "its beginning"))
		}
		at = strings.Join(pointers, ", ")
	}
	return fmt.Errorf("the campaign of the schedule is not valid, at %s: POST /v1/campaigns?dryRun=true says what is wrong with it", at)
}
