//go:build e2e

package startapi_test

import (
	"context"
	"os/exec"
	"testing"
	"time"

	"dmlysender/e2e/deployed"
)

// whole is how long everything may take.
const whole = 4 * time.Minute

// begin returns a context for what is started, and checks what has to be there.
func begin(t *testing.T) context.Context {
	t.Helper()
	ctx := deployed.Begin(t, whole)
	if out, err := exec.CommandContext(ctx, "docker", "info").CombinedOutput(); err != nil {
		t.Fatalf("Docker does not answer, and the api runs in it: start Docker, or leave this part out by make e2e E2E_ARGS='-skip StartAPI'\n%s", out)
	}
	return ctx
}
