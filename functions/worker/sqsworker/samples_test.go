package sqsworker_test

import (
	"bytes"
	"crypto/md5"
	"encoding/hex"
	"encoding/json"
	"slices"
	"strings"
	"testing"

	"github.com/aws/aws-lambda-go/events"

	"dmlysender/functions/internal/handlertest"
	"dmlysender/shared/delivery"
	"dmlysender/shared/dmly"
)

// TestWorkerSendsEachSample holds the samples against what DMLY receives of them.
func TestWorkerSendsEachSample(t *testing.T) {
	t.Parallel()
	var covered []dmly.Operation
	for _, file := range handlertest.SampleFiles(t, "worker") {
		// whatsapp-text.json is about whatsapp/sendtext.
		op := dmly.Operation(strings.Replace(strings.TrimSuffix(file, ".json"), "-", "/send", 1))
		covered = append(covered, op)
		t.Run(file, func(t *testing.T) {
			t.Parallel()
			event := readSample(t, file)
			r := newRig(t)
			r.wantBack(r.handle(event.Records...))
			sent := r.Sim.Messages()
			if len(sent) != 1 {
				t.Fatalf("messages that DMLY accepted: got %d, want 1", len(sent))
			}
			if got := dmly.Operation(sent[0].Operation); got != op {
				t.Errorf("operation: got %s, want %s", got, op)
			}
			id, want := expected(t, event.Records[0].Body)
			handlertest.SameJSON(t, sent[0].Body, want)
			r.WantState(id, delivery.Sent)
		})
	}
	all := dmly.Operations()
	slices.Sort(all)
	slices.Sort(covered)
	if !slices.Equal(covered, all) {
		t.Errorf("operations with a sample: got %s, want %s", covered, all)
	}
}

// readSample is strict: a field that SQS does not send would teach the reader something wrong.
func readSample(t *testing.T, file string) events.SQSEvent {
	t.Helper()
	dec := json.NewDecoder(bytes.NewReader(handlertest.Sample(t, "worker", file)))
	dec.DisallowUnknownFields()
	var event events.SQSEvent
	if err := dec.Decode(&event); err != nil {
		t.Fatalf("decode the sample: %v", err)
	}
	for _, r := range event.Records {
		sum := md5.Sum([]byte(r.Body))
		if got, want := r.Md5OfBody, hex.EncodeToString(sum[:]); got != want {
			t.Errorf("md5OfBody of %s: got %s, want %s", r.MessageId, got, want)
		}
	}
	return event
}

// expected is a message's id, and what DMLY should receive of it: its fields without
// those of this sender, and with what it passes through.
func expected(t *testing.T, body string) (id string, request []byte) {
	t.Helper()
	var all map[string]any
	if err := json.Unmarshal([]byte(body), &all); err != nil {
		t.Fatal(err)
	}
	id, _ = all["id"].(string)
	further, _ := all["passthrough"].(map[string]any)
	for _, own := range []string{"id", "channel", "type", "passthrough"} {
		delete(all, own)
	}
	for name, value := range further {
		all[name] = value
	}
	request, err := json.Marshal(all)
	if err != nil {
		t.Fatal(err)
	}
	return id, request
}
