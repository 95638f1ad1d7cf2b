package httpapi_test

import (
	"encoding/json"
	"strconv"
	"strings"
	"testing"
	"time"

	"dmlysender/functions/api/httpapi"
	"dmlysender/shared/campaign"
	"dmlysender/shared/campaign/files"
	"dmlysender/shared/campaign/plan"
	"dmlysender/shared/delivery"
	"dmlysender/shared/queue"
)

// newRigWithCampaigns has campaigns whose files are in a folder, and whose messages come to the rig's queues.
func newRigWithCampaigns(t *testing.T) (*rig, *campaign.Service) {
	t.Helper()
	r := newRig(t)
	folder, err := files.Open(t.TempDir())
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { _ = folder.Close() })
	s := &campaign.Service{
		Store: &campaign.Memory{}, Files: folder, Ledger: &r.Ledger.Memory, Sender: r.handler.Sender, Queues: queue.Lanes{Normal: r.normal, Bulk: r.bulk}.For,
		Backlogs: func(delivery.Lane) delivery.Backlog { return queue.Direct{} }, Pace: outlook{}, Keys: r.handler.Sender.Keys,
		Clock: r.handler.Sender.Clock, NewToken: r.handler.Sender.NewToken, Planner: plan.Planner{}, AccountPerMinute: 6000,
	}
	r.handler.Campaigns = s
	return r, s
}

// spring is a campaign with inline rows: three good ones, a bad one and a duplicate.
func spring(id string) string {
	return `{"id": "` + id + `", "audience": {"rows": [{"phone": "+4915112345671", "name": "Ada"}, {"phone": "12", "name": "Bob"},
		{"phone": "+4915112345672", "name": "Cy"}, {"phone": "+4915112345671", "name": "Ada"}, {"phone": "+4915112345673", "name": "Di"}]},
		"message": {"channel": "whatsapp", "type": "text", "workspace": {"id": "W1"}, "recipient": {"phoneNumber": "{{phone}}"}, "textMessage": "Hello {{name}}"}}`
}

func campaignStatus(t *testing.T, got answer) (s httpapi.CampaignStatus) {
	t.Helper()
	if err := json.Unmarshal([]byte(got.body), &s); err != nil || got.code/100 != 2 {
		t.Fatalf("HTTP %d: %v: %s", got.code, err, got.body)
	}
	return s
}

func TestAPIRunsACampaign(t *testing.T) {
	t.Parallel()
	r, s := newRigWithCampaigns(t)
	for n := range 2 {
		got := r.post("/v1/campaigns", spring("spring"))
		r.want(got, 202, plainJSON)
		if got.header.Get("Location") != "/v1/campaigns/spring" || got.header.Get("Idempotent-Replayed") == "true" != (n == 1) || campaignStatus(t, got).State != "planning" {
			t.Errorf("got %s", got.body)
		}
	}
	if got := r.post("/v1/campaigns", strings.Replace(spring("spring"), "Hello", "Bye", 1)); got.code != 409 || got.Kind != "wrong-state" {
		t.Errorf("another one with its id: %s", got.body)
	}
	for range 3 {
		if err := s.Tick(t.Context()); err != nil {
			t.Fatal(err)
		}
		r.work(time.Second)
	}
	got := campaignStatus(t, r.get("/v1/campaigns/spring"))
	if got.State != "complete" || got.Total != 3 || got.Counts[delivery.Sent] != 3 || got.Queued != 3 || got.NotQueued != 0 || got.EndedAt == nil ||
		got.Audience.Rows != 5 || got.Audience.Bad != 1 || got.Audience.Duplicates != 1 || len(got.Audience.Problems) != 2 || got.Audience.Problems[0].Line != 2 {
		t.Errorf("got %+v", got)
	}
	r.WantSent(3)
	page := r.get("/v1/campaigns/spring/problems?limit=1")
	if !strings.Contains(page.body, `"line":2`) || !strings.Contains(page.header.Get("Link"), "cursor=") {
		t.Errorf("got %s with the link %q", page.body, page.header.Get("Link"))
	}
	for query, code := range map[string]int{"?limit=0": 400, "?limit=": 400, "?cursor=x": 400, "?page=2": 400, "": 200} {
		if got := r.get("/v1/campaigns/spring/problems" + query); got.code != code {
			t.Errorf("%s: HTTP %d: %s", query, got.code, got.body)
		}
	}
}

