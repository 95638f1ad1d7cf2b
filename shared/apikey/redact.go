package apikey

import (
	"encoding/json"
	"fmt"
	"io"
	"log/slog"
)

// redacted is what stands for keys wherever they are printed.
const redacted = "[redacted]"

// String returns a text that tells the account and nothing of the key.
func (k Key) String() string {
	if k.secret == nil {
		return "no API key"
	}
	return fmt.Sprintf("API key of %s %s", k.Account, redacted)
}

// Format writes String, whatever the verb: %x and %#v would otherwise reach the fields.
func (k Key) Format(f fmt.State, _ rune) { _, _ = io.WriteString(f, k.String()) }

// LogValue makes log/slog write String.
func (k Key) LogValue() slog.Value { return slog.StringValue(k.String()) }

// MarshalJSON writes String as a JSON string.
func (k Key) MarshalJSON() ([]byte, error) { return json.Marshal(k.String()) }

// String returns a text that tells how many keys there are and nothing of them.
func (k Keys) String() string {
	if k.parsed == nil {
		return "no API keys"
	}
	n := len(k.parsed.workspaces)
	if k.parsed.fallback.secret != nil {
		n++
	}
	return fmt.Sprintf("%d API key(s) %s", n, redacted)
}

// Format writes String, whatever the verb.
func (k Keys) Format(f fmt.State, _ rune) { _, _ = io.WriteString(f, k.String()) }

// LogValue makes log/slog write String.
func (k Keys) LogValue() slog.Value { return slog.StringValue(k.String()) }

// MarshalJSON writes String as a JSON string.
func (k Keys) MarshalJSON() ([]byte, error) { return json.Marshal(k.String()) }
