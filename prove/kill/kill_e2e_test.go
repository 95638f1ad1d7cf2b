//go:build e2e

package kill_test

import (
	"os"
	"os/exec"
	"path/filepath"
	"testing"

	"dmlysender/prove/kill"
)

// buildWorker builds the worker as it is deployed, but for this machine.
func buildWorker(t *testing.T) string {
	t.Helper()
	path := filepath.Join(t.TempDir(), "bootstrap")
	build := exec.CommandContext(t.Context(), "go", "build", "-trimpath", "-buildvcs=false",
		"-tags", "lambda.norpc,nethttpomithttp2", "-ldflags", "-s -w -buildid=", "-o", path, "dmlysender/functions/worker")
	build.Env = append(os.Environ(), "CGO_ENABLED=0")
	if out, err := build.CombinedOutput(); err != nil {
		t.Fatalf("build the worker: %v\n%s", err, out)
	}
	return path
}

func TestE2EWorkerSurvivesKills(t *testing.T) {
	t.Parallel()
	endpoint := os.Getenv("AWS_ENDPOINT_URL")
	if endpoint == "" {
		t.Fatal("AWS_ENDPOINT_URL is not set: run this by e2e/with-ministack")
	}
	const kills = 30
	result, err := kill.Run(t.Context(), kill.Options{Binary: buildWorker(t), Endpoint: endpoint, Seed: 1, Kills: kills, Log: t.Output()})
	t.Log(result)
	if err != nil {
		t.Fatal(err)
	}
	if result.Kills < kills || result.Lost > 0 || result.Duplicates > 0 {
		t.Errorf("got %d kills, %d lost, %d duplicates, want %d, none and none", result.Kills, result.Lost, result.Duplicates, kills)
	}
}
