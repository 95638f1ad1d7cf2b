package delivery

import (
	"context"
	"log/slog"

	"dmlysender/shared/message"
)

// report writes the one log line of an outcome. It names neither the recipient nor
// the content, nor what DMLY said: its words may name a person.
func (s *Sender) report(ctx context.Context, m message.Message, r Result, err error) {
	if s.Log == nil {
		return
	}
	attrs := []slog.Attr{
		slog.String("id", m.ID),
		slog.String("channel", string(m.Channel)),
		slog.String("type", string(m.Type)),
		slog.String("workspace", m.Workspace.ID),
		slog.String("state", string(r.Item.State)),
		slog.Int("generation", r.Item.Generation),
		slog.Int("step", r.Item.Step),
		slog.Int("attempt", r.Item.Attempts),
		slog.String("dmlyId", r.Item.DMLYID),
		slog.Bool("done", r.Done),
		slog.Bool("conflict", r.Conflict),
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
