package telemetry

import (
	"context"
	"log/slog"

	"github.com/aws/aws-lambda-go/lambdacontext"
)

// RequestIDKey is the attribute of a log line that has the id of its request; Lambda's own lines have it, too.
const RequestIDKey = "requestId"

type requestIDKey struct{}

// WithRequestID returns a context whose request has this id, where Lambda gives it none.
func WithRequestID(ctx context.Context, id string) context.Context {
	return context.WithValue(ctx, requestIDKey{}, id)
}

// RequestID is the id of the context's request: that of the Lambda invocation, or the one of [WithRequestID]; empty if it
// has neither.
func RequestID(ctx context.Context) string {
	if invocation, ok := lambdacontext.FromContext(ctx); ok && invocation.AwsRequestID != "" {
		return invocation.AwsRequestID
	}
	id, _ := ctx.Value(requestIDKey{}).(string)
	return id
}

// Handler returns a handler of log lines that adds the request's id to those that are written with a request's context.
func Handler(next slog.Handler) slog.Handler { return handler{next} }

type handler struct{ slog.Handler }

// Handle implements [slog.Handler].
func (h handler) Handle(ctx context.Context, r slog.Record) error {
	if id := RequestID(ctx); id != "" {
		r = r.Clone()
		r.AddAttrs(slog.String(RequestIDKey, id))
	}
	return h.Handler.Handle(ctx, r)
}

// WithAttrs implements [slog.Handler].
func (h handler) WithAttrs(attrs []slog.Attr) slog.Handler {
	return handler{h.Handler.WithAttrs(attrs)}
}

// WithGroup implements [slog.Handler].
func (h handler) WithGroup(name string) slog.Handler { return handler{h.Handler.WithGroup(name)} }
