package delivery

import (
	"cmp"
	"context"
	"log/slog"
	"time"

	"dmlysender/shared/apikey"
	"dmlysender/shared/message"
)

// report writes the one log line of an outcome. Its recipient is a keyed hash, by which the lines of one recipient can be
// found but not whose they are. It has nothing of the content, nor of what DMLY said: its words may name a person, and so
// may its ids, as those of WhatsApp itself do. Both are in the ledger. What is said of few messages is left out for the others,
// as a log costs by its bytes: a generation, a step or an attempt after the first, when the record comes back, a conflict.
func (s *Sender) report(ctx context.Context, m message.Message, key apikey.Key, r Result, err error) {
	if err != nil && s.Meter != nil {
		s.Meter.Stuck()
	}
	if s.Log == nil {
		return
	}
	attrs := []slog.Attr{
		slog.String("id", m.ID),
		slog.String("channel", string(m.Channel)),
		slog.String("type", string(m.Type)),
		slog.String("workspace", m.Workspace.ID),
		slog.String("recipient", key.Hash(cmp.Or(m.Recipient.PhoneNumber, m.Contact.ID))),
		slog.String("state", string(r.Item.State)),
		slog.Bool("done", r.Done),
	}
	if r.Item.Generation > 1 {
		attrs = append(attrs, slog.Int("generation", r.Item.Generation))
	}
	if r.Item.Attempts > 1 {
		attrs = append(attrs, slog.Int("attempt", r.Item.Attempts))
	}
	if r.Item.Step > 0 {
		attrs = append(attrs, slog.Int("step", r.Item.Step))
	}
	if !r.RetryAt.IsZero() {
		attrs = append(attrs, slog.Time("retryAt", r.RetryAt))
	}
	if r.Conflict {
		attrs = append(attrs, slog.Bool("conflict", true))
	}
	level := slog.LevelInfo
	switch {
	case err != nil:
		level = slog.LevelError
		attrs = append(attrs, slog.String("error", err.Error()))
	case r.Item.State.Problem():
		level = slog.LevelWarn
	}
	s.Log.LogAttrs(ctx, level, "message", attrs...)
}

// reportKeyRefused says that an account waits for another key.
func (s *Sender) reportKeyRefused(ctx context.Context, account string, until time.Time) {
	if s.Log != nil {
		s.Log.LogAttrs(ctx, slog.LevelError, "DMLY refused the API key", slog.String("account", account), slog.Time("pausedUntil", until))
	}
	if s.Meter != nil {
		s.Meter.KeyRefused()
	}
}

// rested counts a message that was written down, if it rests so.
func (s *Sender) rested(channel message.Channel, state State) {
	if s.Meter != nil && state.Final() {
		s.Meter.Rested(channel, state)
	}
}

// channelOf is the channel of one of the message's steps.
func channelOf(m message.Message, step int) message.Channel {
	if step > 0 && step < m.Steps() {
		return m.Fallback[step-1].Channel
	}
	return m.Channel
}

// posted counts a request that has taken from then until now.
func (s *Sender) posted(began time.Time) {
	if s.Meter != nil {
		s.Meter.Posted(s.Clock.Now().Sub(began))
	}
}

// waited counts a message that has waited for its slot from then until now.
func (s *Sender) waited(began time.Time) {
	if s.Meter != nil {
		s.Meter.Waited(s.Clock.Now().Sub(began))
	}
}
