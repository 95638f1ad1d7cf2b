package httpapi_test

import (
	"io"
	"net/http"
	"slices"
	"strings"
	"testing"
	"testing/iotest"

	"dmlysender/shared/message"
)

func TestAPISaysWhatIsWrongWithAMessage(t *testing.T) {
	t.Parallel()
	for name, tt := range map[string]struct {
		body     string
		code     int
		pointers []string
	}{
		"empty":                {"", 400, []string{""}},
		"not JSON":             {"hello " + phone, 400, []string{""}},
		"cut off":              {body(nil)[:40], 400, nil},
		"trailing":             {body(nil) + "{}", 400, []string{""}},
		"not UTF-8":            {strings.Replace(body(nil), "parcel", "par\xffcel", 1), 400, nil},
		"too large":            {body(fields{"passthrough": fields{"filler": strings.Repeat("x", message.MaxBytes)}}), 413, nil},
		"nothing in it":        {"{}", 422, []string{"/channel", "/recipient", "/type", "/workspace/id"}},
		"all at once":          {body(fields{"textMessage": strings.Repeat("x", 4097), "recipient": fields{"phoneNumber": phone + "123456"}, "colour": "red"}), 422, []string{"/colour", "/recipient/phoneNumber", "/textMessage"}},
		"a misspelled field":   {body(fields{"recipient": nil, "recepient": fields{"phoneNumber": phone}}), 422, []string{"/recepient"}},
		"in a fallback":        {body(fields{"fallback": []any{fields{"channel": "whatsapp", "type": "template"}}}), 422, []string{"/fallback/0/template"}},
		"an id that is none":   {body(fields{"id": "two words"}), 422, []string{"/id"}},
		"a number as id":       {body(fields{"id": 7}), 422, []string{"/id"}},
		"replaces a field":     {body(fields{"passthrough": fields{"textMessage": "x"}}), 422, []string{"/passthrough/textMessage"}},
		"too large for its id": {full(body(nil)), 413, nil},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			r := newRig(t)
			got := r.post(path, tt.body)
			r.want(got, tt.code, problemJSON)
			slices.Sort(got.Pointers)
			if tt.pointers != nil && !slices.Equal(got.Pointers, tt.pointers) {
				t.Errorf("pointers: got %q, want %q: %s", got.Pointers, tt.pointers, got.body)
			}
			if strings.Contains(got.body, phone) {
				t.Errorf("the answer has the whole number: %s", got.body)
			}
			r.wantUntouched()
		})
	}
}

// full fills a message up to the last byte that is allowed.
func full(body string) string {
	empty := strings.TrimSuffix(body, "}") + `,"passthrough":{"filler":""}}`
	return strings.Replace(empty, `"filler":"`, `"filler":"`+strings.Repeat("x", message.MaxBytes-len(empty)), 1)
}

func TestAPITakesAMessageOfExactlyTheLimit(t *testing.T) {
	t.Parallel()
	r := newRig(t)
	one := full(body(fields{"id": "order-1"}))
	if len(one) != message.MaxBytes {
		t.Fatalf("the test's message has %d bytes", len(one))
	}
	r.want(r.post(path, one), 202, plainJSON)
	r.work(0)
	r.WantSent(1)
	r.want(r.post(path, one+" "), 413, problemJSON)
}

func TestAPIRefusesABodyThatBreaksOff(t *testing.T) {
	t.Parallel()
	for path, kind := range map[string]string{path: problemJSON, "/v1/messages/whatsapp/sendtext": plainJSON} {
		t.Run(path, func(t *testing.T) {
			t.Parallel()
			r := newRig(t)
			broken := func(req *http.Request) {
				req.Body = io.NopCloser(io.MultiReader(strings.NewReader(`{"id": "`), iotest.ErrReader(errDown)))
			}
			r.want(r.post(path, "", broken), 400, kind)
			r.wantUntouched()
		})
	}
}

func TestAPIAnswersOtherMethodsAndPaths(t *testing.T) {
	t.Parallel()
	const problem, dmly = problemJSON, plainJSON
	for _, tt := range []struct {
		method, path string
		code         int
		kind         string
		allow        string
	}{
		{"PUT", "/v1/messages", 405, problem, "DELETE, GET, HEAD, POST"},
		{"PATCH", "/v1/messages", 405, problem, "DELETE, GET, HEAD, POST"},
		{"OPTIONS", "/v1/messages", 405, problem, "DELETE, GET, HEAD, POST"},
		{"GET", "/v1/messages/whatsapp/sendtext", 405, dmly, "POST"},
		{"PATCH", "/api/v1/messages/telegram/sendtemplate", 405, dmly, "POST"},
		{"POST", "/v1/messages/instagram/sendmedia", 404, dmly, ""},
		{"POST", "/v1/messages/telegram/sendtext", 404, dmly, ""},
		{"POST", "/api/v1/messages/sms/sendtext", 404, dmly, ""},
		{"GET", "/api/docs", 404, problem, ""}, // the gateway holds its rate of pages at their own paths
		{"POST", "/v1/messages/whatsapp/sendText", 404, dmly, ""},
		{"GET", "/v1/messages/whatsapp/send", 404, dmly, ""},
		{"POST", "/", 405, problem, "GET, HEAD"},
		{"POST", "/v1", 404, problem, ""},
		{"POST", "//v1/messages", 404, problem, ""},
		{"POST", "/v1//messages", 404, problem, ""},
		{"GET", "/v1/messages/.", 404, problem, ""},
		{"GET", "/v1/messages/..", 404, problem, ""},
		{"POST", "/v1/messages/../messages", 404, dmly, ""},
		{"POST", "/api//v1/messages", 404, problem, ""},
		{"POST", "/v1/messages/", 404, problem, ""},
		{"POST", "/v2/messages", 404, problem, ""},
		{"PUT", "/api/v1/messages", 405, problem, "DELETE, GET, HEAD, POST"},
		{"GET", "/v1/messages/order-1/settle", 405, problem, "POST"},
		{"PUT", "/v1/messages/order-1", 405, problem, "DELETE, GET, HEAD, PATCH"},
		{"POST", "/v1/health", 405, problem, "GET, HEAD"},
		{"POST", "/docs", 405, problem, "GET, HEAD"},
		{"POST", "/v1/messages/whatsapp", 405, problem, "DELETE, GET, HEAD, PATCH"},
		{"POST", "/v1/messages/whatsapp/sendtext/1", 404, problem, ""},
		{"POST", "/api/api/v1/messages/whatsapp/sendtext", 404, problem, ""},
	} {
		t.Run(tt.method+" "+tt.path, func(t *testing.T) {
			t.Parallel()
			r := newRig(t)
			got := r.call(tt.method, tt.path, body(nil))
			r.want(got, tt.code, tt.kind)
			if allow := got.header.Get("Allow"); allow != tt.allow {
				t.Errorf("Allow: got %q, want %q", allow, tt.allow)
			}
			if said := got.Error + got.Detail; said == "" {
				t.Errorf("the answer does not say what is wrong: %s", got.body)
			}
			r.wantUntouched()
		})
	}
}

func TestAPINamesTheOperationsThereAre(t *testing.T) {
	t.Parallel()
	r := newRig(t)
	got := r.post("/v1/messages/telegram/sendtext", body(nil))
	for _, op := range []string{"whatsapp/sendtext", "instagram/sendtemplate", "telegram/sendtemplate"} {
		if !strings.Contains(got.Error, op) {
			t.Errorf("got %q, want %s in it", got.Error, op)
		}
	}
}
