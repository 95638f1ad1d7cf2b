package dmlytest_test

import (
	"bufio"
	"net/http"
	"net/http/httptest"
	"strings"
	"sync"
	"testing"
	"time"

	"dmlysender/shared/dmlytest"
)

func TestServerKnowsOnlyTheNineOperations(t *testing.T) {
	t.Parallel()
	r := newRig(t, dmlytest.Options{})
	host := strings.TrimSuffix(r.base, "/api")
	for _, url := range []string{
		r.base + "/v1/messages/telegram/sendtext",
		r.base + "/v1/messages/telegram/sendmedia",
		r.base + "/v1/messages/instagram/sendmedia",
		r.base + "/v1/messages/sms/sendtext",
		r.base + "/v1/messages/whatsapp/sendtext/",
		r.base + "/v1/messages/whatsapp/SendText",
		r.base + "/v1//messages/whatsapp/sendtext",
		r.base + "/v2/messages/whatsapp/sendtext",
		r.base + "/v1/messages/",
		host + "/v1/messages/whatsapp/sendtext",
		host + "/whatsapp/sendtext",
		host + "/",
	} {
		got, err := r.do(t.Context(), http.MethodPost, url, strings.NewReader(bodies[sendText]))
		if err != nil {
			t.Fatal(err)
		}
		if got.code != http.StatusNotFound || got.Status != dmlytest.StatusFailed || !strings.Contains(got.Error, "telegram/sendtemplate") {
			t.Errorf("%s: got %d %s, want 404 with the operations that exist", url, got.code, got.text)
		}
	}
	r.wantAccepted(0)
}

func TestServerTakesPostOnly(t *testing.T) {
	t.Parallel()
	r := newRig(t, dmlytest.Options{})
	for _, method := range []string{http.MethodGet, http.MethodPut, http.MethodDelete, http.MethodPatch} {
		got, err := r.do(t.Context(), method, r.base+"/v1/messages/"+sendText, strings.NewReader(bodies[sendText]))
		if err != nil {
			t.Fatal(err)
		}
		if got.code != http.StatusMethodNotAllowed || got.header.Get("Allow") != "POST" || got.Error == "" {
			t.Errorf("%s: got %d, Allow %q, %s", method, got.code, got.header.Get("Allow"), got.text)
		}
	}
	r.wantAccepted(0)
}

func TestServerRefusesMissingAndWrongKeys(t *testing.T) {
	t.Parallel()
	r := newRig(t, dmlytest.Options{Key: "right"})
	for name, keys := range map[string][]string{
		"missing": nil, "empty": {""}, "wrong": {"wrong"}, "another case": {"RIGHT"}, "two": {"right", "right"},
	} {
		got := r.post(sendText, bodies[sendText], func(req *http.Request) { req.Header["X-Api-Key"] = keys })
		if got.code != http.StatusUnauthorized || got.Error != "missing or invalid x-api-key" {
			t.Errorf("%s: got %d %s, want 401", name, got.code, got.text)
		}
	}
	r.wantAccepted(0)
}

func TestServerRotatesKeys(t *testing.T) {
	t.Parallel()
	r := newRig(t, dmlytest.Options{Key: "old"})
	use := func(key string) int {
		return r.post(sendText, bodies[sendText], func(req *http.Request) { req.Header.Set("x-api-key", key) }).code
	}
	for _, step := range []struct {
		accepted []string
		old, new int
	}{
		{[]string{"old"}, 200, 401},
		{[]string{"old", "new"}, 200, 200},
		{[]string{"new"}, 401, 200},
		{nil, 401, 401},
	} {
		r.sim.SetKeys(step.accepted...)
		if got := use("old"); got != step.old {
			t.Errorf("accepted %q, old key: got %d, want %d", step.accepted, got, step.old)
		}
		if got := use("new"); got != step.new {
			t.Errorf("accepted %q, new key: got %d, want %d", step.accepted, got, step.new)
		}
	}
	messages := r.sim.Messages()
	if got, want := messages[len(messages)-1].Key, dmlytest.KeyLabel("new"); got != want || strings.Contains(got, "new") {
		t.Errorf("recorded key: got %q, want %q", got, want)
	}
}

func TestServerWantsJSON(t *testing.T) {
	t.Parallel()
	r := newRig(t, dmlytest.Options{})
	for contentType, want := range map[string]int{
		"":                                  http.StatusUnsupportedMediaType,
		"text/plain":                        http.StatusUnsupportedMediaType,
		"application/x-www-form-urlencoded": http.StatusUnsupportedMediaType,
		"application/json":                  http.StatusOK,
		"application/json; charset=utf-8":   http.StatusOK,
	} {
		got := r.post(sendText, bodies[sendText], func(req *http.Request) { req.Header.Set("Content-Type", contentType) })
		if got.code != want {
			t.Errorf("%q: got %d %s, want %d", contentType, got.code, got.text, want)
		}
	}
	r.wantAccepted(2)
}

func TestServerBoundsBodies(t *testing.T) {
	t.Parallel()
	const frame, limit = len(`{"contact":{"id":"C"},"workspace":{"id":"W"},"textMessage":""}`), 1 << 20
	for size, want := range map[int]int{limit: http.StatusOK, limit + 1: http.StatusRequestEntityTooLarge} {
		r := newRig(t, dmlytest.Options{})
		body := `{"contact":{"id":"C"},"workspace":{"id":"W"},"textMessage":"` + strings.Repeat("x", size-frame) + `"}`
		if got := r.post(sendText, body); got.code != want {
			t.Errorf("%d bytes: got %d %s, want %d", len(body), got.code, got.Error, want)
		}
	}
}

