package apikey_test

import (
	"slices"
	"testing"

	"dmlysender/shared/apikey"
)

func mustParse(t *testing.T, secret string) apikey.Keys {
	t.Helper()
	keys, err := apikey.Parse(secret)
	if err != nil {
		t.Fatal(err)
	}
	return keys
}

func mustKey(t *testing.T, keys apikey.Keys, workspace string) apikey.Key {
	t.Helper()
	key, ok := keys.For(workspace)
	if !ok {
		t.Fatalf("no key for workspace %q", workspace)
	}
	return key
}

func TestForFindsTheKeyOfAWorkspace(t *testing.T) {
	t.Parallel()
	const both = `{"default": "key-d", "workspaces": {"W1": "key-1", "W2": "key-2"}}`
	const noDefault = `{"workspaces": {"W1": "key-1"}}`
	tests := map[string]struct {
		secret, workspace string
		account, key      string
		ok                bool
	}{
		"plain":             {"key-p", "W1", "default", "key-p", true},
		"plain, none":       {"key-p", "", "default", "key-p", true},
		"own key":           {both, "W1", "W1", "key-1", true},
		"another's own key": {both, "W2", "W2", "key-2", true},
		"falls to default":  {both, "W3", "default", "key-d", true},
		"none named":        {both, "", "default", "key-d", true},
		"named default":     {both, "default", "default", "key-d", true},
		"only own keys":     {noDefault, "W1", "W1", "key-1", true},
		"no default":        {noDefault, "W3", "", "", false},
		"only a default":    {`{"default": "key-d"}`, "W1", "default", "key-d", true},
		"null default":      {`{"default": null, "workspaces": {"W1": "key-1"}}`, "W2", "", "", false},
	}
	for name, tt := range tests {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			key, ok := mustParse(t, tt.secret).For(tt.workspace)
			if ok != tt.ok || key.Account != tt.account || key.Reveal() != tt.key {
				t.Errorf("got %q %q %v, want %q %q %v", key.Account, key.Reveal(), ok, tt.account, tt.key, tt.ok)
			}
		})
	}
}

func TestZeroKeysHaveNoKey(t *testing.T) {
	t.Parallel()
	key, ok := apikey.Keys{}.For("W1")
	if ok || key.Reveal() != "" || key.Version() != "" {
		t.Errorf("got %v %v, want no key", key, ok)
	}
}

func TestVersionChangesWithTheKeyAlone(t *testing.T) {
	t.Parallel()
	version := func(secret, workspace string) string { return mustKey(t, mustParse(t, secret), workspace).Version() }
	first := version(`{"default": "key-d", "workspaces": {"W1": "key-1"}}`, "W1")
	if got := version(`{"workspaces": {"W1": " key-1 "}}`, "W1"); got != first {
		t.Errorf("the same key: got version %s, want %s as before", got, first)
	}
	if got := version(`{"workspaces": {"W1": "key-2"}}`, "W1"); got == first {
		t.Errorf("another key: got version %s as before", got)
	}
	if got := version("key-1", ""); got == first {
		t.Error("two accounts with the same key have the same version, which shows that they share it")
	}
	if got, want := len(first), 8; got != want {
		t.Errorf("got a version of %d characters, want %d", got, want)
	}
}

func TestLabelsAreThoseOfTheAccounts(t *testing.T) {
	t.Parallel()
	for secret, want := range map[string][]string{
		"a-key": {"default"},
		`{"default": "k", "workspaces": {"W2": "a", "W1": "b"}}`: {"W1", "W2", "default"},
		`{"workspaces": {"W2": "a"}}`:                            {"W2"},
	} {
		keys, err := apikey.Parse(secret)
		if err != nil {
			t.Fatal(err)
		}
		if got := keys.Labels(); !slices.Equal(got, want) || len(got) != keys.Accounts() {
			t.Errorf("%s: got %q, want %q", secret, got, want)
		}
	}
	if got := (apikey.Keys{}).Labels(); len(got) != 0 {
		t.Errorf("without keys: got %q", got)
	}
}
