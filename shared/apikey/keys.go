// Package apikey holds the key of the DMLY API, or one key for each workspace: parsed from one secret, cached, and fetched
// anew when DMLY refuses it. Secret, the cache, serves any other secret as well.
//
// Nothing of a secret reaches a log or an error: keys redact themselves under every fmt verb, in log/slog and in JSON, and no
// error repeats a part of the text that it complains about. Only Key.Reveal gives a key away.
package apikey

import (
	"crypto/hmac"
	"crypto/sha256"
	"encoding/hex"
	"maps"
	"slices"
)

// DefaultAccount labels the key that serves every workspace without a key of its own.
const DefaultAccount = "default"

// Keys is a parsed secret: one key for everything, or one for some workspaces with or without a default.
// The zero value has no key. It is immutable, hence safe for concurrent use.
type Keys struct {
	// fmt calls no method on a value in an unexported field of another struct; the pointer makes it print an address there.
	parsed *parsedKeys
}

type parsedKeys struct {
	fallback   Key
	workspaces map[string]Key
}

// For returns the key for a workspace: its own if the secret has one, else the default.
// ok is false if the secret has neither. An empty workspace gets the default.
func (k Keys) For(workspace string) (key Key, ok bool) {
	if k.parsed == nil {
		return Key{}, false
	}
	if key, ok := k.parsed.workspaces[workspace]; ok {
		return key, true
	}
	return k.parsed.fallback, k.parsed.fallback.secret != nil
}

// Accounts is how many accounts the keys open: one for each workspace with a key of its own, and one for all others.
func (k Keys) Accounts() int {
	if k.parsed == nil {
		return 0
	}
	n := len(k.parsed.workspaces)
	if k.parsed.fallback.secret != nil {
		n++
	}
	return n
}

// Labels are those of the accounts that the keys open, sorted: DefaultAccount, and the ids of workspaces.
func (k Keys) Labels() []string {
	if k.parsed == nil {
		return nil
	}
	labels := slices.Collect(maps.Keys(k.parsed.workspaces))
	if k.parsed.fallback.secret != nil {
		labels = append(labels, DefaultAccount)
	}
	slices.Sort(labels)
	return labels
}

// OfAccount returns the key that now carries an account's label; ok is false if none does.
func (k Keys) OfAccount(account string) (key Key, ok bool) {
	if account == DefaultAccount {
		return k.For("")
	}
	if k.parsed == nil {
		return Key{}, false
	}
	key, ok = k.parsed.workspaces[account]
	return key, ok
}

// Key is one key of the DMLY API. The zero value is no key.
type Key struct {
	// Account labels what the key opens: DefaultAccount, or the id of the workspace that the secret lists it under. DMLY's rate is
	// counted for an account. The label stays when the key is rotated.
	Account string

	version string
	secret  *string // A pointer for the same reason as Keys.parsed.
}

func newKey(account, secret string) Key {
	// The account is part of what is hashed, so that equal versions never show that two workspaces share a key.
	sum := sha256.Sum256([]byte("dmly key\x00" + account + "\x00" + secret))
	return Key{Account: account, version: hex.EncodeToString(sum[:4]), secret: &secret}
}

// Version tells one key of an account from the next: it changes when the key is rotated, and is the same in every process that has
// this key. It is 32 bits of a hash: fit to be stored beside the account, since a random key cannot be found from it.
func (k Key) Version() string { return k.version }

// Reveal returns the key itself, for the header of a request. Keep the result out of every log and error.
func (k Key) Reveal() string {
	if k.secret == nil {
		return ""
	}
	return *k.secret
}

// Hash is a short keyed hash of a text, such as a recipient: the same for each text as long as the key is the same, and of no use
// for finding the text without the key. It is empty for an empty text or without a key.
func (k Key) Hash(text string) string {
	if k.secret == nil || text == "" {
		return ""
	}
	const shown = 8
	mac := hmac.New(sha256.New, []byte("recipient\x00"+*k.secret))
	mac.Write([]byte(text))
	return hex.EncodeToString(mac.Sum(nil)[:shown])
}
