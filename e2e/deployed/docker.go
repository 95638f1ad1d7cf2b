package deployed

import (
	"bytes"
	"context"
	"crypto/rand"
	"errors"
	"net/url"
	"os"
	"os/exec"
	"path/filepath"
	"strconv"
	"strings"
	"syscall"
	"testing"
)

// Host is this machine, as a container sees it.
const Host = "host.docker.internal"

// owner is the label of what a test makes in Docker: the machine and the process that it belongs to.
const owner = "dmlysender.e2e.owner"

// NeedDocker fails the test where Docker does not answer, and skips it where somebody has said to do without.
func NeedDocker(ctx context.Context, t *testing.T) {
	t.Helper()
	if os.Getenv("WITHOUT_DOCKER") != "" {
		t.Skip("WITHOUT_DOCKER is set, and the functions run in Docker")
	}
	if out, err := exec.CommandContext(ctx, "docker", "info").CombinedOutput(); err != nil {
		t.Fatalf("Docker does not answer, and the functions run in it: start Docker, or leave these tests out by make e2e WITHOUT_DOCKER=1\n%s", out)
	}
}

// Relay lets containers reach ports of this machine's 127.0.0.1 until the test is over. Each relay lives as long as its command, which is
// cat, and that as long as its input is open: they end with this process, however it ends.
func Relay(ctx context.Context, t *testing.T, ports ...string) {
	t.Helper()
	program := filepath.Join(t.TempDir(), "relay")
	Output(ctx, t, "go", "build", "-buildvcs=false", "-o", program, "./local/relay")
	for _, port := range ports {
		cmd := Command(context.WithoutCancel(ctx), t, program, port, "cat")
		var complaint bytes.Buffer
		cmd.Stderr = &complaint
		input, err := cmd.StdinPipe()
		if err != nil {
			t.Fatal(err)
		}
		if err := cmd.Start(); err != nil {
			t.Fatal(err)
		}
		t.Cleanup(func() {
			_ = input.Close()
			if err := cmd.Wait(); err != nil || complaint.Len() > 0 {
				t.Errorf("the relay of port %s: %v\n%s", port, err, &complaint)
			}
		})
	}
}

// Network makes a network in Docker, with a name that contains this one. With the test it goes, and so do containers that are still in it.
// Networks of tests that could not remove theirs, as they were killed, go first.
func Network(ctx context.Context, t *testing.T, purpose string) (name string) {
	t.Helper()
	machine, err := os.Hostname()
	if err != nil {
		t.Fatal(err)
	}
	removeAbandoned(ctx, t, machine)
	name = "dmlysender-" + purpose + "-" + strings.ToLower(rand.Text())
	Output(ctx, t, "docker", "network", "create", "--label", owner+"="+machine+"/"+strconv.Itoa(os.Getpid()), name)
	t.Cleanup(func() {
		ctx, cancel := context.WithTimeout(context.WithoutCancel(ctx), EndTime)
		defer cancel()
		for _, left := range strings.Fields(Output(ctx, t, "docker", "ps", "--all", "--quiet", "--filter", "network="+name)) {
			t.Errorf("the SAM CLI left the container %s behind", left)
			Output(ctx, t, "docker", "rm", "--force", left)
		}
		Output(ctx, t, "docker", "network", "rm", name)
	})
	return name
}

// removeAbandoned removes the networks, and the containers in them, of this machine's processes that are no more. Another test may do the
// same at the same time, so what fails is only told.
func removeAbandoned(ctx context.Context, t *testing.T, machine string) {
	t.Helper()
	all := Output(ctx, t, "docker", "network", "ls", "--filter", "label="+owner, "--format", `{{.Name}} {{.Label "`+owner+`"}}`)
	for line := range strings.Lines(all) {
		name, by, _ := strings.Cut(strings.TrimSpace(line), " ")
		pid, of := strings.CutPrefix(by, machine+"/")
		if !of || alive(pid) {
			continue
		}
		containers, err := Command(ctx, t, "docker", "ps", "--all", "--quiet", "--filter", "network="+name).Output()
		if left := strings.Fields(string(containers)); len(left) > 0 {
			err = errors.Join(err, Command(ctx, t, "docker", append([]string{"rm", "--force"}, left...)...).Run())
		}
		err = errors.Join(err, Command(ctx, t, "docker", "network", "rm", name).Run())
		t.Logf("removed the network %s of process %s, which was killed: %v", name, pid, err)
	}
}

// alive says whether a process is there. One that cannot be told is taken for alive.
func alive(pid string) bool {
	n, err := strconv.Atoi(pid)
	return err != nil || n <= 0 || !errors.Is(syscall.Kill(n, 0), syscall.ESRCH)
}

// PortOf is the port in a URL.
func PortOf(t *testing.T, text string) string {
	t.Helper()
	parsed, err := url.Parse(text)
	if err != nil || parsed.Port() == "" {
		t.Fatalf("%q is no URL with a port: %v", text, err)
	}
	return parsed.Port()
}
