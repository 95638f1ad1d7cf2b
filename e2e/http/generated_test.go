//go:build e2e

package http_test

import (
	"os"
	"os/exec"
	"path/filepath"
	"slices"
	"strings"
	"testing"
	"time"
)

// Who has a client generated writes against what the document makes of names and types: testdata/client is such a program.
func TestE2EAGeneratedClientSends(t *testing.T) {
	t.Parallel()
	s := start(t)
	dir := t.TempDir()
	if err := os.CopyFS(dir, os.DirFS(filepath.Join("testdata", "client"))); err != nil {
		t.Fatal(err)
	}
	document := filepath.Join(dir, "openapi.json")
	if err := os.WriteFile(document, []byte(s.must("GET", "/openapi.json", "", nil).body), 0o600); err != nil {
		t.Fatal(err)
	}
	generate := exec.Command(tool(t, "bin", "oapi-codegen"), "-generate", "types,client", "-package", "main", "-o", filepath.Join(dir, "api.go"), document)
	run(t, time.Minute, generate)
	program := filepath.Join(dir, "client")
	build := exec.Command("go", "build", "-o", program, ".")
	build.Dir = dir
	build.Env = append(os.Environ(), "GOFLAGS=-mod=readonly", "GOWORK=off")
	run(t, 2*time.Minute, build) // which tells of what it downloads
	if got := strings.Fields(run(t, 2*time.Minute, exec.Command(program, s.api))); !slices.Equal(got, []string{"one", "several", "drop-in", "unknown", "refused"}) {
		t.Errorf("it did %q", got)
	}
	var arrived []string
	for _, message := range s.arrived(4) {
		arrived = append(arrived, string(message.field("textMessage"))+string(message.field("further")))
	}
	slices.Sort(arrived)
	if want := []string{`"four"true`, `"one"`, `"three"`, `"two"`}; !slices.Equal(arrived, want) {
		t.Errorf("the simulator has %q, want %q", arrived, want)
	}
}
