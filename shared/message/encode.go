package message

import (
	"bytes"
	"crypto/sha256"
	"encoding/hex"
	"encoding/json"
	"fmt"
	"strings"

	"github.com/go-json-experiment/json/jsontext"

	"dmlysender/shared/dmly"
)

// escape takes out of a message what would not come as it is: SQS does not carry U+FFFE and U+FFFF, and EventBridge
// Scheduler replaces its own keywords by their values. In JSON either can stand only within a string.
// https://docs.aws.amazon.com/scheduler/latest/UserGuide/managing-schedule-context-attributes.html
var escape = strings.NewReplacer("\uFFFE", `\uFFFE`, "\uFFFF", `\uFFFF`, "<aws.", `\u003caws.`)

// Escaped is a JSON text as a queue or a schedule carries it: the same value, and at most twice as long.
func Escaped(text []byte) string { return escape.Replace(string(text)) }

// Encode writes the message as [Decode] reads it. It returns an *[Error] if that would be larger than Decode takes once a queue or a
// schedule has carried it.
func (m Message) Encode() ([]byte, error) {
	var buf bytes.Buffer
	enc := json.NewEncoder(&buf)
	enc.SetEscapeHTML(false)
	if err := enc.Encode(m); err != nil {
		return nil, fmt.Errorf("encode message %s: %w", m.ID, err)
	}
	data := bytes.TrimSuffix(buf.Bytes(), []byte("\n"))
	n := len(data)
	if n > MaxBytes/2 { // or else it fits even if all of it has to be escaped
		n = len(Escaped(data))
	}
	if n > MaxBytes {
		return nil, &Error{ID: m.ID, TooLarge: true, Problems: []Problem{{Detail: fmt.Sprintf("has %d bytes; the limit is %d", n, MaxBytes)}}}
	}
	return data, nil
}

// Fingerprint is a hash of what will be sent: every step's operation and body, but
// not the id, our times or policies. Two messages with one id and different
// fingerprints are a conflict. It survives a restart and a new release as long as
// its version, the first letters, is the same.
func (m Message) Fingerprint() (string, error) {
	h := sha256.New()
	for i := range m.Steps() {
		req := m.Request(i)
		if req == nil {
			return "", fmt.Errorf("fingerprint message %s: step %d is of no operation", m.ID, i)
		}
		body, err := dmly.Encode(req)
		if err != nil {
			return "", err
		}
		// Numbers stay as they are written: canonical ones would be rounded.
		canonical := jsontext.Value(body)
		if err := canonical.Format(jsontext.ReorderRawObjects(true), jsontext.CanonicalizeRawInts(false), jsontext.CanonicalizeRawFloats(false)); err != nil {
			return "", fmt.Errorf("fingerprint message %s: %w", m.ID, err)
		}
		fmt.Fprintf(h, "%s\n%s\n", req.Operation(), canonical)
	}
	return "1:" + hex.EncodeToString(h.Sum(nil)), nil
}

// FingerprintOf is the fingerprint of something that could not be decoded.
func FingerprintOf(data []byte) string {
	sum := sha256.Sum256(data)
	return "raw:" + hex.EncodeToString(sum[:])
}
