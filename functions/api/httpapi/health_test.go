package httpapi_test

import (
	"context"
	"encoding/json"
	"strings"
	"testing"
	"time"

	"dmlysender/functions/api/httpapi"
	"dmlysender/shared/delivery"
)

func TestAPISaysWhetherWhatItNeedsAnswers(t *testing.T) {
	t.Parallel()
	until := time.Date(2026, 12, 1, 8, 0, 0, 0, time.UTC)
	for name, tt := range map[string]struct {
		broken func(r *rig)
		checks httpapi.Checks // what stands in each, "" for ok
	}{
		"everything": {func(*rig) {}, httpapi.Checks{}},
		"the ledger": {func(r *rig) { r.handler.Sender.Ledger = deafLedger{} }, httpapi.Checks{Ledger: "the ledger does not answer"}},
		"the key":    {func(r *rig) { r.Secret.Set("", errDown) }, httpapi.Checks{Key: "the DMLY key does not answer"}},
		"one queue":  {func(r *rig) { r.handler.Backlogs.Bulk = deafQueue{} }, httpapi.Checks{Queue: "the queue does not answer"}},
		"the pace":   {func(r *rig) { r.handler.Pace = outlook{err: errDown} }, httpapi.Checks{Key: "the account's pace does not answer"}},
		"a refused key": {
			func(r *rig) { r.handler.Pace = outlook{is: delivery.Outlook{RefusedUntil: until}} },
			httpapi.Checks{Key: "DMLY refused the key; messages wait for another one in the secret, or until 2026-12-01T08:00:00Z"},
		},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			r := newRig(t)
			tt.broken(r)
			got := r.get("/v1/health")
			code, status := 200, "ok"
			if tt.checks != (httpapi.Checks{}) {
				code, status = 503, "failing"
			}
			r.want(got, code, plainJSON)
			var health httpapi.Health
			if err := json.Unmarshal([]byte(got.body), &health); err != nil || health.Status != status {
				t.Fatalf("%v: %s", err, got.body)
			}
			for check, pair := range map[string][2]string{
				"key": {health.Checks.Key, tt.checks.Key}, "ledger": {health.Checks.Ledger, tt.checks.Ledger}, "queue": {health.Checks.Queue, tt.checks.Queue},
			} {
				if is, want := pair[0], pair[1]; want == "" && is != "ok" || want != "" && !strings.HasPrefix(is, want) {
					t.Errorf("%s: got %q, want %q", check, is, want)
				}
			}
			if strings.Contains(got.body, errDown.Error()) {
				t.Errorf("the cause is for the log alone: %s", got.body)
			}
			r.WantPosts(0)
		})
	}
}

type deafLedger struct{ delivery.Ledger }

func (deafLedger) Get(context.Context, string, time.Time) (delivery.Item, bool, error) {
	return delivery.Item{}, false, errDown
}

type deafQueue struct{ delivery.Backlog }

func (deafQueue) Depth(context.Context) (int, error) { return 0, errDown }

func TestAPITellsItsHealthToAnyKnownCaller(t *testing.T) {
	t.Parallel()
	r := newRig(t)
	r.callers.Set(`{"watcher": {"key": "`+callerKey+`", "scopes": ["campaign"], "workspaces": ["W9"]}}`, nil)
	r.want(r.get("/v1/health"), 200, plainJSON)
	r.want(r.call("GET", "/v1/health", "", header("x-api-key", "")), 401, problemJSON)
	r.want(r.get("/v1/messages/order-1"), 403, problemJSON)
}
