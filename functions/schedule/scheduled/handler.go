// Package scheduled is the function behind EventBridge: it queues the messages of a
// schedule, or starts its campaign, under ids that contain the occurrence, so that an occurrence which is
// delivered twice sends once. Each minute it takes all campaigns a step further.
package scheduled

import (
	"bytes"
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"log/slog"
	"time"

	"dmlysender/shared/delivery"
	"dmlysender/shared/message"
	"dmlysender/shared/queue"
)

// Handler queues what a schedule brings. It is safe for concurrent use.
type Handler struct {
	Queues   queue.Lanes
	Defaults message.Defaults
	// Campaigns runs campaigns; nil where they are not set up.
	Campaigns Campaigns
	// Meter is nil where nobody counts.
	Meter Meter
	Log   *slog.Logger
}

// Response is what the function answers; EventBridge ignores it, a person who
// invokes the function by hand does not.
type Response struct {
	// Occurrence is the schedule's, in UTC.
	Occurrence string `json:"occurrence"`
	// Queued are the ids of the messages that went onto the queue.
	Queued []string `json:"queued"`
	// Campaign is the one that was started.
	Campaign string `json:"campaign,omitempty"`
	// Refused are the messages that are not valid. They were queued too: the worker
	// records them as rejected, so that they are listed with the other problems.
	Refused []Refusal `json:"refused,omitempty"`
}

// Refusal says why a message is not valid.
type Refusal struct {
	ID       string            `json:"id"`
	Problems []message.Problem `json:"problems"`
}

// Handle queues the messages of the event. An error means that not all of them are
// on the queue: EventBridge invokes the function again, and what is queued twice is
// sent once.
func (h *Handler) Handle(ctx context.Context, raw json.RawMessage) (Response, error) {
	in, err := parse(raw)
	if err != nil {
		return Response{}, err
	}
	if in.tick != "" {
		return h.tick(ctx, in.tick)
	}
	if len(in.messages) == 0 && in.campaign == nil {
		h.Log.WarnContext(ctx, "the event has no messages: put them into the schedule's input as {\"occurrence\": \"<aws.scheduler.scheduled-time>\", \"messages\": [...]}")
	}
	response := Response{Occurrence: in.occurrence, Queued: []string{}}
	lanes := map[delivery.Lane][]delivery.Record{}
	for i, text := range in.messages {
		lane, record, problems := h.record(text, i, in.occurrence)
		lanes[lane] = append(lanes[lane], record)
		if problems != nil {
			response.Refused = append(response.Refused, Refusal{ID: record.ID, Problems: problems})
			continue
		}
		response.Queued = append(response.Queued, record.ID)
	}
	for lane, records := range lanes {
		if err := h.Queues.For(lane).Enqueue(ctx, records...); err != nil {
			return Response{}, fmt.Errorf("queue the messages of %s: %w", in.occurrence, err)
		}
	}
	if in.campaign != nil {
		if response.Campaign, err = h.start(ctx, in.campaign, in.at); err != nil {
			return Response{}, err
		}
	}
	h.Log.InfoContext(ctx, "schedule", slog.String("occurrence", in.occurrence), slog.Int("queued", len(response.Queued)), slog.Int("refused", len(response.Refused)))
	return response, nil
}

// record is what goes onto the queue for one message of the schedule.
func (h *Handler) record(text json.RawMessage, index int, occurrence string) (delivery.Lane, delivery.Record, []message.Problem) {
	m, err := message.Decode(text, h.Defaults)
	own := m.ID
	if own == "" {
		// Two schedules may have the same occurrence; what they say tells them apart.
		sum := message.FingerprintOf(text)
		own = fmt.Sprintf("s%d.%s", index, sum[len(sum)-16:])
	}
	m.ID = own + "@" + occurrence
	body := []byte(text)
	if err == nil {
		var encoded []byte
		if encoded, err = m.Encode(); err == nil {
			// With the occurrence the id may be too long; the worker has to see that too.
			body, err = encoded, m.Validate()
		}
	}
	if err == nil {
		return delivery.LaneOf(m), delivery.Record{Body: body, ID: m.ID, Group: m.Workspace.ID}, nil
	}
	id := m.ID
	if !message.ValidID(id) {
		sum := message.FingerprintOf(text)
		id = fmt.Sprintf("s%d.%s@%s", index, sum[len(sum)-16:], occurrence)
	}
	problems := []message.Problem{{Detail: "cannot be encoded"}}
	if invalid, ok := errors.AsType[*message.Error](err); ok {
		problems = invalid.Problems
	}
	return delivery.NormalLane, delivery.Record{Body: body, ID: id}, problems
}

// input is what both kinds of event come to.
type input struct {
	occurrence string
	at         time.Time
	messages   []json.RawMessage
	campaign   json.RawMessage // nil if there is none
	tick       string          // instead of all else
}

const hint = `write the schedule's input as {"occurrence": "<aws.scheduler.scheduled-time>", "messages": [...]}`

// parse reads EventBridge Scheduler's input, or the event of a classic rule, whose
// "time" is the occurrence and whose "detail" may hold messages.
func parse(raw json.RawMessage) (input, error) {
	var event struct {
		Occurrence *string           `json:"occurrence"`
		Messages   []json.RawMessage `json:"messages"`
		Campaign   json.RawMessage   `json:"campaign"`
		Tick       string            `json:"tick"`
		DetailType string            `json:"detail-type"`
		Time       string            `json:"time"`
		Detail     struct {
			Messages []json.RawMessage `json:"messages"`
			Campaign json.RawMessage   `json:"campaign"`
		} `json:"detail"`
	}
	if err := json.NewDecoder(bytes.NewReader(raw)).Decode(&event); err != nil {
		return input{}, fmt.Errorf("the event cannot be read: %s", hint)
	}
	in := input{messages: event.Messages, campaign: event.Campaign, tick: event.Tick}
	var text string
	switch {
	case in.tick != "":
		return in, nil
	case event.Occurrence != nil:
		text = *event.Occurrence
	case event.DetailType != "":
		text, in.messages, in.campaign = event.Time, event.Detail.Messages, event.Detail.Campaign
	default:
		return input{}, fmt.Errorf("the event has no occurrence, without which one that is delivered twice would send twice: %s", hint)
	}
	at, err := time.Parse(time.RFC3339, text)
	if err != nil {
		return input{}, fmt.Errorf("the occurrence is not a time such as 2026-12-01T08:00:00Z: %s", hint)
	}
	in.at, in.occurrence = at, at.UTC().Format(time.RFC3339)
	return in, nil
}
