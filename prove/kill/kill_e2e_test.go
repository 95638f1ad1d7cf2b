//go:build e2e

package kill_test

import (
	"os"
	"path/filepath"
	"testing"

	"dmlysender/bench/binary"
	"dmlysender/prove/kill"
)

// build builds a function as it is deployed, but for this machine.
func build(t *testing.T, function string) string {
	t.Helper()
	path := filepath.Join(t.TempDir(), "bootstrap")
	if _, err := binary.Build(t.Context(), "./functions/"+function, path); err != nil {
		t.Fatal(err)
	}
	return path
}

func TestE2EFunctionsSurviveKills(t *testing.T) {
	t.Parallel()
	endpoint := os.Getenv("AWS_ENDPOINT_URL")
	if endpoint == "" {
		t.Fatal("AWS_ENDPOINT_URL is not set: run this by e2e/with-ministack")
	}
	const kills, apiKills = 30, 20
	result, err := kill.Run(t.Context(), kill.Options{
		Worker: build(t, "worker"), API: build(t, "api"), Endpoint: endpoint, Seed: 1, Kills: kills, APIKills: apiKills, Log: t.Output(),
	})
	t.Log(result)
	if err != nil {
		t.Fatal(err)
	}
	if result.Kills < kills || result.APIKills < apiKills || result.Lost > 0 || result.Duplicates > 0 {
		t.Errorf("got %d and %d kills, %d lost, %d duplicates, want %d and %d, none and none",
			result.Kills, result.APIKills, result.Lost, result.Duplicates, kills, apiKills)
	}
}
