package main

import (
	"context"
	"encoding/json"
	"path/filepath"
	"syscall"
	"testing"
	"time"

	"github.com/aws/aws-lambda-go/events"

	"dmlysender/bench/binary"
	"dmlysender/bench/runtimeapi"
	"dmlysender/shared/dmlytest"
)

// The built worker, in the middle of a post when SIGTERM comes, with a second message that waits for its slot.
func TestSIGTERMFinishesWhatHasBegunAndBeginsNothingMore(t *testing.T) {
	t.Parallel()
	path := filepath.Join(t.TempDir(), "worker")
	if _, err := binary.Build(t.Context(), "./functions/worker", path); err != nil {
		t.Fatal(err)
	}
	began := make(chan struct{})
	release := make(chan struct{})
	sim, baseURL := dmlytest.Start(t, dmlytest.Options{Wait: func(ctx context.Context, _ time.Duration) error {
		close(began)
		select {
		case <-release:
			return nil
		case <-ctx.Done():
			return ctx.Err()
		}
	}})
	sim.Inject(dmlytest.Fault{Latency: "1s"}) // it is Wait that says how long
	p, err := runtimeapi.Start(t.Context(), path, []string{
		"DMLY_BASE_URL=" + baseURL, "DMLY_KEY_FROM=env:DMLY_API_KEY", "DMLY_API_KEY=" + dmlytest.DefaultKey, "LEDGER=memory:",
		"DMLY_RATE_PER_MINUTE=1",
	})
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() {
		if err := p.Kill(); err != nil {
			t.Error(err)
		}
	})
	answered := make(chan []byte, 1)
	go func() {
		response, err := p.Invoke(t.Context(), batch(t, "first", "second"), 5*time.Minute)
		if err != nil {
			t.Errorf("the batch was not answered: %v\n%s", err, p.Output())
		}
		answered <- response
	}()
	<-began
	if err := p.Signal(syscall.SIGTERM); err != nil {
		t.Fatal(err)
	}
	close(release)
	var response events.SQSEventResponse
	if err := json.Unmarshal(<-answered, &response); err != nil {
		t.Fatal(err)
	}
	if len(response.BatchItemFailures) != 1 {
		t.Errorf("got %+v, want one record back: the one that had not begun", response)
	}
	if n := len(sim.Messages()); n != 1 {
		t.Errorf("DMLY accepted %d messages, want 1", n)
	}
	<-p.Exited()
}

func batch(t *testing.T, ids ...string) []byte {
	t.Helper()
	var event events.SQSEvent
	for _, id := range ids {
		event.Records = append(event.Records, events.SQSMessage{
			MessageId: id, EventSource: "aws:sqs",
			Body: `{"channel":"whatsapp","type":"text","workspace":{"id":"W1"},"recipient":{"phoneNumber":"+15551234567"},"textMessage":"Hello"}`,
		})
	}
	encoded, err := json.Marshal(event)
	if err != nil {
		t.Fatal(err)
	}
	return encoded
}
