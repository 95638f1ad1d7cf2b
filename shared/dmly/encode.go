package dmly

import (
	"bytes"
	"encoding/json"
	"fmt"
	"maps"
	"slices"
)

// Encode is the body that Send posts: the request's own fields as the reference
// writes them, then its passthrough fields in the order of their names.
func Encode(req Request) ([]byte, error) {
	body, err := encodeWith(req, req.passthrough())
	if err != nil {
		return nil, fmt.Errorf("encode %s request: %w", req.Operation(), err)
	}
	return body, nil
}

// encodeWith writes an object that has at least one field of its own, with further
// fields at its end.
func encodeWith(object any, extra Passthrough) ([]byte, error) {
	var buf bytes.Buffer
	enc := json.NewEncoder(&buf)
	enc.SetEscapeHTML(false)
	if err := enc.Encode(object); err != nil {
		return nil, err
	}
	buf.Truncate(buf.Len() - len("}\n"))
	for _, name := range sortedKeys(extra) {
		quoted, err := json.Marshal(name)
		if err != nil {
			return nil, err
		}
		buf.WriteByte(',')
		buf.Write(quoted)
		buf.WriteByte(':')
		buf.Write(extra[name])
	}
	buf.WriteByte('}')
	return buf.Bytes(), nil
}

func sortedKeys(extra Passthrough) []string { return slices.Sorted(maps.Keys(extra)) }
