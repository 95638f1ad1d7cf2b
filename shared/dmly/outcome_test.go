package dmly_test

import (
	"errors"
	"net/http"
	"strings"
	"testing"
	"time"

	"dmlysender/shared/dmly"
)

func class(err error) string {
	if err == nil {
		return "sent"
	}
	if e, ok := errors.AsType[*dmly.NotSentError](err); ok {
		if e.RateLimited {
			return "rate limited"
		}
		return "not sent"
	}
	for name, target := range map[string]any{
		"rejected": new(*dmly.RejectedError), "key refused": new(*dmly.KeyRefusedError),
		"unknown": new(*dmly.UnknownError), "invalid": new(*dmly.ValidationError),
	} {
		if errors.As(err, target) {
			return name
		}
	}
	return "unclassified: " + err.Error()
}

func failureOf(t *testing.T, err error) dmly.Failure {
	t.Helper()
	var (
		rejected *dmly.RejectedError
		refused  *dmly.KeyRefusedError
		notSent  *dmly.NotSentError
		unknown  *dmly.UnknownError
	)
	switch {
	case errors.As(err, &rejected):
		return rejected.Failure
	case errors.As(err, &refused):
		return refused.Failure
	case errors.As(err, &notSent):
		return notSent.Failure
	case errors.As(err, &unknown):
		return unknown.Failure
	}
	t.Fatalf("no Failure in %v", err)
	return dmly.Failure{}
}

func TestAnswersAreClassifiedByWhatTheyProve(t *testing.T) {
	t.Parallel()
	tests := []struct {
		status     int
		body       string
		retryAfter string
		want       string
	}{
		{200, taken, "", "sent"},
		{201, `{"id":7,"status":"queued","error":null}`, "", "sent"},
		{200, `{"id":"m","status":"scheduled"}`, "", "sent"},
		{200, `{"id":"m","status":"ok","error":false}`, "", "sent"},
		{200, `{"id":"","status":"","error":"Channel disconnected"}`, "", "rejected"},
		{200, `{"id":"m","status":"FAILED","error":""}`, "", "rejected"},
		{200, `{"id":"m","status":"Undelivered"}`, "", "rejected"},
		{200, `{"error":{"code":5}}`, "", "rejected"},
		{200, ``, "", "unknown"},
		{200, `<html>`, "", "unknown"},
		{200, `[]`, "", "unknown"},
		{200, `{"ok":true}`, "", "unknown"},
		{204, ``, "", "unknown"},
		{200, `{"id":"` + strings.Repeat("x", 64<<10) + `"}`, "", "unknown"},
		{301, ``, "", "unknown"},
		{302, ``, "", "unknown"},
		{307, ``, "", "unknown"},
		{400, `{"error":"both contact and recipient"}`, "", "rejected"},
		{401, `{"error":"bad key"}`, "", "key refused"},
		{403, ``, "", "key refused"},
		{404, ``, "", "rejected"},
		{408, ``, "", "unknown"},
		{409, ``, "", "rejected"},
		{410, ``, "", "rejected"},
		{413, ``, "", "rejected"},
		{422, ``, "", "rejected"},
		{429, ``, "", "rate limited"},
		{429, ``, "3", "rate limited"},
		{500, ``, "", "unknown"},
		{500, ``, "3", "unknown"},
		{502, ``, "", "unknown"},
		{503, ``, "", "unknown"},
		{503, ``, "3", "not sent"},
		{504, ``, "", "unknown"},
	}
	for _, tc := range tests {
		name := http.StatusText(tc.status) + " " + tc.body[:min(20, len(tc.body))] + " " + tc.retryAfter
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			h := newHost(t, func(w http.ResponseWriter, r *http.Request) {
				if tc.retryAfter != "" {
					w.Header().Set("Retry-After", tc.retryAfter)
				}
				if tc.status/100 == 3 {
					w.Header().Set("Location", "/api/elsewhere")
				}
				answer(tc.status, tc.body)(w, r)
			})
			_, err := send(t, h.client(t))
			if got := class(err); got != tc.want {
				t.Fatalf("class = %s, want %s (%v)", got, tc.want, err)
			}
			if n := len(h.all()); n != 1 {
				t.Errorf("%d requests, want 1: no retry and no redirect", n)
			}
			if err != nil && failureOf(t, err).StatusCode != tc.status {
				t.Errorf("StatusCode = %d, want %d", failureOf(t, err).StatusCode, tc.status)
			}
		})
	}
}

func TestRetryAfterIsReadInBothForms(t *testing.T) {
	t.Parallel()
	now := time.Date(2026, 11, 23, 12, 0, 0, 0, time.UTC)
	for header, want := range map[string]time.Duration{
		"120":                            2 * time.Minute,
		" 7 ":                            7 * time.Second,
		"0":                              0,
		"Mon, 23 Nov 2026 12:00:30 GMT":  30 * time.Second,
		"Monday, 23-Nov-26 12:01:00 GMT": time.Minute,
		"Mon, 23 Nov 2026 11:00:00 GMT":  0,
		"soon":                           0,
		"-5":                             0,
		"1.5":                            0,
		"2000000000":                     24 * time.Hour,
		"99999999999999999999":           24 * time.Hour,
	} {
		t.Run(header, func(t *testing.T) {
			t.Parallel()
			h := newHost(t, func(w http.ResponseWriter, _ *http.Request) {
				w.Header().Set("Retry-After", header)
				w.WriteHeader(http.StatusTooManyRequests)
			})
			client := newClient(t, dmly.Options{BaseURL: h.server.URL + "/api", Now: func() time.Time { return now }})
			_, err := send(t, client)
			if got := failureOf(t, err).RetryAfter; got != want {
				t.Errorf("RetryAfter = %v, want %v", got, want)
			}
		})
	}
}

func TestErrorsCarryWhatDMLYSaidButNeverTheKey(t *testing.T) {
	t.Parallel()
	for _, status := range []int{200, 400, 401, 429, 500} {
		h := newHost(t, answer(status, `{"id":"m-9","status":"failed","error":"no channel for key `+testKey+`"}`))
		_, err := send(t, h.client(t))
		f := failureOf(t, err)
		if f.ID != "m-9" || f.Status != "failed" || f.Detail != "no channel for key [key]" || f.Operation != dmly.OpWhatsAppText {
			t.Errorf("HTTP %d: failure = %+v", status, f)
		}
		if strings.Contains(err.Error(), testKey) {
			t.Errorf("HTTP %d: the key is in %q", status, err)
		}
	}
}

func TestLongTextsOfDMLYAreCutAtACharacter(t *testing.T) {
	t.Parallel()
	h := newHost(t, answer(http.StatusBadRequest, `{"error":"x`+strings.Repeat("é", 400)+`"}`))
	_, err := send(t, h.client(t))
	if got := failureOf(t, err).Detail; len(got) != 499 || !strings.HasSuffix(got, "é") {
		t.Errorf("Detail has %d bytes and ends in %q", len(got), got[len(got)-2:])
	}
}
