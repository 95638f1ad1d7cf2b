//go:build e2e

package http_test

import (
	"cmp"
	"encoding/json"
	"net/http"
	"net/url"
	"os"
	"os/exec"
	"path/filepath"
	"regexp"
	"strings"
	"testing"
	"time"
)

// leastTaken is how many requests each operation has to take, at least. One that only ever refuses is not tested.
const leastTaken = 10

// TestE2ESchemathesis draws some thousand requests from the document, right ones and wrong ones, one by one and along its links, and holds the answers
// against it. The environment's SEED, 1 if there is none, draws others.
func TestE2ESchemathesis(t *testing.T) {
	t.Parallel()
	s := start(t)
	s.needAPerson()
	before := len(s.messages())

	dir := t.TempDir() // for the report, and for what schemathesis leaves where it is started
	here, err := filepath.Abs(".")
	if err != nil {
		t.Fatal(err)
	}
	report := filepath.Join(dir, "report.har")
	// The header's name is written as in the document: schemathesis tells them apart by that.
	draw := exec.Command(tool(t, "http-venv", "bin", "schemathesis"), "--config-file", filepath.Join(here, "schemathesis.toml"), "run", s.api+"/openapi.json",
		"--header", "x-api-key: "+localKey, "--checks", "all", "--seed", cmp.Or(os.Getenv("SEED"), "1"), "--report-har-path", report, "--no-color")
	draw.Dir = dir
	draw.Env = append(os.Environ(), "SCHEMATHESIS_HOOKS="+filepath.Join(here, "hooks.py"), "PYTHONDONTWRITEBYTECODE=1")
	t.Log(run(t, 8*time.Minute, draw))

	taken := s.taken(report)
	sent := 0
	for operation, n := range taken {
		t.Logf("%5d taken: %s", n, operation)
		if operation == "POST /v1/campaigns/{id}/resend" { // which takes a complete campaign of which something has failed
			continue
		}
		if least := map[string]int{"GET /v1/health": 1}[operation]; n < cmp.Or(least, leastTaken) {
			t.Errorf("%s took %d requests, want %d at least", operation, n, cmp.Or(least, leastTaken))
		}
		if strings.Contains(operation, "/send") {
			sent += n
		}
	}
	if got := len(s.messages()) - before; got < sent {
		t.Errorf("the simulator has %d messages, fewer than the %d that were answered as sent", got, sent)
	}
}

// needAPerson leaves messages behind that are unknown or rejected, as many as a run can settle. Those that are unknown are so again when they are resent.
func (s *stack) needAPerson() {
	s.t.Helper()
	faults := `[{"match": "C-lost", "cut": "after", "times": -1}, {"match": "C-gone", "status": 400, "error": "no such contact", "times": -1}]`
	if got := s.simulator(http.MethodPost, "/_sim/faults", faults); got.status != http.StatusOK {
		s.t.Fatalf("plan faults: %v", got)
	}
	for contact, status := range map[string]int{"C-lost": http.StatusAccepted, "C-gone": http.StatusBadRequest} {
		for range 60 {
			got := s.post("/v1/messages/messenger/sendtext", `{"workspace": {"id": "W1"}, "contact": {"id": "`+contact+`"}, "textMessage": "hello"}`)
			if got.status != status {
				s.t.Fatalf("to %s: %v, want %d", contact, got, status)
			}
		}
	}
}

// arrays stands for the requests with an array, which are counted by themselves.
const arrays = "POST /v1/messages [array]"

// one is the path of a message or a campaign, or of what is done with it.
var one = regexp.MustCompile(`^/v1/(messages|campaigns)/[^/]+(/[a-z]+)?$`)

// taken counts the requests of each operation in the document that were answered with success. An array counts if each of its messages was taken.
func (s *stack) taken(report string) map[string]int {
	s.t.Helper()
	var document struct {
		Paths map[string]map[string]json.RawMessage `json:"paths"`
	}
	s.unmarshal([]byte(s.must(http.MethodGet, "/openapi.json", "", nil).body), &document)
	count := map[string]int{arrays: 0}
	for path, methods := range document.Paths {
		for method := range methods {
			count[strings.ToUpper(method)+" "+path] = 0
		}
	}
	text, err := os.ReadFile(report)
	if err != nil {
		s.t.Fatal(err)
	}
	var har struct {
		Log struct{ Entries []exchange }
	}
	s.unmarshal(text, &har)
	for _, e := range har.Log.Entries {
		if operation := e.operation(document.Paths); e.Response.Status == http.StatusOK || e.Response.Status == http.StatusAccepted {
			if _, ok := count[operation]; ok {
				count[operation]++
			}
		}
	}
	return count
}

// exchange is a request and its answer, as they stand in a HAR file.
type exchange struct {
	Request struct {
		Method   string
		URL      string
		PostData struct{ Text string }
	}
	Response struct{ Status int }
}

func (e exchange) operation(paths map[string]map[string]json.RawMessage) string {
	at, err := url.Parse(e.Request.URL)
	if err != nil {
		return ""
	}
	path := at.EscapedPath()
	if paths[path] == nil {
		path = one.ReplaceAllString(path, "/v1/$1/{id}$2")
	}
	operation := e.Request.Method + " " + path
	if operation == "POST /v1/messages" && strings.HasPrefix(e.Request.PostData.Text, "[") {
		return arrays
	}
	return operation
}

func (s *stack) unmarshal(text []byte, into any) {
	s.t.Helper()
	if err := json.Unmarshal(text, into); err != nil {
		s.t.Fatal(err)
	}
}
