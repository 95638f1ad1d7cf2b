package dmly

import (
	"encoding/json"
	"errors"
	"net/http"
	"slices"
	"strconv"
	"strings"
	"time"
	"unicode/utf8"
)

// MessageResponse is DMLY's answer.
type MessageResponse struct {
	// ID is DMLY's own id of the message.
	ID string `json:"id"`
	// Status is not documented beyond "success/failure state".
	Status string `json:"status"`
	// Error is empty when the message was taken.
	Error string `json:"error"`
}

// failedStatuses are the values of "status" read as a failure even without an
// "error". The reference documents none.
var failedStatuses = []string{"failed", "failure", "error", "rejected", "undelivered"}

func (r MessageResponse) failed() bool {
	return r.Error != "" || slices.Contains(failedStatuses, strings.ToLower(r.Status))
}

// answer is one HTTP response, its body read as far as it could be.
type answer struct {
	operation  Operation
	statusCode int
	header     http.Header
	body       []byte
	bodyErr    error
	received   time.Time
	key        string
}

// quote takes over a text of DMLY's; one that echoes the request's headers goes
// no further with the key in it.
func (a answer) quote(s string) string { return bounded(strings.ReplaceAll(s, a.key, "[key]")) }

// outcome says what an answer proves. The table stands in the comments below;
// what is in none of its rows may have been sent.
func (a answer) outcome() (MessageResponse, error) {
	parsed, parseErr := parseResponse(a.body)
	if a.bodyErr != nil {
		parseErr = a.bodyErr
	}
	failure := Failure{
		Operation: a.operation, StatusCode: a.statusCode,
		ID: a.quote(parsed.ID), Status: a.quote(parsed.Status), Detail: a.quote(parsed.Error),
		RetryAfter: retryAfter(a.header.Get("Retry-After"), a.received),
	}
	switch code := a.statusCode; {
	case code >= 200 && code < 300:
		if parseErr != nil {
			failure.Err = parseErr
			return MessageResponse{}, &UnknownError{failure}
		}
		if parsed.failed() {
			return MessageResponse{}, &RejectedError{failure}
		}
		return MessageResponse{ID: a.quote(parsed.ID), Status: a.quote(parsed.Status)}, nil
	case code == http.StatusUnauthorized, code == http.StatusForbidden:
		return MessageResponse{}, &KeyRefusedError{failure}
	case code == http.StatusTooManyRequests:
		return MessageResponse{}, &NotSentError{Failure: failure, RateLimited: true}
	case code == http.StatusServiceUnavailable && a.header.Get("Retry-After") != "":
		return MessageResponse{}, &NotSentError{Failure: failure}
	case code == http.StatusRequestTimeout:
		return MessageResponse{}, &UnknownError{failure}
	case code >= 400 && code < 500:
		return MessageResponse{}, &RejectedError{failure}
	default: // 5xx; and redirects, which are never followed and may come after the work was done
		return MessageResponse{}, &UnknownError{failure}
	}
}

var errUnreadable = errors.New("the answer is not the JSON object that the reference describes")

// parseResponse is lenient about types, because a message that was sent must not
// look unsent for a number where a string was expected.
func parseResponse(body []byte) (MessageResponse, error) {
	var raw struct {
		ID     json.RawMessage `json:"id"`
		Status json.RawMessage `json:"status"`
		Error  json.RawMessage `json:"error"`
	}
	if err := json.Unmarshal(body, &raw); err != nil || raw.ID == nil && raw.Status == nil && raw.Error == nil {
		return MessageResponse{}, errUnreadable
	}
	return MessageResponse{ID: text(raw.ID), Status: text(raw.Status), Error: text(raw.Error)}, nil
}

func text(raw json.RawMessage) string {
	var s string
	switch {
	case len(raw) == 0, json.Unmarshal(raw, &s) == nil: // null leaves s empty
		return s
	case string(raw) == "false" || string(raw) == "{}" || string(raw) == "[]":
		return ""
	default:
		return string(raw)
	}
}

// retryAfter reads a Retry-After header in both of its forms (RFC 9110, section
// 10.2.3). What cannot be read, and what has passed, is 0.
func retryAfter(value string, now time.Time) time.Duration {
	if value == "" {
		return 0
	}
	const longest = 24 * time.Hour // beyond this, the header says no more than "not now"
	var wait time.Duration
	seconds, err := strconv.ParseUint(strings.TrimSpace(value), 10, 31)
	if err == nil {
		wait = time.Duration(seconds) * time.Second
	} else if errors.Is(err, strconv.ErrRange) {
		wait = longest
	} else if at, err := http.ParseTime(value); err == nil {
		wait = at.Sub(now)
	}
	return min(max(wait, 0), longest)
}

// bounded keeps a text from elsewhere short enough for a log or a ledger.
func bounded(s string) string {
	const most = 500
	if len(s) <= most {
		return s
	}
	cut := most
	for cut > 0 && !utf8.RuneStart(s[cut]) {
		cut--
	}
	return s[:cut]
}
