//go:build e2e

package stack_test

import (
	"testing"

	"dmlysender/e2e/deployed"
)

func TestE2EDoctor(t *testing.T) {
	t.Parallel()
	ctx := deployed.Begin(t, whole)
	s := deployed.Fresh(ctx, t, "doctor")
	cmd := deployed.Command(ctx, t, "make", "doctor", "STACK="+s.Name)
	out, err := cmd.CombinedOutput()
	t.Logf("%v\n%s", err, out)
	s.StoreKeys(ctx, t)
	out, err = deployed.Command(ctx, t, "build/doctor", s.Name).CombinedOutput()
	t.Logf("%v\n%s", err, out)
}
