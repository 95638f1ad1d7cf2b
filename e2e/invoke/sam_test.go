//go:build e2e

package invoke_test

import (
	"bytes"
	"context"
	"encoding/json"
	"os"
	"path/filepath"
	"strings"
	"testing"
	"time"

	"dmlysender/e2e/deployed"
	"dmlysender/shared/dmlytest"
)

const (
	// whole is how long everything may take.
	whole = 6 * time.Minute
	// lanes is how many functions run at the same time.
	lanes = 2
	// simulator is the address in local/sam-env.json.
	simulator = "http://" + deployed.Host + ":8081/"
)

// functions are their names in the template.
var functions = map[string]string{"worker": "WorkerFunction", "schedule": "ScheduleFunction", "api": "ApiFunction"}

// sam runs functions under sam local invoke.
type sam struct {
	deployed.Built
	network string
	free    chan *lane
}

// lane is for one function at a time.
type lane struct {
	sim *dmlytest.Server
	// environment is a file with the function's variables.
	environment string
}

// start builds the functions, and makes what they run in and send to.
func start(ctx context.Context, t *testing.T) *sam {
	t.Helper()
	s := &sam{Built: deployed.Build(ctx, t), network: deployed.Network(ctx, t, "invoke"), free: make(chan *lane, lanes)}
	environment, err := os.ReadFile(deployed.FromRoot(t, "local/sam-env.json"))
	if err != nil {
		t.Fatal(err)
	}
	if n := strings.Count(string(environment), simulator); n != 1 {
		t.Fatalf("local/sam-env.json has %s %d times, want once", simulator, n)
	}
	var ports []string
	for range lanes {
		l := &lane{environment: filepath.Join(t.TempDir(), "environment.json")}
		var url string
		l.sim, url = dmlytest.Start(t, dmlytest.Options{Key: "local"})
		port := deployed.PortOf(t, url)
		ports = append(ports, port)
		reached := strings.ReplaceAll(string(environment), simulator, "http://"+deployed.Host+":"+port+"/")
		if err := os.WriteFile(l.environment, []byte(reached), 0o600); err != nil {
			t.Fatal(err)
		}
		s.free <- l
	}
	deployed.Relay(ctx, t, ports...)
	return s
}

// invoke has a function take an event, and returns what it answered and what DMLY accepted meanwhile.
func (s *sam) invoke(ctx context.Context, t *testing.T, c call) (answer []byte, accepted []dmlytest.Message) {
	t.Helper()
	l := <-s.free
	defer func() { s.free <- l }()
	l.sim.Reset()
	file := filepath.Join(t.TempDir(), "event.json")
	if err := os.WriteFile(file, c.event, 0o600); err != nil {
		t.Fatal(err)
	}
	out := deployed.SAM(ctx, t, "local", "invoke", functions[c.function], "--template", s.Template, "--event", file, "--env-vars", l.environment,
		"--docker-network", s.network, "--add-host", deployed.Host+":host-gateway", "--parameter-overrides", s.Architecture)
	return bytes.TrimSpace([]byte(out)), l.sim.Messages()
}

// generate is an event of sam local generate-event.
func generate(ctx context.Context, t *testing.T, args ...string) []byte {
	t.Helper()
	return []byte(deployed.SAM(ctx, t, append([]string{"local", "generate-event"}, args...)...))
}

// with sets a field in an event, below others if there are several names.
func with(t *testing.T, event []byte, value any, names ...string) []byte {
	t.Helper()
	all := object(t, event)
	at := all
	for _, name := range names[:len(names)-1] {
		below, ok := at[name].(map[string]any)
		if !ok {
			t.Fatalf("%s has no %v", event, names)
		}
		at = below
	}
	at[names[len(names)-1]] = value
	return encode(t, all)
}

func encode(t *testing.T, value any) []byte {
	t.Helper()
	text, err := json.Marshal(value)
	if err != nil {
		t.Fatal(err)
	}
	return text
}

func decode(t *testing.T, text []byte, into any) {
	t.Helper()
	if err := json.Unmarshal(text, into); err != nil {
		t.Fatalf("%s is not what was expected: %v", text, err)
	}
}
