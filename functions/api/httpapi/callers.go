package httpapi

import (
	"bytes"
	"context"
	"crypto/sha256"
	"crypto/subtle"
	"encoding/hex"
	"encoding/json"
	"errors"
	"fmt"
	"log/slog"
	"slices"
	"strconv"
	"strings"
	"time"

	"dmlysender/shared/apikey"
	"dmlysender/shared/delivery"
)

// Callers knows who may call the HTTP API. It is safe for concurrent use.
type Callers struct {
	keys *apikey.Secret[callerKeys]
}

// caller is one entry of the secret. Of the key only its SHA-256 sum is kept: what
// is not kept cannot leak.
type caller struct {
	// name is the entry's; empty if the secret is one plain key.
	name string
	sum  [sha256.Size]byte
	// scopes and workspaces limit what the caller may do.
	scopes, workspaces limit
}

// limit is a list of what is allowed. One that is not in the secret allows everything, and an empty one nothing.
type limit struct {
	set   bool
	names []string
}

// UnmarshalJSON implements [json.Unmarshaler]. A null is an empty list.
func (l *limit) UnmarshalJSON(data []byte) error {
	l.set = true
	return json.Unmarshal(data, &l.names)
}

func (l limit) allows(name string) bool { return !l.set || slices.Contains(l.names, name) }

// may reports whether the caller has the scope and may use the workspace.
func (c caller) may(scope, workspace string) bool {
	return c.scopes.allows(scope) && (workspace == "" || c.workspaces.allows(workspace))
}

// who is how a message's history names the caller.
func (c caller) who() string {
	if c.name == "" {
		return "the API's key"
	}
	return "the API's key " + strconv.Quote(c.name)
}

// sees says whether the caller may see a message. One that was never decoded belongs to no workspace.
func (c caller) sees(i delivery.Item) bool {
	return c.workspaces.allows(i.Workspace)
}

// callerKeys is the parsed secret.
type callerKeys []caller

// LogValue implements [slog.LogValuer].
func (k callerKeys) LogValue() slog.Value {
	return slog.StringValue(fmt.Sprintf("%d caller keys", len(k)))
}

// NewCallers reads the keys from the source: one plain key, or JSON with a key for
// each name, as text or as {"key": …} or {"sha256": …}.
// The log says why they could not be read, also where older ones stay in force.
func NewCallers(source apikey.Source, log *slog.Logger) *Callers {
	stale := func(ctx context.Context, err error) {
		log.WarnContext(ctx, "the callers' keys could not be read", slog.String("error", err.Error()))
	}
	return &Callers{keys: apikey.NewSecret(source, parseCallers, apikey.Options{RefreshEvery: time.Minute, OnError: stale})}
}

// Check reads the keys, and says why they cannot be used. The error has nothing of them.
func (c *Callers) Check(ctx context.Context) error {
	_, err := c.keys.Get(ctx)
	return err
}

// find is the caller who has this key. A key that is not known may be a new one: the
// secret is then read anew, at most once a minute.
func (c *Callers) find(ctx context.Context, key string) (caller, bool, error) {
	if key == "" {
		return caller{}, false, nil
	}
	known, err := c.keys.Get(ctx)
	if err != nil {
		return caller{}, false, err
	}
	if found, ok := known.find(key); ok {
		return found, true, nil
	}
	fresh, err := c.keys.Refresh(ctx, func(k callerKeys) bool {
		_, ok := k.find(key)
		return !ok
	})
	if err != nil {
		return caller{}, false, nil //nolint:nilerr // the keys that are known stay in force
	}
	found, ok := fresh.find(key)
	return found, ok, nil
}

// find takes the same time whichever key matches.
func (k callerKeys) find(key string) (found caller, ok bool) {
	sum := sha256.Sum256([]byte(key))
	for _, c := range k {
		if subtle.ConstantTimeCompare(sum[:], c.sum[:]) == 1 {
			found, ok = c, true
		}
	}
	return found, ok
}

var errCallerKeys = errors.New(`the secret with the callers' keys is neither one plain key nor JSON such as {"first": "<key>"} or {"orders": {"sha256": "<64 hex digits>", "scopes": ["send"]}}`)

var errSharedKey = errors.New("two names in the secret with the callers' keys have the same key: give each caller its own")

var errScope = errors.New("a key in the secret with the callers' keys has a scope that does not exist; there are send, read, settle and campaign")

func parseCallers(secret string) (callerKeys, error) {
	secret = strings.TrimSpace(secret)
	if secret == "" {
		return nil, errCallerKeys
	}
	if !strings.HasPrefix(secret, "{") {
		return callerKeys{{sum: sha256.Sum256([]byte(secret))}}, nil
	}
	var named map[string]json.RawMessage
	if err := json.Unmarshal([]byte(secret), &named); err != nil || len(named) == 0 {
		return nil, errCallerKeys
	}
	var keys callerKeys
	for name, raw := range named {
		c, err := parseCaller(raw)
		if err != nil {
			return nil, err
		}
		c.name = name
		if slices.ContainsFunc(keys, func(other caller) bool { return other.sum == c.sum }) {
			return nil, errSharedKey // which of the two limits would hold?
		}
		keys = append(keys, c)
	}
	return keys, nil
}

// parseCaller is strict: a limit that is misspelled must not become no limit.
func parseCaller(raw json.RawMessage) (caller, error) {
	var plain string
	if json.Unmarshal(raw, &plain) == nil && plain != "" {
		return caller{sum: sha256.Sum256([]byte(plain))}, nil
	}
	var entry struct {
		Key        string `json:"key"`
		SHA256     string `json:"sha256"`
		Scopes     limit  `json:"scopes"`
		Workspaces limit  `json:"workspaces"`
	}
	dec := json.NewDecoder(bytes.NewReader(raw))
	dec.DisallowUnknownFields()
	if dec.Decode(&entry) != nil || (entry.Key == "") == (entry.SHA256 == "") {
		return caller{}, errCallerKeys
	}
	for _, scope := range entry.Scopes.names {
		if !slices.Contains([]string{scopeSend, scopeRead, scopeSettle, scopeCampaign}, scope) {
			return caller{}, errScope
		}
	}
	c := caller{sum: sha256.Sum256([]byte(entry.Key)), scopes: entry.Scopes, workspaces: entry.Workspaces}
	if entry.SHA256 != "" {
		digits, err := hex.DecodeString(entry.SHA256)
		if err != nil || len(digits) != sha256.Size {
			return caller{}, errCallerKeys
		}
		c.sum = [sha256.Size]byte(digits)
	}
	return c, nil
}
