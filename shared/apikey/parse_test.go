package apikey_test

import (
	"errors"
	"strings"
	"testing"

	"dmlysender/shared/apikey"
)

func TestParseDropsWhiteSpaceAroundKeys(t *testing.T) {
	t.Parallel()
	for _, secret := range []string{"key-1", " key-1\n", "\tkey-1\r\n", "\n {\"default\": \" key-1\\n\"} \n"} {
		if got, want := mustKey(t, mustParse(t, secret), "").Reveal(), "key-1"; got != want {
			t.Errorf("%q: got %q, want %q", secret, got, want)
		}
	}
}

func TestParseRefusesWhatIsNoKeyWithoutRepeatingIt(t *testing.T) {
	t.Parallel()
	tests := map[string]struct {
		secret string
		want   error
	}{
		"empty":                    {"", apikey.ErrEmpty},
		"white space":              {" \r\n\t", apikey.ErrEmpty},
		"empty object":             {"{}", apikey.ErrEmpty},
		"no workspaces":            {`{"workspaces": {}}`, apikey.ErrEmpty},
		"empty default":            {`{"default": " "}`, apikey.ErrEmpty},
		"empty own key":            {`{"default": "hush-1", "workspaces": {"hush-2": ""}}`, apikey.ErrEmpty},
		"placeholder":              {apikey.Placeholder, apikey.ErrPlaceholder},
		"placeholder, other case":  {"replace-me", apikey.ErrPlaceholder},
		"placeholder in brackets":  {"<your DMLY API key>", apikey.ErrPlaceholder},
		"placeholder as default":   {`{"default": "changeme"}`, apikey.ErrPlaceholder},
		"placeholder as own":       {`{"workspaces": {"hush-1": "YOUR_API_KEY"}}`, apikey.ErrPlaceholder},
		"cut JSON":                 {`{"default": "hush-1"`, apikey.ErrMalformed},
		"unknown member":           {`{"default": "hush-1", "hush-2": "hush-3"}`, apikey.ErrMalformed},
		"other case":               {`{"Default": "hush-1"}`, apikey.ErrMalformed},
		"console's key and value":  {`{"DMLY_API_KEY": "hush-1"}`, apikey.ErrMalformed},
		"duplicate member":         {`{"default": "hush-1", "default": "hush-2"}`, apikey.ErrMalformed},
		"duplicate workspace":      {`{"workspaces": {"hush-1": "hush-2", "hush-1": "hush-3"}}`, apikey.ErrMalformed},
		"wrong type":               {`{"default": 42, "workspaces": "hush-1"}`, apikey.ErrMalformed},
		"trailing data":            {`{"default": "hush-1"} hush-2`, apikey.ErrMalformed},
		"JSON string":              {`"hush-1"`, apikey.ErrMalformed},
		"JSON list":                {`["hush-1"]`, apikey.ErrMalformed},
		"invalid UTF-8 in JSON":    {"{\"default\": \"hush-\xff\"}", apikey.ErrMalformed},
		"nameless workspace":       {`{"workspaces": {"": "hush-1"}}`, apikey.ErrMalformed},
		"workspace called default": {`{"default": "hush-1", "workspaces": {"default": "hush-2"}}`, apikey.ErrMalformed},
		"spaces round workspace":   {`{"workspaces": {" hush-1": "hush-2"}}`, apikey.ErrMalformed},
		"space inside":             {"hush-1 hush-2", apikey.ErrMalformed},
		"line break inside":        {"hush-1\nx-evil: hush-2", apikey.ErrMalformed},
		"beyond ASCII":             {"hush-é", apikey.ErrMalformed},
		"invalid UTF-8":            {"hush-\xff", apikey.ErrMalformed},
		"too long":                 {strings.Repeat("hush", 2000), apikey.ErrMalformed},
	}
	for name, tt := range tests {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			keys, err := apikey.Parse(tt.secret)
			if !errors.Is(err, tt.want) {
				t.Fatalf("got %v, want %v", err, tt.want)
			}
			for _, text := range []string{"hush", "DMLY_API_KEY", "evil", "42"} {
				if strings.Contains(err.Error(), text) {
					t.Errorf("the error repeats the secret: %q", err)
				}
			}
			if _, ok := keys.For(""); ok {
				t.Error("there is a key beside the error")
			}
		})
	}
}

func FuzzParseNeverRepeatsTheSecret(f *testing.F) {
	for _, seed := range []string{"hushhush-1", `{"default": "hushhush"}`, `{"workspaces": {"W1": "hushhush", "hushhush": 1}}`, "[hushhush", "\"hushhush\xff"} {
		f.Add(seed)
	}
	f.Fuzz(func(t *testing.T, secret string) {
		_, err := apikey.Parse(strings.ReplaceAll(secret, "hush", "h-u-s-h"))
		if err != nil && strings.Contains(err.Error(), "h-u-s-h") {
			t.Errorf("the error repeats the secret: %q", err)
		}
	})
}