func TestAPISaysWhatACampaignWouldDo(t *testing.T) {
	t.Parallel()
	r, s := newRigWithCampaigns(t)
	got := r.post("/v1/campaigns?dryRun=true", spring("spring"))
	r.want(got, 200, plainJSON)
	var report httpapi.Preflight
	if err := json.Unmarshal([]byte(got.body), &report); err != nil || report.Audience.Good != 3 || report.Audience.Bad != 1 || report.RatePerMinute == 0 || report.Cost.PricesOf == "" {
		t.Errorf("got %s, %v", got.body, err)
	}
	if err := s.Tick(t.Context()); err != nil {
		t.Fatal(err)
	}
	r.want(r.get("/v1/campaigns/spring"), 404, problemJSON)
	r.WantSent(0)
}

func TestAPISteersACampaign(t *testing.T) {
	t.Parallel()
	r, s := newRigWithCampaigns(t)
	r.callers.Set(`{"marketing": "`+callerKey+`"}`, nil)
	r.post("/v1/campaigns", spring("spring"))
	for _, tt := range []struct{ act, state, reason string }{
		{"pause", "paused", `"marketing"`}, {"pause", "paused", `"marketing"`}, {"resume", "planning", ""}, {"pause", "paused", ""}, {"cancel", "cancelled", ""}, {"cancel", "cancelled", ""},
	} {
		got := campaignStatus(t, r.post("/v1/campaigns/spring/"+tt.act, ""))
		if got.State != tt.state || !strings.Contains(got.Reason, tt.reason) {
			t.Errorf("%s: got %+v", tt.act, got)
		}
	}
	for _, act := range []string{"pause", "resume", "resend"} {
		if got := r.post("/v1/campaigns/spring/"+act, ""); got.code != 409 || got.Kind != "wrong-state" {
			t.Errorf("%s after the end: %s", act, got.body)
		}
		r.want(r.post("/v1/campaigns/nothing/"+act, ""), 404, problemJSON)
	}
	if err := s.Tick(t.Context()); err != nil {
		t.Fatal(err)
	}
	r.work(time.Second)
	r.WantSent(0)
}

func TestAPIRefusesACampaignThatCannotBe(t *testing.T) {
	t.Parallel()
	for name, tt := range map[string]struct {
		body, kind, pointer string
		code                int
	}{
		"no JSON":        {`{"id"`, "malformed-body", "", 400},
		"no message":     {`{"id": "a", "audience": {"rows": [{"a": "b"}]}}`, "invalid-message", "/message", 422},
		"no such file":   {`{"id": "a", "audience": {"file": "no.csv"}, "message": {"channel": "whatsapp", "type": "text", "workspace": {"id": "W1"}, "recipient": {"phoneNumber": "{{phone}}"}, "textMessage": "Hi"}}`, "invalid-message", "/audience/file", 422},
		"another folder": {`{"id": "a", "audience": {"file": "../no.csv"}, "message": {"channel": "whatsapp", "type": "text", "workspace": {"id": "W1"}, "recipient": {"phoneNumber": "{{phone}}"}, "textMessage": "Hi"}}`, "invalid-message", "/audience/file", 422},
		"an id":          {spring("a/b"), "invalid-message", "/id", 422},
		"too large":      {`{"x": "` + strings.Repeat("x", plan.MaxBytes) + `"}`, "too-large", "", 413},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			r, _ := newRigWithCampaigns(t)
			got := r.post("/v1/campaigns", tt.body)
			r.want(got, tt.code, problemJSON)
			if got.Kind != tt.kind || tt.pointer != "" && !strings.Contains(strings.Join(got.Pointers, " "), tt.pointer) {
				t.Errorf("got %s", got.body)
			}
		})
	}
}

