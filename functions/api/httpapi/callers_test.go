package httpapi_test

import (
	"crypto/sha256"
	"encoding/hex"
	"errors"
	"strings"
	"testing"
	"testing/synctest"
	"time"
)

// callerSum is what a secret may have in place of the key.
var callerSum = func() string {
	digits := sha256.Sum256([]byte(callerKey))
	return hex.EncodeToString(digits[:])
}()

func TestAPIKnowsItsCallers(t *testing.T) {
	t.Parallel()
	const other = "another-key"
	for name, tt := range map[string]struct {
		secret, key string
		code        int
	}{
		"plain":                       {callerKey, callerKey, 202},
		"plain, with a line's end":    {" " + callerKey + "\n", callerKey, 202},
		"plain, another":              {callerKey, other, 401},
		"plain, only its beginning":   {callerKey, callerKey[:8], 401},
		"plain, in capitals":          {callerKey, strings.ToUpper(callerKey), 401},
		"none sent":                   {callerKey, "", 401},
		"named":                       {`{"first": "` + callerKey + `"}`, callerKey, 202},
		"second of three":             {`{"a": "x", "b": "` + callerKey + `", "c": "y"}`, callerKey, 202},
		"named, but the name is sent": {`{"first": "` + callerKey + `"}`, "first", 401},
		"key":                         {`{"orders": {"key": "` + callerKey + `"}}`, callerKey, 202},
		"sha256":                      {`{"orders": {"sha256": "` + callerSum + `"}}`, callerKey, 202},
		"sha256 in capitals":          {`{"orders": {"sha256": "` + strings.ToUpper(callerSum) + `"}}`, callerKey, 202},
		"sha256 itself is no key":     {`{"orders": {"sha256": "` + callerSum + `"}}`, callerSum, 401},
		"may send":                    {`{"orders": {"key": "` + callerKey + `", "scopes": ["read", "send"]}}`, callerKey, 202},
		"may not send":                {`{"orders": {"key": "` + callerKey + `", "scopes": ["read"]}}`, callerKey, 403},
		"from this workspace":         {`{"orders": {"key": "` + callerKey + `", "workspaces": ["W2", "W1"]}}`, callerKey, 202},
		"from others":                 {`{"orders": {"key": "` + callerKey + `", "workspaces": ["W2"]}}`, callerKey, 403},
		"from no workspace":           {`{"orders": {"key": "` + callerKey + `", "workspaces": []}}`, callerKey, 403},
		"with no workspaces":          {`{"orders": {"key": "` + callerKey + `", "workspaces": null}}`, callerKey, 403},
		"with no scope":               {`{"orders": {"key": "` + callerKey + `", "scopes": []}}`, callerKey, 403},
		"limits of its own alone":     {`{"orders": {"key": "` + callerKey + `"}, "b": {"key": "x", "scopes": []}}`, callerKey, 202},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			for path, kind := range map[string]string{path: problemJSON, sendText: plainJSON} {
				r := newRig(t)
				r.callers.Set(tt.secret, nil)
				content := body(fields{"id": "order-1"})
				if path != "/v1/messages" {
					content = request(nil)
				}
				got := r.post(path, content, header("x-api-key", tt.key))
				if tt.code == 202 {
					if got.code >= 300 {
						t.Errorf("%s: got HTTP %d: %s", path, got.code, got.body)
					}
					continue
				}
				r.want(got, tt.code, kind)
				r.wantUntouched()
			}
		})
	}
}

func TestAPILooksAtNoBodyOfACallerWhoMayNotSend(t *testing.T) {
	t.Parallel()
	r := newRig(t)
	r.callers.Set(`{"orders": {"key": "`+callerKey+`", "scopes": ["read"]}}`, nil)
	for path, kind := range map[string]string{path: problemJSON, sendText: plainJSON} {
		got := r.post(path, "not JSON")
		r.want(got, 403, kind)
		if said := got.Detail + got.Error; !strings.Contains(said, "may not send") {
			t.Errorf("%s: got %q", path, said)
		}
	}
}

