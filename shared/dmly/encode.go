package dmly

import (
	"bytes"
	"encoding/json"
	"fmt"
	"maps"
	"reflect"
	"slices"
	"strings"
)

// Encode is the body that Send posts: the request's own fields as the reference
// writes them, then its passthrough fields in the order of their names. What passthrough
// has for one of the request's own objects stands at the end of that.
func Encode(req Request) ([]byte, error) {
	beside, within := split(req)
	body, err := encodeWith(req, beside)
	if err == nil && len(within) > 0 {
		body, err = mergeWithin(body, within)
	}
	if err != nil {
		return nil, fmt.Errorf("encode %s request: %w", req.Operation(), err)
	}
	return body, nil
}

// holders are the objects of requests that may have further fields, with the one that each has.
var holders = map[string]string{"workspace": "id", "contact": "id", "recipient": "phoneNumber"}

// split tells what stands beside the request's own fields from what stands within one of its objects.
func split(req Request) (beside, within Passthrough) {
	p := req.passthrough()
	for name := range holders {
		if value := bytes.TrimSpace(p[name]); !bytes.HasPrefix(value, []byte("{")) || !has(req, name) {
			continue
		}
		if within == nil {
			beside, within = maps.Clone(p), Passthrough{}
		}
		within[name] = p[name]
		delete(beside, name)
	}
	if within == nil {
		return p, nil
	}
	return beside, within
}

// has says whether a request has one of its objects.
func has(req Request, object string) bool {
	v := reflect.ValueOf(req)
	for i := range v.NumField() {
		if own, _, _ := strings.Cut(v.Type().Field(i).Tag.Get("json"), ","); own == object {
			return !v.Field(i).IsZero()
		}
	}
	return false
}

// mergeWithin adds fields to objects that stand in an object.
func mergeWithin(body []byte, within Passthrough) ([]byte, error) {
	dec := json.NewDecoder(bytes.NewReader(body))
	if _, err := dec.Token(); err != nil {
		return nil, err
	}
	var merged bytes.Buffer
	for dec.More() {
		name, err := dec.Token()
		if err != nil {
			return nil, err
		}
		var value json.RawMessage
		if err := dec.Decode(&value); err != nil {
			return nil, err
		}
		quoted, err := encodePlain(name)
		if err != nil {
			return nil, err
		}
		separator := byte(',')
		if merged.Len() == 0 {
			separator = '{'
		}
		merged.WriteByte(separator)
		merged.Write(quoted)
		merged.WriteByte(':')
		further := bytes.TrimSpace(within[fmt.Sprint(name)])
		if members := bytes.TrimSpace(bytes.TrimPrefix(further, []byte("{"))); len(members) > len("}") {
			merged.Write(value[:len(value)-len("}")])
			merged.WriteByte(',')
			merged.Write(members)
			continue
		}
		merged.Write(value)
	}
	merged.WriteByte('}')
	return merged.Bytes(), nil
}

// encodeWith writes an object that has at least one field of its own, with further
// fields at its end.
func encodeWith(object any, extra Passthrough) ([]byte, error) {
	own, err := encodePlain(object)
	if err != nil {
		return nil, err
	}
	buf := bytes.NewBuffer(bytes.TrimSuffix(own, []byte("}")))
	for _, name := range sortedKeys(extra) {
		quoted, err := encodePlain(name)
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

// encodePlain is [json.Marshal] that leaves <, > and & as they are.
func encodePlain(v any) ([]byte, error) {
	var buf bytes.Buffer
	enc := json.NewEncoder(&buf)
	enc.SetEscapeHTML(false)
	if err := enc.Encode(v); err != nil {
		return nil, err
	}
	return bytes.TrimSuffix(buf.Bytes(), []byte("\n")), nil
}

func sortedKeys(extra Passthrough) []string { return slices.Sorted(maps.Keys(extra)) }
