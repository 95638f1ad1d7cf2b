package apikey

import (
	"errors"
	"fmt"
	"strings"

	"github.com/go-json-experiment/json"
)

// Placeholder is what a newly deployed stack keeps in its secret until somebody stores the real key. Parse refuses it.
const Placeholder = "REPLACE_ME"

// maxKeyLength is far above any key seen and far below what a server takes as a header.
const maxKeyLength = 4096

// Reasons for which Parse refuses a secret, for errors.Is.
var (
	// ErrEmpty: there is no key in the secret.
	ErrEmpty = errors.New("it is empty: store the DMLY API key in it")
	// ErrPlaceholder: the secret was never filled in.
	ErrPlaceholder = errors.New("it still holds a placeholder: store the DMLY API key in it")
	// ErrMalformed: the secret is neither a key nor the JSON object.
	ErrMalformed = errors.New(`it must be the key itself or JSON of the form {"default": "…", "workspaces": {"W1": "…"}}`)
)

// Parse reads a secret: the key itself, or the JSON object
//
//	{"default": "…", "workspaces": {"W1": "…"}}
//
// of which either member may be left out. White space around a key is dropped. An error matches ErrEmpty, ErrPlaceholder
// or ErrMalformed, says which rule was broken, and contains nothing of the secret, not even the name of a member.
func Parse(secret string) (Keys, error) {
	secret = strings.TrimSpace(secret)
	parse := parsePlain
	if secret != "" && strings.ContainsRune(`{["`, rune(secret[0])) {
		parse = parseJSON
	}
	parsed, err := parse(secret)
	if err != nil {
		return Keys{}, fmt.Errorf("parse the secret with the API key: %w", err)
	}
	return Keys{parsed: parsed}, nil
}

func parsePlain(secret string) (*parsedKeys, error) {
	key, err := parseKey(DefaultAccount, secret)
	if err != nil {
		return nil, err
	}
	return &parsedKeys{fallback: key}, nil
}

func parseJSON(secret string) (*parsedKeys, error) {
	var object struct {
		Default    *string           `json:"default"`
		Workspaces map[string]string `json:"workspaces"`
	}
	// The decoder's error quotes its input, so it is replaced. Its defaults refuse duplicate names and invalid UTF-8.
	if json.Unmarshal([]byte(secret), &object, json.RejectUnknownMembers(true)) != nil {
		return nil, ErrMalformed
	}
	parsed := &parsedKeys{workspaces: make(map[string]Key, len(object.Workspaces))}
	if object.Default != nil {
		key, err := parseKey(DefaultAccount, *object.Default)
		if err != nil {
			return nil, fmt.Errorf("its default key: %w", err)
		}
		parsed.fallback = key
	}
	for workspace, secret := range object.Workspaces {
		if workspace == "" || workspace == DefaultAccount || workspace != strings.TrimSpace(workspace) {
			return nil, fmt.Errorf("%w: the name of a workspace is empty, %q or has spaces around it", ErrMalformed, DefaultAccount)
		}
		key, err := parseKey(workspace, secret)
		if err != nil {
			return nil, fmt.Errorf("the key of a workspace: %w", err)
		}
		parsed.workspaces[workspace] = key
	}
	if object.Default == nil && len(parsed.workspaces) == 0 {
		return nil, ErrEmpty
	}
	return parsed, nil
}

func parseKey(account, secret string) (Key, error) {
	secret = strings.TrimSpace(secret)
	switch {
	case secret == "":
		return Key{}, ErrEmpty
	case isPlaceholder(secret):
		return Key{}, ErrPlaceholder
	case len(secret) > maxKeyLength:
		return Key{}, fmt.Errorf("%w: the key is longer than %d characters", ErrMalformed, maxKeyLength)
	case strings.ContainsFunc(secret, unfitForHeader):
		return Key{}, fmt.Errorf("%w: the key contains a space, a line break or a character beyond ASCII", ErrMalformed)
	}
	return newKey(account, secret), nil
}

func unfitForHeader(r rune) bool { return r <= ' ' || r > '~' }

// isPlaceholder knows the ways in which people write "not filled in yet", whatever their case and punctuation.
func isPlaceholder(secret string) bool {
	if strings.HasPrefix(secret, "<") && strings.HasSuffix(secret, ">") {
		return true
	}
	letters := strings.Map(func(r rune) rune {
		if r < 'a' || r > 'z' {
			return -1
		}
		return r
	}, strings.ToLower(secret))
	switch letters {
	case "replaceme", "changeme", "placeholder", "yourapikey", "yourkey", "yourdmlyapikey", "dmlyapikey", "todo":
		return true
	}
	return false
}