func TestAPIRefusesASecretThatItDoesNotUnderstand(t *testing.T) {
	t.Parallel()
	for name, secret := range map[string]string{
		"empty":                    "",
		"blank":                    " \n",
		"no names":                 `{}`,
		"cut off":                  `{"first": "` + callerKey,
		"an empty key":             `{"first": ""}`,
		"null":                     `{"first": null}`,
		"a number":                 `{"first": 7}`,
		"a list":                   `{"first": ["` + callerKey + `"]}`,
		"no key":                   `{"orders": {"scopes": ["send"]}}`,
		"key and sum":              `{"orders": {"key": "` + callerKey + `", "sha256": "` + callerSum + `"}}`,
		"a misspelled limit":       `{"orders": {"key": "` + callerKey + `", "scope": ["read"]}}`,
		"another misspelled limit": `{"orders": {"key": "` + callerKey + `", "workspace": ["W2"]}}`,
		"a limit that is no list":  `{"orders": {"key": "` + callerKey + `", "scopes": "send"}}`,
		"not 64 digits":            `{"orders": {"sha256": "` + callerSum[:62] + `"}}`,
		"not hexadecimal":          `{"orders": {"sha256": "` + strings.Repeat("x", 64) + `"}}`,
		"one good, one bad":        `{"first": "` + callerKey + `", "orders": {"key": "x", "scops": []}}`,
		"one key for two":          `{"first": "` + callerKey + `", "orders": {"key": "` + callerKey + `", "workspaces": ["W2"]}}`,
		"one key and its sum":      `{"first": "` + callerKey + `", "orders": {"sha256": "` + callerSum + `"}}`,
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			r := newRig(t)
			r.callers.Set(secret, nil)
			r.want(r.post(path, body(nil)), 503, problemJSON)
			r.wantUntouched()
			if got := r.Logs.String(); !strings.Contains(got, "keys") || strings.Contains(got, "orders\\\":{\\\"key") || strings.Contains(got, callerSum) {
				t.Errorf("the log does not say why, or says too much:\n%s", got)
			}
		})
	}
}

func TestAPIIsClosedUntilItsKeysCanBeRead(t *testing.T) {
	t.Parallel()
	r := newRig(t)
	r.callers.Set("", errDown)
	got := r.post(path, body(nil))
	r.want(got, 503, problemJSON)
	if strings.Contains(got.body, errDown.Error()) || !strings.Contains(r.Logs.String(), errDown.Error()) {
		t.Errorf("the cause is for the log alone: got answer %s and log\n%s", got.body, r.Logs)
	}
	r.want(r.post(sendText, request(nil)), 503, plainJSON)
	r.want(r.post(path, body(nil), header("x-api-key", "")), 401, problemJSON) // that one needs no keys
	r.wantUntouched()
}

func TestAPIReadsItsKeysAnewForAnUnknownOneAtMostOnceAMinute(t *testing.T) {
	t.Parallel()
	synctest.Test(t, func(t *testing.T) {
		r := newRigWith(t, nil)
		wrong := header("x-api-key", "wrong")
		for range 100 { // 50 seconds of a caller who guesses
			r.want(r.post(path, body(nil), wrong), 401, problemJSON)
			r.want(r.post(sendText, request(nil), wrong), 401, plainJSON)
			<-time.After(500 * time.Millisecond)
		}
		if got := r.callers.Fetches(); got != 2 {
			t.Errorf("fetches in the first minute: got %d, want 2: the first and one refresh", got)
		}
		for range 240 { // two minutes more
			<-time.After(500 * time.Millisecond)
			r.want(r.post(path, body(nil), wrong), 401, problemJSON)
		}
		if got := r.callers.Fetches(); got != 4 {
			t.Errorf("fetches after two minutes more: got %d, want 4", got)
		}
		r.wantUntouched()
	})
}

func TestAPITakesANewKeyAtOnceAndForgetsTheOldOne(t *testing.T) {
	t.Parallel()
	synctest.Test(t, func(t *testing.T) {
		r := newRigWith(t, nil)
		r.want(r.post(path, body(nil)), 202, plainJSON)
		r.callers.Set(`{"first": "rotated"}`, nil)
		r.want(r.post(path, body(nil), header("x-api-key", "rotated")), 202, plainJSON)
		r.want(r.post(path, body(nil)), 401, problemJSON)
		r.want(r.post(path, body(nil), header("x-api-key", "rotated")), 202, plainJSON)
	})
}

func TestAPIKeepsItsKeysWhileTheyCannotBeReadAnew(t *testing.T) {
	t.Parallel()
	synctest.Test(t, func(t *testing.T) {
		r := newRigWith(t, nil)
		r.want(r.post(path, body(nil)), 202, plainJSON)
		r.callers.Set("", errors.New("the store is down"))
		r.want(r.post(path, body(nil), header("x-api-key", "wrong")), 401, problemJSON)
		r.want(r.post(path, body(nil)), 202, plainJSON)
		if logged := r.Logs.String(); !strings.Contains(logged, "the store is down") {
			t.Errorf("the log does not say that old keys are in force:\n%s", logged)
		}
		<-time.After(time.Hour)
		r.want(r.post(path, body(nil)), 202, plainJSON)
		r.want(r.post(path, body(nil), header("x-api-key", "wrong")), 401, problemJSON)
	})
}
