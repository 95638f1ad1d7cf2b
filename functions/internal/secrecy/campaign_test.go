package secrecy_test

import (
	"bytes"
	"compress/gzip"
	"crypto/rand"
	"encoding/json"
	"net/http"
	"os"
	"path/filepath"
	"strings"
	"testing"
	"time"

	"dmlysender/functions/internal/handlertest"
	"dmlysender/functions/schedule/scheduled"
	"dmlysender/functions/worker/sqsworker"
	shared "dmlysender/shared/campaign"
	"dmlysender/shared/campaign/files"
	"dmlysender/shared/campaign/plan"
	"dmlysender/shared/delivery"
	"dmlysender/shared/dmlytest"
	"dmlysender/shared/queue"
)

// audiences are files with people in them, good and bad.
var audiences = map[string]string{
	"rows.csv": "phone,name\n" + rowPhone + "," + rowName + "\n" + rowPhone + "," + rowName + "\n" + rowPhone[2:] + "," + rowName + "\n," + rowName + "\n" +
		rowPhone + "," + rowName + ",more " + word + "\n" + "\"" + rowPhone + "\"x," + rowName + "\n" + rowPhone + ",\"" + rowName + "\xff\"\n",
	"lines.jsonl": `{"phone": "` + rowPhone + `", "name": "` + rowName + `"}` + "\n" + `{"phone": {"is": "` + rowPhone + `"}, "name": "` + rowName + `"}` + "\n" +
		`{"phone": "` + rowPhone + "\n" + `["` + rowName + `"]` + "\n" + `{"phone": "` + rowPhone + `", "phone": "` + rowName + `"}` + "\n" + `{"phone": "` + strings.Repeat(word, 9000) + `"}` + "\n",
	"no-header.csv":   rowPhone + "," + rowName + "\n",
	"first-row.csv":   rowName + "," + word + "\n" + rowPhone + "," + rowName + "\n",
	"no-end.csv":      "phone,name\n" + rowPhone + ",\"" + rowName + "\n",
	"damaged.csv.gz":  "\x1f\x8b" + rowPhone + rowName,
	"cut-off.csv.gz":  half(rowPhone + "," + rowName + "\n"),
	"an-array.jsonl":  `[{"phone": "` + rowPhone + `", "name": "` + rowName + `"}]`,
	"no-rows.csv":     "phone,name\n",
	"only-bad.csv":    "phone,name\n" + rowName + "," + rowName + "\n",
	"other-type.json": rowPhone,
}

// half is a gzip file that ends too early.
func half(text string) string {
	var out bytes.Buffer
	w := gzip.NewWriter(&out)
	_, _ = w.Write([]byte("phone,name\n" + strings.Repeat(text, 100)))
	_ = w.Close()
	return out.String()[:out.Len()-12]
}

// A campaign is started by a schedule, planned, fed, sent and settled in this process: S3 and the index of campaigns are not among
// the services that stand in.
func TestACampaignTellsNothing(t *testing.T) {
	t.Parallel()
	for name, audience := range audiences {
		for outcome, fault := range map[string]dmlytest.Fault{
			"sent": {}, "rejected": {Times: -1, Status: http.StatusBadRequest, Error: told}, "failed": {Times: -1, Status: http.StatusServiceUnavailable, RetryAfter: "1", Error: told},
		} {
			if outcome != "sent" && name != "rows.csv" {
				continue
			}
			t.Run(name+" "+outcome, func(t *testing.T) {
				t.Parallel()
				runCampaign(t, name, audience, outcome, fault)
			})
		}
	}
}

func runCampaign(t *testing.T, name, audience, outcome string, fault dmlytest.Fault) {
	t.Helper()
	b := handlertest.NewBackend(t, handlertest.NewStandingClock(time.Date(2026, 12, 1, 8, 0, 0, 0, time.UTC)), word, rowPhone[1:])
	if fault.Status != 0 {
		b.Sim.Inject(fault)
	}
	dir := t.TempDir()
	if err := os.MkdirAll(filepath.Join(dir, "audiences"), 0o750); err != nil {
		t.Fatal(err)
	}
	if err := os.WriteFile(filepath.Join(dir, "audiences", name), []byte(audience), 0o600); err != nil {
		t.Fatal(err)
	}
	folder, err := files.Open(dir)
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { _ = folder.Close() })
	sender := b.NewSender(b.Clock)
	sender.Retry.Attempts = 1
	pace, ok := sender.Pacer.(delivery.Forecaster)
	if !ok {
		t.Fatal("the pace foretells nothing")
	}
	normal, bulk := handlertest.NewQueue(b.Clock), handlertest.NewQueue(b.Clock)
	lanes := queue.Lanes{Normal: normal, Bulk: bulk}
	service := &shared.Service{
		Store: &shared.Memory{}, Files: folder, Ledger: &b.Ledger.Memory, Sender: sender, Queues: lanes.For,
		Backlogs: func(delivery.Lane) delivery.Backlog { return bulk }, Pace: pace, Keys: sender.Keys, Planner: plan.Planner{},
		Clock: b.Clock, NewToken: rand.Text, AccountPerMinute: 1000, Log: b.Log,
	}
	schedule := &scheduled.Handler{Queues: lanes, Campaigns: service, Log: b.Log}
	worker := &sqsworker.Handler{Sender: sender, Log: b.Log}
	definition := campaign(handlertest.Fields{"audience": handlertest.Fields{"file": name}})
	invoke(t, schedule, handlertest.JSON(handlertest.Fields{"occurrence": "2026-12-01T08:00:00Z", "campaign": definition}))
	for range 3 {
		invoke(t, schedule, `{"tick": "campaigns"}`)
		for _, got := range bulk.Take(t) {
			handlertest.Work(t.Context(), t, worker, handlertest.Named(handlertest.NewRecord(got.MessageID, string(got.Body)), got.ID))
		}
		b.Clock.Advance(time.Minute)
	}
	if got := b.Logs.String(); name == "rows.csv" && !strings.Contains(got, `"state":"`+outcome+`"`) {
		t.Errorf("nothing was %s:\n%s", outcome, got)
	}
	if !strings.Contains(b.Logs.String(), `"change":"`) && name != "other-type.json" {
		t.Errorf("the campaign did not begin:\n%s", b.Logs)
	}
}

// invoke searches the handler's error, which the Lambda library logs.
func invoke(t *testing.T, schedule *scheduled.Handler, event string) {
	t.Helper()
	if _, err := schedule.Handle(t.Context(), json.RawMessage(event)); err != nil {
		unseen(t, "the error", err.Error())
	}
}
