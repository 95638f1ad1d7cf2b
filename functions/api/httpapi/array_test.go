package httpapi_test

import (
	"encoding/json"
	"fmt"
	"strings"
	"testing"

	"dmlysender/functions/api/httpapi"
	"dmlysender/shared/delivery"
)

// item is what a caller sees of one message of an array.
type item struct {
	Index, Status int
	Replayed      bool
	ID, State     string
	Problem       *httpapi.Problem
}

func items(t *testing.T, got answer) []item {
	t.Helper()
	var all []item
	if err := json.Unmarshal([]byte(got.body), &all); err != nil {
		t.Fatalf("HTTP %d: %v: %s", got.code, err, got.body)
	}
	for i, one := range all {
		if one.Index != i || (one.Problem == nil) != (one.Status == 202) || one.Problem != nil && one.Problem.Status != one.Status {
			t.Errorf("item %d: got %+v", i, one)
		}
	}
	return all
}

func list(messages ...string) string { return "[" + strings.Join(messages, ",") + "]" }

func TestAPITakesTheGoodMessagesOfAnArray(t *testing.T) {
	t.Parallel()
	r := newRig(t)
	got := r.post(path, list(
		body(fields{"id": "order-1"}),
		body(fields{"id": "order-2", "textMessage": nil}),
		"7",
		body(fields{"id": "order-3", "priority": "bulk"}),
		`{"a": 1, "a": 2}`,
		strings.Replace(body(fields{"id": "order-4"}), "parcel", "par\xffcel", 1),
	))
	r.want(got, 207, plainJSON)
	all := items(t, got)
	want := []int{202, 422, 400, 202, 422, 400}
	for i, one := range all {
		if one.Status != want[i] {
			t.Errorf("item %d: got %d (%+v), want %d", i, one.Status, one.Problem, want[i])
		}
	}
	if p := all[1].Problem; len(p.Errors) != 1 || p.Errors[0].Pointer != "/textMessage" {
		t.Errorf("pointers begin at the message: got %+v", p)
	}
	r.normal.WantEnqueued(t, "order-1")
	r.bulk.WantEnqueued(t, "order-3")
	r.WantState("order-1", delivery.Accepted)
	r.work(0)
	r.WantSent(2)
}

func TestAPIAnswers202IfEachMessageOfAnArrayWasTaken(t *testing.T) {
	t.Parallel()
	r := newRig(t)
	var messages []string
	for i := range 100 {
		messages = append(messages, body(fields{"id": fmt.Sprintf("order-%d", i)}))
	}
	for _, replay := range []bool{false, true} {
		got := r.post(path, list(messages...))
		r.want(got, 202, plainJSON)
		for i, one := range items(t, got) {
			if one.ID != fmt.Sprintf("order-%d", i) || one.State != "accepted" || one.Replayed != replay {
				t.Fatalf("item %d: got %+v, replayed %v wanted", i, one, replay)
			}
		}
	}
	r.work(0)
	r.WantSent(100)
}

func TestAPINamesTheMessagesOfAnArrayAfterItsKey(t *testing.T) {
	t.Parallel()
	r := newRig(t)
	key := header("Idempotency-Key", `"batch-7"`)
	got := r.post(path, list(body(nil), body(fields{"id": "batch-7.1", "textMessage": "second"}), body(fields{"id": "other"})), key)
	r.want(got, 207, plainJSON)
	all := items(t, got)
	if all[0].ID != "batch-7.0" || all[1].ID != "batch-7.1" || all[2].Status != 422 {
		t.Errorf("got %+v", all)
	}
	r.normal.WantEnqueued(t, "batch-7.0", "batch-7.1")
}

func TestAPIRefusesAnArrayThatIsNone(t *testing.T) {
	t.Parallel()
	for name, tt := range map[string]struct {
		body string
		code int
	}{
		"empty":         {"[]", 422},
		"101":           {"[" + strings.Repeat("{},", 100) + "{}]", 422},
		"cut off":       {"[" + body(nil), 400},
		"trailing":      {list(body(nil)) + "x", 400},
		"a comma more":  {"[" + body(nil) + ",]", 400},
		"too deep":      {strings.Repeat("[", 100_000), 400},
		"over its size": {list(`"` + strings.Repeat("x", 1<<20) + `"`), 413},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			r := newRig(t)
			r.want(r.post(path, tt.body), tt.code, problemJSON)
			r.wantUntouched()
		})
	}
}

func TestAPITakesAnArrayOfExactlyItsSize(t *testing.T) {
	t.Parallel()
	r := newRig(t)
	one := full(body(fields{"id": "order-1"}))
	padded := list(one) + strings.Repeat(" ", 1<<20-len(one)-2)
	r.want(r.post(path, padded), 202, plainJSON)
	r.want(r.post(path, padded+" "), 413, problemJSON)
	if got := items(t, r.post(path, list(one+" ", strings.Replace(one, "order-1", "order-22", 1)))); got[0].Status != 202 || got[1].Status != 413 {
		t.Errorf("got %+v, want the second to be too large", got)
	}
}

func TestAPITellsTheMessagesOfAnArrayApartByTheirIDs(t *testing.T) {
	t.Parallel()
	r := newRig(t)
	one := body(fields{"id": "order-1"})
	got := items(t, r.post(path, list(one, body(fields{"id": "order-1", "textMessage": "Something else."}), one)))
	if got[0].Status != 202 || got[1].Status != 422 || got[2].Status != 202 || got[1].Problem.Type != "/problems#id-taken" {
		t.Errorf("got %+v", got)
	}
	r.work(0)
	r.WantSent(1)
}

func TestAPITellsWhichMessagesOfAnArrayItCouldNotQueue(t *testing.T) {
	t.Parallel()
	r := newRig(t)
	r.bulk.Fail(errDown)
	messages := list(body(fields{"id": "order-1"}), body(fields{"id": "order-2", "priority": "bulk"}))
	got := r.post(path, messages)
	r.want(got, 207, plainJSON)
	if all := items(t, got); all[0].Status != 202 || all[1].Status != 503 || strings.Contains(got.body, errDown.Error()) {
		t.Errorf("got %+v", all)
	}
	r.bulk.Fail(nil)
	r.want(r.post(path, messages), 202, plainJSON)
	r.work(0)
	r.WantSent(2)
}

func TestAPIKeepsEachMessageOfAnArrayToTheCallersWorkspaces(t *testing.T) {
	t.Parallel()
	r := newRig(t)
	r.callers.Set(`{"orders": {"key": "`+callerKey+`", "workspaces": ["W2"]}}`, nil)
	got := items(t, r.post(path, list(body(nil), body(fields{"workspace": fields{"id": "W2"}}))))
	if got[0].Status != 403 || got[1].Status != 202 {
		t.Errorf("got %+v", got)
	}
}
