package httpapi_test

import (
	"net/http"
	"slices"
	"strings"
	"testing"
	"time"

	"dmlysender/functions/internal/handlertest"
	"dmlysender/shared/campaign/plan"
	"dmlysender/shared/delivery"
	"dmlysender/shared/dmly"
	"dmlysender/shared/message"
)

// membersID is an id that the campaign "spring" makes.
func membersID() string {
	return plan.ID("spring", message.Message{Workspace: dmly.Workspace{ID: "W1"}, Recipient: dmly.Recipient{PhoneNumber: phone}})
}

// A message of the caller's under the id of a campaign's would be counted with the campaign.
func TestAPIKeepsTheIDsOfCampaignsForCampaigns(t *testing.T) {
	t.Parallel()
	id, sendText := membersID(), "/v1/messages/whatsapp/sendtext"
	key := header("Idempotency-Key", id)
	for name, tt := range map[string]struct {
		path, body string
		edit       []func(*http.Request)
		kind       string
	}{
		"in the body":      {path, body(fields{"id": id}), nil, "invalid-message"},
		"as key":           {path, body(nil), []func(*http.Request){key}, "invalid-idempotency-key"},
		"both alike":       {path, body(fields{"id": id}), []func(*http.Request){key}, "invalid-message"},
		"to be waited for": {path, body(fields{"id": id}), []func(*http.Request){header("Prefer", "wait=1")}, "invalid-message"},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			r := newRig(t)
			got := r.post(tt.path, tt.body, tt.edit...)
			r.want(got, 422, problemJSON)
			if got.Kind != tt.kind || !slices.Equal(got.Pointers, []string{"/id"}) || !strings.Contains(got.body, "campaign") {
				t.Errorf("got %s", got.body)
			}
			r.wantUntouched()
		})
	}
	r := newRig(t)
	got := r.post(sendText, request(nil), key)
	if r.want(got, 422, plainJSON); !strings.Contains(got.Error, "campaign") {
		t.Errorf("in DMLY's place: %s", got.body)
	}
	r.wantUntouched()
	got = r.post(path, list(body(fields{"id": id}), body(fields{"id": "order-1"})))
	r.want(got, 207, plainJSON)
	if all := items(t, got); all[0].Status != 422 || all[0].Problem.Errors[0].Pointer != "/id" || all[1].Status != 202 {
		t.Errorf("in an array: %s", got.body)
	}
	for _, other := range []string{"c.spring", "c.spring.1", strings.ToUpper(id), id + "a", "x" + id} {
		r.want(r.post(path, body(fields{"id": other})), 202, plainJSON)
	}
}

func TestAPIActsOnTheMessagesOfCampaigns(t *testing.T) {
	t.Parallel()
	id, at := membersID(), "/v1/messages/"+membersID()
	r, _ := newRigWithCalendar(t)
	// The worker takes them from the queue.
	record := handlertest.NewRecord("record-1", body(fields{"id": id, "sendAt": inHours(2)}))
	handlertest.Work(t.Context(), t, r.worker, record)
	if got := status(t, r.get(at)); got.State != delivery.Scheduled {
		t.Errorf("got %+v", got)
	}
	r.want(r.call(http.MethodPatch, at, `{"sendAt": "`+inHours(3)+`"}`), 200, plainJSON)
	r.want(r.call(http.MethodDelete, at, ""), 200, plainJSON)

	r = newRig(t)
	m, err := message.Decode([]byte(body(fields{"id": id})), message.Defaults{})
	if err != nil {
		t.Fatal(err)
	}
	fingerprint, err := m.Fingerprint()
	if err != nil {
		t.Fatal(err)
	}
	unknown := delivery.Item{ID: id, Workspace: "W1", Fingerprint: fingerprint, State: delivery.Unknown, Generation: 1, Revision: "r", ForgetAt: time.Now().Add(time.Hour)}
	unknown.Content = []byte(body(fields{"id": id}))
	if _, _, err := r.Ledger.Put(t.Context(), unknown, "", time.Now()); err != nil {
		t.Fatal(err)
	}
	r.want(r.post(at+"/settle", `{"as": "resend", "generation": 1}`), 200, plainJSON)
	r.work(0)
	if got := status(t, r.get(at)); got.State != delivery.Sent || got.Generation != 2 {
		t.Errorf("got %+v", got)
	}
}
