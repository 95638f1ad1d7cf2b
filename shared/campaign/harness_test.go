package campaign_test

import (
	"context"
	"encoding/json"
	"fmt"
	"strings"
	"sync"
	"testing"
	"time"

	"dmlysender/shared/apikey"
	"dmlysender/shared/campaign"
	"dmlysender/shared/campaign/plan"
	"dmlysender/shared/delivery"
	"dmlysender/shared/dmly"
	"dmlysender/shared/ledger"
	"dmlysender/shared/message"
)

var start = time.Date(2026, 11, 23, 12, 0, 0, 0, time.UTC)

// world is a service with everything that it stands on, a worker among it.
type world struct {
	t       *testing.T
	clock   *clock
	store   *campaign.Memory
	files   *files
	ledger  *ledger.Memory
	lines   map[delivery.Lane]*line
	account *account
	sender  *delivery.Sender
	service *campaign.Service

	mu sync.Mutex
	// answer is what DMLY says to a recipient; nil is yes.
	answer func(number string) error
	posted map[string]int
	tokens int
	// stops is how often a campaign stopped by itself.
	stops int
}

// world implements delivery.Poster.
func (w *world) Post(_ context.Context, _ apikey.Key, req dmly.Request) (dmly.MessageResponse, error) {
	var to struct {
		Recipient struct {
			PhoneNumber string `json:"phoneNumber"`
		} `json:"recipient"`
	}
	raw, err := json.Marshal(req)
	if err == nil {
		err = json.Unmarshal(raw, &to)
	}
	if err != nil {
		w.t.Error(err)
	}
	number := to.Recipient.PhoneNumber
	w.mu.Lock()
	w.posted[number]++
	w.mu.Unlock()
	if w.answer == nil {
		return dmly.MessageResponse{}, nil
	}
	return dmly.MessageResponse{}, w.answer(number)
}

// CampaignStopped implements [campaign.Meter].
func (w *world) CampaignStopped() { w.stops++ }

func (w *world) token() string {
	w.mu.Lock()
	defer w.mu.Unlock()
	w.tokens++
	return fmt.Sprint("t", w.tokens)
}

func newWorld(t *testing.T) *world {
	t.Helper()
	keys := parseKeys(t, "key")
	c := &clock{now: start}
	w := &world{
		t: t, clock: c, store: &campaign.Memory{}, files: newFiles(), ledger: &ledger.Memory{}, account: &account{clock: c},
		lines: map[delivery.Lane]*line{}, posted: map[string]int{},
	}
	for _, lane := range []delivery.Lane{delivery.NormalLane, delivery.BulkLane} {
		w.lines[lane] = &line{clock: c, count: map[string]int{}}
	}
	w.sender = &delivery.Sender{Ledger: w.ledger, Pacer: w.account, Poster: w, Keys: oneKey{keys}, Clock: c, NewToken: w.token}
	w.service = &campaign.Service{
		Store: w.store, Files: w.files, Ledger: w.ledger, Sender: w.sender,
		Queues:   func(l delivery.Lane) delivery.Queue { return w.lines[l] },
		Backlogs: func(l delivery.Lane) delivery.Backlog { return w.lines[l] },
		Pace:     w.account, Keys: oneKey{keys}, Planner: plan.Planner{}, Clock: c, NewToken: w.token, AccountPerMinute: 100, Meter: w,
	}
	return w
}

func parseKeys(t *testing.T, secret string) apikey.Keys {
	t.Helper()
	keys, err := apikey.Parse(secret)
	if err != nil {
		t.Fatal(err)
	}
	return keys
}

// definition is a campaign of a file, with further members.
func definition(t *testing.T, members string) plan.Definition {
	t.Helper()
	return parse(t, `{"id":"spring","audience":{"file":"spring.csv"},"message":{"channel":"whatsapp","type":"text","workspace":{"id":"W1"},
		"recipient":{"phoneNumber":"{{phone}}"},"textMessage":"Hello {{name}}"}`+members+`}`)
}

func parse(t *testing.T, text string) plan.Definition {
	t.Helper()
	d, err := plan.Decode([]byte(text))
	if err != nil {
		t.Fatal(err)
	}
	return d
}

func number(n int) string { return fmt.Sprintf("+1555%07d", n) }

// id is that of the message to a number.
func id(n int) string {
	return plan.ID("spring", message.Message{Workspace: dmly.Workspace{ID: "W1"}, Recipient: dmly.Recipient{PhoneNumber: number(n)}})
}

// csv is an audience of so many, with further rows.
func csv(n int, rows ...string) string {
	var b strings.Builder
	b.WriteString("phone,name\n")
	for i := range n {
		fmt.Fprintf(&b, "%s,Name %d\n", number(i), i)
	}
	for _, row := range rows {
		b.WriteString(row + "\n")
	}
	return b.String()
}

func (w *world) start(d plan.Definition) campaign.Status {
	w.t.Helper()
	status, _, err := w.service.Start(w.t.Context(), d, "ops")
	if err != nil {
		w.t.Fatal(err)
	}
	return status
}

// begin starts a campaign to so many.
func (w *world) begin(n int, members string) {
	w.t.Helper()
	w.files.put("audiences/spring.csv", csv(n))
	w.start(definition(w.t, members))
}

func (w *world) tick() {
	w.t.Helper()
	if err := w.service.Tick(w.t.Context()); err != nil {
		w.t.Fatal(err)
	}
}

func (w *world) status() campaign.Status {
	w.t.Helper()
	status, err := w.service.Status(w.t.Context(), "spring")
	if err != nil {
		w.t.Fatal(err)
	}
	return status
}

// send has the worker take up to n records.
func (w *world) send(n int) {
	w.t.Helper()
	for _, lane := range []delivery.Lane{delivery.NormalLane, delivery.BulkLane} {
		for _, r := range w.lines[lane].due(n) {
			result, err := w.sender.DeliverRecord(w.t.Context(), r, "", message.Defaults{})
			if err != nil {
				w.t.Fatal(err)
			}
			if result.Conflict && result.Item.ID != r.ID { // recorded elsewhere; a record of an earlier run is acknowledged
				w.t.Errorf("the record of %s is a conflict", r.ID)
			}
			if !result.Done {
				r.Recheck = true
				w.lines[lane].back(r, result.RetryAt)
			}
		}
	}
}

// minute is a tick, and what the worker sends in a minute.
func (w *world) minute() {
	w.t.Helper()
	w.tick()
	w.send(96)
	w.clock.advance(time.Minute)
}

// until lets minutes pass until the campaign is so.
func (w *world) until(state campaign.State) campaign.Status {
	w.t.Helper()
	for range 400 {
		if status := w.status(); status.State == state {
			return status
		}
		w.minute()
	}
	w.t.Fatalf("it is never %s: %+v", state, w.status())
	return campaign.Status{}
}

func (w *world) queued() int {
	n := 0
	for _, l := range w.lines {
		n += l.len()
	}
	return n
}

// sums checks that the counts are those, and add up to the total.
func (w *world) sums(status campaign.Status, want map[delivery.State]int) {
	w.t.Helper()
	total := 0
	for state, n := range status.Counts {
		total += n
		if want[state] != n {
			w.t.Errorf("%d are %s, want %d", n, state, want[state])
		}
	}
	for state, n := range want {
		if status.Counts[state] != n {
			w.t.Errorf("%d are %s, want %d", status.Counts[state], state, n)
		}
	}
	if total != status.Total {
		w.t.Errorf("the counts add up to %d, the total is %d", total, status.Total)
	}
}
