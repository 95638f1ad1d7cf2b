// Package panics logs what was recovered.
package panics

import (
	"context"
	"fmt"
	"log/slog"
	"runtime/debug"
)

// Log says where something panicked, and with what type of value, but not with which: it may be somebody's data. attrs say what was
// worked on. It has to be called by the deferred function that recovered the value. A nil log is told nothing.
func Log(ctx context.Context, log *slog.Logger, value any, attrs ...slog.Attr) {
	if log == nil {
		return
	}
	attrs = append(attrs, slog.String("panic", fmt.Sprintf("%T", value)), slog.String("stack", string(debug.Stack())))
	log.LogAttrs(ctx, slog.LevelError, "panic", attrs...)
}