func TestServerRefusesBodiesThatBreakOff(t *testing.T) {
	t.Parallel()
	r := newRig(t, dmlytest.Options{})
	conn := r.dial("Content-Length: 1000\r\nConnection: close\r\n\r\n{")
	if err := conn.CloseWrite(); err != nil {
		t.Fatal(err)
	}
	resp, err := http.ReadResponse(bufio.NewReader(conn), nil)
	if err != nil {
		t.Fatal(err)
	}
	defer resp.Body.Close()
	if got := resp.StatusCode; got != http.StatusBadRequest {
		t.Errorf("got %d, want 400", got)
	}
	r.wantAccepted(0)
}

func TestServerLimitsTheRateOfAcceptedMessages(t *testing.T) {
	t.Parallel()
	r := newRig(t, dmlytest.Options{RatePerMinute: 2})
	send := func(wantCode int, wantRetryAfter string) {
		t.Helper()
		got := r.post(sendText, bodies[sendText])
		if got.code != wantCode || got.header.Get("Retry-After") != wantRetryAfter {
			t.Errorf("got %d, Retry-After %q, want %d, %q", got.code, got.header.Get("Retry-After"), wantCode, wantRetryAfter)
		}
	}
	send(200, "")
	r.post(sendText, `{}`) // refused, so it does not count
	r.clock.advance(20500 * time.Millisecond)
	send(200, "")
	send(429, "40")
	r.clock.advance(39500*time.Millisecond - 1)
	send(429, "1")
	r.clock.advance(1)
	send(200, "") // the first is 60 s old
	send(429, "21")

	r.sim.SetRatePerMinute(3)
	send(200, "")
	r.sim.SetRatePerMinute(0)
	for range 10 {
		send(200, "")
	}
	r.wantAccepted(14)
}

func TestServerResets(t *testing.T) {
	t.Parallel()
	r := newRig(t, dmlytest.Options{RatePerMinute: 1})
	first := r.post(sendText, bodies[sendText])
	r.sim.Inject(dmlytest.Fault{Status: 500, Times: -1})
	r.sim.Reset()
	r.wantAccepted(0)
	if got := len(r.sim.Fired()); got != 0 {
		t.Errorf("planned faults after reset: got %d, want 0", got)
	}
	second := r.post(sendText, bodies[sendText])
	if second.code != http.StatusOK || second.ID == first.ID {
		t.Errorf("after reset: got %d %s, want 200 and an id other than %s", second.code, second.text, first.ID)
	}
}

func TestServerCountsExactlyUnderConcurrency(t *testing.T) {
	t.Parallel()
	const senders, each = 8, 40
	r := newRig(t, dmlytest.Options{})
	r.sim.Inject(
		dmlytest.Fault{Cut: dmlytest.CutAfter, Times: 10},
		dmlytest.Fault{Status: 503, RetryAfter: "1", Times: 20},
		dmlytest.Fault{Cut: dmlytest.CutBefore, Times: 5},
		dmlytest.Fault{Operation: "messenger/sendtext", Status: 500, Times: -1},
	)
	var mu sync.Mutex
	ok := map[string]bool{}
	var wg sync.WaitGroup
	for range senders {
		wg.Go(func() {
			for range each {
				got, err := r.try(t.Context(), sendText, bodies[sendText])
				r.sim.Messages()
				r.sim.Fired()
				if err == nil && got.code == http.StatusOK {
					mu.Lock()
					ok[got.ID] = true
					mu.Unlock()
				}
			}
		})
	}
	wg.Wait()
	messages := r.sim.Messages()
	if got, want := len(messages), senders*each-20-5; got != want {
		t.Errorf("accepted: got %d, want %d", got, want)
	}
	if got, want := len(ok), len(messages)-10; got != want {
		t.Errorf("told as accepted: got %d ids, want %d", got, want)
	}
	for i, m := range messages {
		if i > 0 && m.ID <= messages[i-1].ID {
			t.Fatalf("message %d has id %s after %s", i, m.ID, messages[i-1].ID)
		}
		if told := ok[m.ID]; told == (m.Fault != nil) {
			t.Errorf("message %s: told %t, fault %+v", m.ID, told, m.Fault)
		}
	}
	for i, want := range []int{10, 20, 5, 0} {
		if got := r.sim.Fired()[i].Fired; got != want {
			t.Errorf("fault %d fired: got %d, want %d", i, got, want)
		}
	}
}

func BenchmarkServer(b *testing.B) {
	sim := dmlytest.New(dmlytest.Options{})
	b.ReportAllocs()
	for b.Loop() {
		req := httptest.NewRequest(http.MethodPost, "/api/v1/messages/"+sendText, strings.NewReader(bodies[sendText]))
		req.Header.Set("Content-Type", "application/json")
		req.Header.Set("X-Api-Key", dmlytest.DefaultKey)
		rec := httptest.NewRecorder()
		sim.ServeHTTP(rec, req)
		if rec.Code != http.StatusOK {
			b.Fatal(rec.Body)
		}
	}
}
