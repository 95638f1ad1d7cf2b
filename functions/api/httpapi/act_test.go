package httpapi_test

import (
	"strings"
	"testing"
	"time"

	"dmlysender/shared/delivery"
	"dmlysender/shared/dmlytest"
)

func TestAPICancelsWhatIsNotBeingSent(t *testing.T) {
	t.Parallel()
	r := newRig(t)
	r.callers.Set(`{"orders": "`+callerKey+`"}`, nil)
	r.post(path, body(fields{"id": "order-1"}))
	for range 2 {
		got := status(t, r.call("DELETE", "/v1/messages/order-1", ""))
		if last := got.History[len(got.History)-1]; got.State != delivery.Cancelled || !strings.Contains(last.Reason, `"orders"`) {
			t.Errorf("got %+v", got)
		}
	}
	r.work(time.Minute)
	r.WantSent(0)
	replay := r.post(path, body(fields{"id": "order-1"}))
	if r.want(replay, 202, plainJSON); replay.State != "cancelled" || replay.header.Get("Idempotent-Replayed") != "true" {
		t.Errorf("sent again: got %s", replay.body)
	}
	if got := r.post(sendText, request(nil), header("Idempotency-Key", "order-1")); got.code != 400 || got.Status != "cancelled" || got.Error == "" {
		t.Errorf("sent again by DMLY's path: got HTTP %d: %s", got.code, got.body)
	}
	r.work(time.Minute)
	r.WantSent(0)
}

func TestAPIDoesNotCancelWhatIsAtRest(t *testing.T) {
	t.Parallel()
	r := newRig(t)
	r.want(r.call("DELETE", "/v1/messages/order-1", ""), 404, problemJSON)
	r.post(sendText, request(nil), header("Idempotency-Key", "order-1"))
	got := r.call("DELETE", "/v1/messages/order-1", "")
	r.want(got, 409, problemJSON)
	if got.Kind != "wrong-state" || got.State != "sent" || got.ID != "order-1" {
		t.Errorf("got %s", got.body)
	}
}

func TestAPISettlesWhatNeedsAPerson(t *testing.T) {
	t.Parallel()
	r := newRig(t)
	r.callers.Set(`{"ops": "`+callerKey+`"}`, nil)
	unknown := func(id string) {
		r.Sim.Inject(dmlytest.Fault{Cut: dmlytest.CutAfter, Accept: new(false)})
		r.want(r.post(sendText, request(nil), header("Idempotency-Key", id)), 202, plainJSON)
		r.WantState(id, delivery.Unknown)
	}
	settle := func(id, as string) answer {
		return r.post("/v1/messages/"+id+"/settle", `{"as": "`+as+`", "generation": 1}`)
	}

	unknown("arrived")
	if got := status(t, settle("arrived", "sent")); got.State != delivery.Sent || !strings.Contains(got.History[len(got.History)-1].Reason, `"ops"`) {
		t.Errorf("got %+v", got)
	}
	unknown("dropped")
	if got := status(t, settle("dropped", "drop")); got.State != delivery.Unknown || got.NeedsAttention {
		t.Errorf("got %+v", got)
	}
	again := settle("dropped", "resend")
	if r.want(again, 409, problemJSON); again.State != "unknown" || again.Kind != "wrong-state" {
		t.Errorf("got %s", again.body)
	}
	unknown("resent")
	for range 3 { // giving one order three times resends once
		if got := status(t, settle("resent", "resend")); got.Generation != 2 {
			t.Errorf("got %+v", got)
		}
		r.work(time.Minute)
	}
	r.WantState("resent", delivery.Sent)
	r.WantSent(1)
	r.want(settle("nobody", "drop"), 404, problemJSON)
	if got := settle("resent", "drop"); got.code != 200 { // what was seen is over; the answer says where it stands
		t.Errorf("got HTTP %d: %s", got.code, got.body)
	}
}

func TestAPISaysWhatIsWrongWithASettlement(t *testing.T) {
	t.Parallel()
	r := newRig(t)
	for content, tt := range map[string]struct {
		code     int
		pointers string
	}{
		"":                                    {400, ""},
		"{":                                   {400, ""},
		"[]":                                  {422, ""},
		"{}":                                  {422, "/as /generation"},
		`{"as": "sent"}`:                      {422, "/generation"},
		`{"as": "lost", "generation": 1}`:     {422, "/as"},
		`{"as": "sent", "generation": 0}`:     {422, "/generation"},
		`{"as": "sent", "generation": "1"}`:   {422, "/generation"},
		`{"as": "sent", "generation": 1.5}`:   {422, "/generation"},
		`{"as": "sent", "generation": 1e99}`:  {422, "/generation"},
		`{"as": "sent", "generation": 1.0}`:   {404, ""},
		`{"as": "sent", "generation": 10e-1}`: {404, ""},
		`{"as": "sent", "generation": 2147483647}`:      {404, ""},
		`{"as": "sent", "generation": 2147483648}`:      {422, "/generation"},
		`{"as": "sent", "generation": 1, "by": "me"}`:   {422, "/by"},
		`{"as": "sent", "as": "drop", "generation": 1}`: {400, ""},
		`{"as": "sent", "AS": "drop", "generation": 1}`: {422, "/AS"},
		`{"As": "sent", "generation": 1}`:               {422, "/As /as"},
		"{" + strings.Repeat(" ", 64<<10) + "}":         {413, ""},
		"{\"as\": \"se\xffnt\", \"generation\": 1}":     {400, ""},
	} {
		t.Run(content[:min(len(content), 60)], func(t *testing.T) {
			t.Parallel()
			got := r.post("/v1/messages/order-1/settle", content)
			r.want(got, tt.code, problemJSON)
			if tt.pointers != "" && strings.Join(got.Pointers, " ") != tt.pointers {
				t.Errorf("pointers: got %q, want %q: %s", got.Pointers, tt.pointers, got.body)
			}
		})
	}
}
