package panics_test

import (
	"bytes"
	"log/slog"
	"strings"
	"testing"

	"dmlysender/shared/panics"
)

type secret struct{ number string }

func fails(value any) { panic(value) }

func TestAPanicIsLoggedWithItsPlaceAndNotItsValue(t *testing.T) {
	t.Parallel()
	var out bytes.Buffer
	func() {
		defer func() {
			if p := recover(); p != nil {
				panics.Log(t.Context(), nil, p)
				panics.Log(t.Context(), slog.New(slog.NewJSONHandler(&out, nil)), p, slog.String("id", "order-42"))
			}
		}()
		fails(secret{number: "+15551230001"})
	}()
	line := out.String()
	for _, want := range []string{`"level":"ERROR"`, `"msg":"panic"`, `"id":"order-42"`, `"panic":"panics_test.secret"`, "panics_test.fails"} {
		if !strings.Contains(line, want) {
			t.Errorf("%s is not in %s", want, line)
		}
	}
	if strings.Count(line, "\n") != 1 || strings.Contains(line, "1555") {
		t.Errorf("got %s", line)
	}
}
