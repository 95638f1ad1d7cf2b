package telemetry_test

import (
	"bytes"
	"context"
	"encoding/json"
	"log/slog"
	"testing"

	"github.com/aws/aws-lambda-go/lambdacontext"

	"dmlysender/shared/telemetry"
)

func TestLogLinesHaveTheIDOfTheirRequest(t *testing.T) {
	t.Parallel()
	invocation := lambdacontext.NewContext(t.Context(), &lambdacontext.LambdaContext{AwsRequestID: "invocation-1"})
	for name, tt := range map[string]struct {
		ctx  context.Context //nolint:containedctx // it is the case
		want any
	}{
		"no request":             {t.Context(), nil},
		"an invocation":          {invocation, "invocation-1"},
		"outside of Lambda":      {telemetry.WithRequestID(t.Context(), "request-1"), "request-1"},
		"an invocation with one": {telemetry.WithRequestID(invocation, "request-1"), "invocation-1"},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			var out bytes.Buffer
			log := slog.New(telemetry.Handler(slog.NewJSONHandler(&out, nil))).With(slog.String("account", "a"))
			log.InfoContext(tt.ctx, "hello")
			var line map[string]any
			if err := json.Unmarshal(out.Bytes(), &line); err != nil {
				t.Fatal(err)
			}
			if line[telemetry.RequestIDKey] != tt.want || line["account"] != "a" {
				t.Errorf("got %v, want request id %v", line, tt.want)
			}
			if got, _ := tt.want.(string); telemetry.RequestID(tt.ctx) != got {
				t.Errorf("RequestID: got %q", telemetry.RequestID(tt.ctx))
			}
		})
	}
}
