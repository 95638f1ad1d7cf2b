//go:build e2e

package http_test

import (
	"encoding/json"
	"fmt"
	"net/http"
	"os"
	"os/exec"
	"path/filepath"
	"strings"
	"testing"
)

// The cases of nst/JSONTestSuite, test_parsing: their names say whether a parser must accept (y_), must refuse (n_) or may do either
// (i_). They are not in this repository: they are read from a module that this one depends on and that is pinned with its
// checksum in go.sum, where they are the test data of a parser.
const (
	suiteModule = "github.com/aws/smithy-go"
	suiteFolder = "transport/http/protocol/internal/json/testdata/test_parsing"
)

// suiteCounts are how many cases there are of each kind: fewer would be another suite.
var suiteCounts = map[byte]int{'y': 95, 'n': 188, 'i': 35}

type suiteCase struct {
	name    string
	content string
}

func suite(t *testing.T) []suiteCase {
	t.Helper()
	list := exec.Command("go", "list", "-m", "-f", "{{.Dir}}", suiteModule)
	list.Dir = root(t)
	folder := filepath.Join(strings.TrimSpace(run(t, patience, list)), suiteFolder)
	files, err := os.ReadDir(folder)
	if err != nil {
		t.Fatalf("the suite is not in this version of %s any more: %v", suiteModule, err)
	}
	var cases []suiteCase
	got := map[byte]int{}
	for _, file := range files {
		content, err := os.ReadFile(filepath.Join(folder, file.Name()))
		if err != nil {
			t.Fatal(err)
		}
		got[file.Name()[0]]++
		cases = append(cases, suiteCase{name: file.Name(), content: string(content)})
	}
	if fmt.Sprint(got) != fmt.Sprint(suiteCounts) {
		t.Fatalf("the suite has %v cases, want %v", got, suiteCounts)
	}
	return cases
}

// namesTwice are the cases that are JSON, and refused all the same: a name that is there twice is a mistake here.
var namesTwice = map[string]bool{"y_object_duplicated_key.json": true, "y_object_duplicated_key_and_value.json": true}

func TestE2EJSONSuiteAsTheWholeBody(t *testing.T) {
	t.Parallel()
	s := start(t)
	settled := s.post("/v1/messages", ownText("one to settle"))
	s.arrived(1)
	s.clear()
	for _, path := range []string{"/v1/messages", "/v1/messages/whatsapp/sendtext", settled.header.Get("Location") + "/settle"} {
		for _, c := range suite(t) {
			if c.content == "" {
				continue // it would be a request without a body
			}
			got := s.post(path, c.content)
			switch {
			case got.status >= 500:
				t.Errorf("%s as the body of %s: %v", c.name, path, got)
			case c.name[0] == 'n' && got.status/100 != 4:
				t.Errorf("%s, which is not JSON, as the body of %s: %v", c.name, path, got)
			case c.name[0] == 'y' && strings.Contains(got.body, "JSON (byte"):
				t.Errorf("%s, which is JSON, as the body of %s: %v", c.name, path, got)
			}
		}
		if got := s.messages(); len(got) != 0 {
			t.Errorf("%s sent %d messages, want none: no case is a message", path, len(got))
		}
	}
}

func TestE2EJSONSuiteInsideAMessage(t *testing.T) {
	t.Parallel()
	s := start(t)
	forms := []struct{ path, before, after string }{
		{"/v1/messages", strings.TrimSuffix(ownText("case"), "}") + `, "passthrough": {"case": %s, "value": `, "}}"},
		{"/v1/messages/whatsapp/sendtext", strings.TrimSuffix(dropInText("case"), "}") + `, "case": %s, "value": `, "}"},
	}
	for _, form := range forms {
		s.clear()
		sent := map[string]string{}
		for _, c := range suite(t) {
			content := fmt.Sprintf(form.before, quote(c.name)) + c.content + form.after
			got := s.post(form.path, content)
			taken := got.status == http.StatusOK || got.status == http.StatusAccepted
			switch {
			case !taken && got.status/100 != 4:
				t.Errorf("%s inside a message to %s: %v", c.name, form.path, got)
			case c.name[0] == 'n' && taken:
				t.Errorf("%s, which is not JSON, inside a message to %s: %v", c.name, form.path, got)
			case c.name[0] == 'y' && taken == namesTwice[c.name]:
				t.Errorf("%s, which is JSON, inside a message to %s: %v", c.name, form.path, got)
			}
			if taken {
				sent[c.name] = c.content
			}
		}
		s.unchanged(form.path, sent)
	}
}

// unchanged compares what arrived with what was sent, by the name of the case.
func (s *stack) unchanged(path string, sent map[string]string) {
	s.t.Helper()
	arrived := map[string]int{}
	for _, m := range s.arrived(len(sent)) {
		var name string
		if err := json.Unmarshal(m.field("case"), &name); err != nil {
			s.t.Errorf("%s: a message arrived that belongs to no case: %s", path, m.Body)
			continue
		}
		arrived[name]++
		if got, want := compact(m.field("value")), compact([]byte(sent[name])); got != want {
			s.t.Errorf("%s: %s arrived as %.200q, want %.200q", path, name, got, want)
		}
	}
	for name := range sent {
		if arrived[name] != 1 {
			s.t.Errorf("%s: %s arrived %d times, want once", path, name, arrived[name])
		}
	}
	s.t.Logf("%s: %d cases were taken and arrived unchanged", path, len(sent))
}