func TestAPIShowsCampaignsToWhoMayRunThem(t *testing.T) {
	t.Parallel()
	perRow := strings.Replace(spring("rows"), `{"id": "W1"}`, `{"id": "{{workspace}}"}`, 1)
	for i, tt := range []struct {
		key                        string
		start, startPerRow, status int
	}{
		{`{"key": "` + callerKey + `", "scopes": ["send", "read"]}`, 403, 403, 403},
		{`{"key": "` + callerKey + `", "scopes": ["campaign"]}`, 202, 202, 200},
		{`{"key": "` + callerKey + `", "workspaces": ["W1"]}`, 202, 403, 200},
		{`{"key": "` + callerKey + `", "workspaces": ["W2"]}`, 403, 403, 404},
	} {
		t.Run(strconv.Itoa(i), func(t *testing.T) {
			t.Parallel()
			r, _ := newRigWithCampaigns(t)
			r.want(r.post("/v1/campaigns", spring("spring")), 202, plainJSON)
			r.callers.Set(`{"first": `+tt.key+`}`, nil)
			r.handler.Callers = httpapi.NewCallers(r.callers.Fetch, r.Log)
			for body, code := range map[string]int{spring("spring"): tt.start, perRow: tt.startPerRow} {
				if got := r.post("/v1/campaigns", body); got.code != code {
					t.Errorf("started: HTTP %d: %s, want %d", got.code, got.body, code)
				}
			}
			if got := r.get("/v1/campaigns/spring"); got.code != tt.status {
				t.Errorf("read: HTTP %d: %s, want %d", got.code, got.body, tt.status)
			}
		})
	}
}

// To start a campaign that has ended runs it anew, as the caller's: it may be nobody else's.
func TestAPIStartsNoCampaignInThePlaceOfAnothers(t *testing.T) {
	t.Parallel()
	r, s := newRigWithCampaigns(t)
	r.callers.Set(`{"first": "`+callerKey+`", "two": {"key": "k2", "workspaces": ["W2"]}}`, nil)
	as := header("x-api-key", "k2")
	r.want(r.post("/v1/campaigns", spring("spring")), 202, plainJSON)
	theirs := strings.Replace(spring("spring"), `{"id": "W1"}`, `{"id": "W2"}`, 1)
	for _, state := range []string{"under way", "ended"} {
		got := r.post("/v1/campaigns", theirs, as)
		if r.want(got, 422, problemJSON); len(got.Pointers) != 1 || got.Pointers[0] != "/id" || strings.Contains(got.body, "planning") {
			t.Errorf("%s: got %s", state, got.body)
		}
		if _, err := s.Cancel(t.Context(), "spring", "ops"); err != nil {
			t.Fatal(err)
		}
	}
	if got := campaignStatus(t, r.get("/v1/campaigns/spring")); got.Run != 1 || got.State != "cancelled" {
		t.Errorf("got %+v", got)
	}
	r.want(r.post("/v1/campaigns?dryRun=true", theirs, as), 200, plainJSON)
	other := strings.Replace(theirs, "spring", "summer", 1)
	for range 2 {
		r.want(r.post("/v1/campaigns", other, as), 202, plainJSON)
	}
}

func TestAPIWithoutCampaignsSaysSo(t *testing.T) {
	t.Parallel()
	r := newRig(t)
	for _, got := range []answer{r.post("/v1/campaigns", spring("spring")), r.get("/v1/campaigns/spring"), r.post("/v1/campaigns/spring/pause", "")} {
		if r.want(got, 404, problemJSON); !strings.Contains(got.body, "AUDIENCE_BUCKET") {
			t.Errorf("got %s", got.body)
		}
	}
}
