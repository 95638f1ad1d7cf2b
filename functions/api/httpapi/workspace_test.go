package httpapi_test

import (
	"net/http"
	"strings"
	"testing"

	"dmlysender/shared/delivery"
	"dmlysender/shared/dmlytest"
)

// A correction has the history of what it corrects.
func TestAPILetsNobodyCorrectAMessageOfAnotherWorkspace(t *testing.T) {
	t.Parallel()
	for name, send := range map[string]func(*rig, string, ...func(*http.Request)) answer{
		"one": func(r *rig, w string, as ...func(*http.Request)) answer { return r.post(path, body(of(w)), as...) },
		"at once": func(r *rig, w string, as ...func(*http.Request)) answer {
			return r.post(path, body(of(w)), append(as, header("Prefer", "wait=1"))...)
		},
		"drop-in": func(r *rig, w string, as ...func(*http.Request)) answer {
			return r.post(sendText, request(of(w)), as...)
		},
		"several": func(r *rig, w string, as ...func(*http.Request)) answer {
			return r.post(path, list(body(of(w))), as...)
		},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			r := newRig(t)
			r.callers.Set(`{"one": {"key": "k1", "workspaces": ["W1", "W3"]}, "two": {"key": "k2", "workspaces": ["W2"]}, "first": "`+callerKey+`"}`, nil)
			r.Sim.Inject(dmlytest.Fault{Status: 400, Error: "no"})
			send(r, "W1", header("x-api-key", "k1"), header("Idempotency-Key", "order-1"))
			r.work(0)
			id := "order-1"
			if name == "several" {
				id += ".0"
			}
			r.WantState(id, delivery.Rejected)
			before, queued := r.Ledger.Puts(), r.normal.Len()
			got := send(r, "W2", header("x-api-key", "k2"), header("Idempotency-Key", "order-1"))
			if !strings.Contains(got.body, "another message with this id") || r.Ledger.Puts() != before || r.normal.Len() != queued {
				t.Errorf("got %s with %d writes and %d records, want it refused", got.body, r.Ledger.Puts()-before, r.normal.Len()-queued)
			}
			send(r, "W3", header("x-api-key", "k1"), header("Idempotency-Key", "order-1")) // its own
			r.work(0)
			r.WantSent(1)
		})
	}
}

func of(workspace string) fields { return fields{"workspace": fields{"id": workspace}} }
