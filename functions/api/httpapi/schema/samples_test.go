package schema_test

import (
	"encoding/json"
	"fmt"
	"os"
	"path/filepath"
	"strings"
	"testing"

	"dmlysender/shared/dmly"
	"dmlysender/shared/message"
)

const root = "../../../.."

// sample is a body in one of events/; op is empty for a message.
type sample struct {
	op   dmly.Operation
	text string
}

// samples reads all that the sample events of the three functions carry.
func samples(t *testing.T) map[string]sample {
	t.Helper()
	files, err := filepath.Glob(root + "/events/*/*.json")
	if err != nil {
		t.Fatal(err)
	}
	found := map[string]sample{}
	for _, file := range files {
		text, err := os.ReadFile(file)
		if err != nil {
			t.Fatal(err)
		}
		var event struct {
			Records  []struct{ Body string }
			Messages []json.RawMessage
			Detail   struct{ Messages []json.RawMessage }

			RawPath         string
			Body            string
			IsBase64Encoded bool
		}
		mustUnmarshal(t, text, &event)
		name := filepath.Base(file)
		for i, r := range event.Records {
			found[fmt.Sprint(name, " ", i)] = sample{text: r.Body}
		}
		for i, m := range append(event.Messages, event.Detail.Messages...) {
			found[fmt.Sprint(name, " ", i)] = sample{text: string(m)}
		}
		if event.IsBase64Encoded {
			var decoded []byte
			mustUnmarshal(t, []byte(quote(event.Body)), &decoded)
			event.Body = string(decoded)
		}
		if event.Body != "" {
			_, op, _ := strings.Cut(event.RawPath, "/v1/messages")
			found[name] = sample{dmly.Operation(strings.TrimPrefix(op, "/")), event.Body}
		}
	}
	return found
}

func mustUnmarshal(t *testing.T, data []byte, into any) {
	t.Helper()
	if err := json.Unmarshal(data, into); err != nil {
		t.Fatal(err)
	}
}

func TestBothJudgesTakeEachSample(t *testing.T) {
	t.Parallel()
	j := newJudges(t, message.Defaults{})
	found := samples(t)
	if len(found) < 15 {
		t.Errorf("%d samples, want at least 15", len(found))
	}
	for name, s := range found {
		if got := j.of(t, s.op, s.text); got.schema != nil || got.decoder != nil {
			t.Errorf("%s is refused by schema (%v) or decoder (%v)", name, got.schema, got.decoder)
		}
	}
}

// The reference's own bodies are judged as each operation's.
func TestBothJudgesAgreeOnTheReferencesBodies(t *testing.T) {
	t.Parallel()
	files, err := filepath.Glob(root + "/shared/message/testdata/reference/*.json")
	if err != nil || len(files) < 10 {
		t.Fatalf("%d files (%v), want at least 10", len(files), err)
	}
	for _, defaults := range []message.Defaults{{}, ofTheStack} {
		j := newJudges(t, defaults)
		for _, file := range files {
			text, err := os.ReadFile(file)
			if err != nil {
				t.Fatal(err)
			}
			for _, op := range dmly.Operations() {
				if got := j.of(t, op, string(text)); (got.schema == nil) != (got.decoder == nil) {
					t.Errorf("%s as %s: schema %v, decoder %v", filepath.Base(file), op, got.schema, got.decoder)
				}
			}
		}
	}
}
