//go:build e2e

package stack_test

import (
	"encoding/json"
	"os"
	"path/filepath"
	"reflect"
	"strings"
	"testing"

	"github.com/aws/aws-lambda-go/events"

	"dmlysender/e2e/deployed"
	"dmlysender/shared/delivery"
	"dmlysender/shared/dmlytest"
)

// samplePrefix begins the ids of the messages of events/worker. Not all of them have a text that could say an id, so it is their workspace, too.
const samplePrefix = "sample-"

// samples are the messages of events/worker, by the ids that they get here for this queue.
func samples(t *testing.T, queue string) map[string][]byte {
	t.Helper()
	files, err := filepath.Glob(filepath.Join(deployed.FromRoot(t, "events"), "worker", "*.json"))
	if err != nil || len(files) == 0 {
		t.Fatalf("events/worker has %d events: %v", len(files), err)
	}
	all := map[string][]byte{}
	for _, file := range files {
		text, err := os.ReadFile(file)
		if err != nil {
			t.Fatal(err)
		}
		var event events.SQSEvent
		var message fields
		if err := json.Unmarshal(text, &event); err != nil || len(event.Records) != 1 {
			t.Fatalf("%s has %d records, want one: %v", file, len(event.Records), err)
		}
		if err := json.Unmarshal([]byte(event.Records[0].Body), &message); err != nil {
			t.Fatal(err)
		}
		id := samplePrefix + queue + "-" + strings.TrimSuffix(filepath.Base(file), ".json")
		message["id"], message["workspace"] = id, fields{"id": id}
		if all[id], err = json.Marshal(message); err != nil {
			t.Fatal(err)
		}
	}
	return all
}

func (r *rig) sendsEachSample(t *testing.T) {
	t.Parallel()
	all := map[string][]byte{}
	for _, queue := range []string{"Send", "Bulk"} {
		for id, body := range samples(t, queue) {
			all[id] = body
			r.putOn(t, queue, string(body))
		}
	}
	for id, body := range all {
		item := r.comesToStand(t, id, delivery.Sent, takeTime)
		got := r.received(t, id)
		if len(got) != 1 || got[0].ID != item.DMLYID {
			t.Errorf("DMLY accepted %s %d times, %+v, and the ledger has it as DMLY's %q, want once and its id", id, len(got), got, item.DMLYID)
			continue
		}
		if sent, want := deployed.Got(t, got[0]), deployed.Wanted(t, body); !reflect.DeepEqual(sent, want) {
			t.Errorf("DMLY accepted %v, want %v", sent, want)
		}
	}
}

// meets has DMLY treat a message by a fault, however often it is tried. The function that it returns says how often that was.
func (r *rig) meets(t *testing.T, id string, fault dmlytest.Fault) (tried func() int) {
	t.Helper()
	fault.Match, fault.Times = `"`+id+`"`, -1
	r.Sim.Inject(fault)
	return func() int {
		for _, planned := range r.Sim.Fired() {
			if planned.Fault.Match == fault.Match {
				return planned.Fired
			}
		}
		return 0
	}
}

func (r *rig) rejects(t *testing.T) {
	t.Parallel()
	const id, reason = "rejected-by-dmly", "the contact is blocked"
	tried := r.meets(t, id, dmlytest.Fault{Status: 422, Error: reason})
	r.put(t, text(id, nil))
	item := r.comesToStand(t, id, delivery.Rejected, takeTime)
	if !strings.Contains(item.Reason, reason) || len(item.Content) == 0 {
		t.Errorf("the ledger has it as rejected because %q, with %d bytes of it, want DMLY's reason and the message", item.Reason, len(item.Content))
	}
	r.put(t, text(id, nil))
	r.finally(func(t *testing.T) {
		t.Helper()
		r.wasIn(t, id, delivery.Sending, delivery.Rejected)
		if n := tried(); n != 1 {
			t.Errorf("%s was tried %d times, want once", id, n)
		}
	})
}

func (r *rig) recordsWhatIsNoMessage(t *testing.T) {
	t.Parallel()
	for _, body := range []string{"no message at all", `{"channel": "whatsapp", "type": "text"`, `{"channel": "pigeon", "type": "text"}`} {
		for _, queue := range []string{"Send", "Bulk"} {
			id := r.putOn(t, queue, body)
			item := r.comesToStand(t, id, delivery.Rejected, takeTime)
			if string(item.Content) != body || item.Reason == "" {
				t.Errorf("the ledger has %q, because %q, want %q and a reason", item.Content, item.Reason, body)
			}
			r.wasIn(t, id, delivery.Rejected)
		}
	}
}

// The first takes a while to be sent, so that the others come in the middle of that.
func (r *rig) sendsOnceWhatComesOften(t *testing.T) {
	t.Parallel()
	const id = "often"
	tried := r.meets(t, id, dmlytest.Fault{Latency: "3s"})
	for _, queue := range []string{"Send", "Bulk", "Send"} {
		r.putOn(t, queue, text(id, nil))
	}
	item := r.comesToStand(t, id, delivery.Sent, takeTime)
	r.put(t, text(id, nil))
	r.finally(func(t *testing.T) {
		t.Helper()
		if got := r.received(t, id); len(got) != 1 || tried() != 1 || got[0].ID != item.DMLYID {
			t.Errorf("DMLY accepted %s as %+v, want it once, as %q", id, got, item.DMLYID)
		}
	})
}

// Whether DMLY has accepted it or not: nobody can tell, so it is for a person to decide.
func (r *rig) keepsWhatIsUnknown(t *testing.T) {
	t.Parallel()
	for id, cut := range map[string]dmlytest.Cut{"unknown-accepted": dmlytest.CutAfter, "unknown-lost": dmlytest.CutBefore} {
		tried := r.meets(t, id, dmlytest.Fault{Cut: cut})
		r.put(t, text(id, nil))
		r.comesToStand(t, id, delivery.Unknown, takeTime)
		r.put(t, text(id, nil))
		r.finally(func(t *testing.T) {
			t.Helper()
			r.wasIn(t, id, delivery.Sending, delivery.Unknown)
			if n := tried(); n != 1 {
				t.Errorf("%s was tried %d times, want once", id, n)
			}
		})
	}
}
