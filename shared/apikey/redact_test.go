package apikey_test

import (
	"bytes"
	"encoding/json"
	"fmt"
	"log/slog"
	"strings"
	"testing"

	"dmlysender/shared/apikey"
)

const hush, hush1 = "hush-default", "hush-of-W1"

// tells reports whether a text gives one of the keys away, as itself or in hexadecimal.
func tells(text string) bool {
	for _, secret := range []string{hush, hush1} {
		for _, form := range []string{secret, fmt.Sprintf("%x", secret), fmt.Sprintf("%X", secret)} {
			if strings.Contains(text, form) {
				return true
			}
		}
	}
	return false
}

// carriers returns keys as they turn up in programs: alone, behind pointers, in fields that fmt may and may not call methods of.
func carriers(t *testing.T) map[string]any {
	t.Helper()
	keys := mustParse(t, `{"default": "`+hush+`", "workspaces": {"W1": "`+hush1+`"}}`)
	key := mustKey(t, keys, "W1")
	cache := apikey.NewCache(apikey.Env(func(string) string { return hush }, "X"), apikey.Options{})
	if _, err := cache.Get(t.Context()); err != nil {
		t.Fatal(err)
	}
	type open struct {
		Key  apikey.Key
		Keys *apikey.Keys
	}
	type closed struct {
		key   apikey.Key
		keys  apikey.Keys
		list  []apikey.Key
		byID  map[string]apikey.Keys
		cache *apikey.Cache
	}
	return map[string]any{
		"key": key, "key pointer": &key, "keys": keys, "keys pointer": &keys, "cache": cache,
		"exported fields":   open{key, &keys},
		"unexported fields": closed{key, keys, []apikey.Key{key}, map[string]apikey.Keys{"x": keys}, cache},
		"list":              []any{key, keys},
	}
}

func TestNoVerbPrintsAKey(t *testing.T) {
	t.Parallel()
	for name, value := range carriers(t) {
		for _, verb := range []string{"%v", "%+v", "%#v", "%s", "%q", "%x", "%X", "%d", "%p", "%T", "%10.3v", "%!"} {
			if got := fmt.Sprintf(verb, value); tells(got) {
				t.Errorf("%s with %s: %s", name, verb, got)
			}
		}
		if got := fmt.Errorf("send with %v: %w", value, fmt.Errorf("%+v", value)).Error(); tells(got) {
			t.Errorf("%s in an error: %s", name, got)
		}
	}
}

func TestNoLogTellsAKey(t *testing.T) {
	t.Parallel()
	var out bytes.Buffer
	loggers := map[string]*slog.Logger{
		"text": slog.New(slog.NewTextHandler(&out, nil)),
		"JSON": slog.New(slog.NewJSONHandler(&out, nil)),
	}
	for format, logger := range loggers {
		for name, value := range carriers(t) {
			out.Reset()
			logger.InfoContext(t.Context(), "sending", slog.Any("value", value), slog.Group("inner", slog.Any("value", value)))
			if out.Len() == 0 || tells(out.String()) {
				t.Errorf("%s as %s: %s", name, format, out.String())
			}
		}
	}
}

func TestNoJSONTellsAKey(t *testing.T) {
	t.Parallel()
	for name, value := range carriers(t) {
		got, err := json.Marshal(value)
		if err != nil || tells(string(got)) {
			t.Errorf("%s: %s, %v", name, got, err)
		}
	}
}

func TestPrintedKeysSayWhatTheyAre(t *testing.T) {
	t.Parallel()
	keys := mustParse(t, `{"default": "`+hush+`", "workspaces": {"W1": "`+hush1+`"}}`)
	tests := []struct {
		value any
		want  string
	}{
		{mustKey(t, keys, "W1"), "API key of W1 [redacted]"},
		{keys, "2 API key(s) [redacted]"},
		{apikey.Key{}, "no API key"},
		{apikey.Keys{}, "no API keys"},
	}
	for _, tt := range tests {
		if got := fmt.Sprint(tt.value); got != tt.want {
			t.Errorf("got %q, want %q", got, tt.want)
		}
	}
}
