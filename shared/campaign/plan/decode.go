package plan

import (
	"bytes"
	"encoding/json"
	"fmt"
	"io/fs"
	"math"
	"slices"
	"strings"

	"github.com/go-json-experiment/json/jsontext"

	"dmlysender/shared/campaign/audience"
	"dmlysender/shared/message"
)

const notAnID = "is not a campaign's id: 1 to 64 of A-Z a-z 0-9 _ -"

// ValidID reports whether s can be a campaign's id.
func ValidID(s string) bool {
	return s != "" && len(s) <= MaxID && !strings.ContainsFunc(s, func(r rune) bool {
		return (r < 'a' || r > 'z') && (r < 'A' || r > 'Z') && (r < '0' || r > '9') && r != '_' && r != '-'
	})
}

// Decode reads a campaign. It returns an *[message.Error] that names every problem of its fields and of the message as such,
// whatever its rows say, or a campaign with its defaults.
func Decode(raw []byte) (Definition, error) {
	if len(raw) > MaxBytes {
		e := invalid("", "has %d bytes; the limit is %d", len(raw), MaxBytes)
		e.TooLarge = true
		return Definition{}, e
	}
	// What names inline rows have twice is those rows' problem.
	root := jsontext.Value(bytes.TrimSpace(raw))
	if !root.IsValid(jsontext.AllowDuplicateNames(true)) {
		return Definition{}, &message.Error{Malformed: true, Problems: []message.Problem{explain(root.Format(jsontext.AllowDuplicateNames(true)))}}
	}
	if root.Kind() != '{' {
		return Definition{}, &message.Error{Malformed: true, Problems: []message.Problem{{Detail: `is not a JSON object, such as {"id": …, "audience": …, "message": …}`}}}
	}
	d := Definition{Ramp: Ramp{Growth: defaultGrowth, MaxRejectedPercent: defaultMaxRejectedPercent, MaxUnknown: defaultMaxUnknown}}
	var r reader
	r.definition(&d, root)
	if len(r.problems) > 0 {
		return Definition{}, &message.Error{Problems: r.problems}
	}
	return d, nil
}

// reader reads the fields of a campaign and gathers what is wrong with them.
type reader struct{ problems []message.Problem }

func (r *reader) add(at, format string, args ...any) {
	const most = 100
	if len(r.problems) < most {
		r.problems = append(r.problems, message.Problem{Pointer: at, Detail: fmt.Sprintf(format, args...)})
	}
}

func (r *reader) definition(d *Definition, v jsontext.Value) {
	r.object("", v, []string{"id", "audience", "message"}, map[string]func(at string, v jsontext.Value){
		"id": func(at string, v jsontext.Value) {
			if d.ID = r.text(at, v); v.Kind() == '"' && !ValidID(d.ID) {
				r.add(at, notAnID)
			}
		},
		"audience": func(at string, v jsontext.Value) { d.Audience = r.source(at, v) },
		"message":  func(at string, v jsontext.Value) { d.Message = r.message(at, v) },
		"ratePerMinute": func(at string, v jsontext.Value) {
			d.RatePerMinute = int(r.number(at, v, 1, 1_000_000, true))
		},
		"ramp": func(at string, v jsontext.Value) { r.ramp(&d.Ramp, at, v) },
	})
}

func (r *reader) source(at string, v jsontext.Value) (s Source) {
	hasRows := false
	ok := r.object(at, v, nil, map[string]func(at string, v jsontext.Value){
		"file": func(at string, v jsontext.Value) {
			s.File = r.text(at, v)
			_, known := audience.FormatOf(s.File)
			switch {
			case v.Kind() != '"':
			case !fs.ValidPath(s.File) || s.File == "." || strings.ContainsAny(s.File, "\\\x00"):
				r.add(at, "is not a name below the folder of the audiences, such as 2026/spring.csv")
			case !known:
				r.add(at, "does not end in %s", strings.Join(audience.Extensions, ", "))
			}
		},
		"rows": func(at string, v jsontext.Value) {
			hasRows = true
			s.Rows = r.rows(at, v)
		},
	})
	if ok && hasRows == (s.File != "") && !r.reported(at) {
		r.add(at, `has to be either {"file": "spring.csv"} or {"rows": [{"phone": "+15551234567"}, …]}`)
	}
	return s
}

func (r *reader) rows(at string, v jsontext.Value) (rows []json.RawMessage) {
	if v.Kind() != '[' {
		r.add(at, "is %s; it must be a list", kindOf(v))
		return nil
	}
	dec := jsontext.NewDecoder(bytes.NewReader(v), jsontext.AllowDuplicateNames(true))
	_, err := dec.ReadToken()
	for err == nil && dec.PeekKind() != ']' {
		var row jsontext.Value
		if row, err = dec.ReadValue(); err == nil {
			rows = append(rows, json.RawMessage(row.Clone()))
		}
	}
	if len(rows) == 0 {
		r.add(at, "has no rows; put one recipient in each")
	}
	return rows
}

func (r *reader) message(at string, v jsontext.Value) json.RawMessage {
	if v.Kind() != '{' {
		r.add(at, "is %s; it must be an object", kindOf(v))
		return nil
	}
	_, problems := compile(v)
	for _, p := range below(at, problems) {
		r.add(p.Pointer, "%s", p.Detail)
	}
	return json.RawMessage(v.Clone())
}

func (r *reader) ramp(ramp *Ramp, at string, v jsontext.Value) {
	const percent = 100
	r.object(at, v, nil, map[string]func(at string, v jsontext.Value){
		"canary":             func(at string, v jsontext.Value) { ramp.Canary = int(r.number(at, v, 0, 1_000_000, true)) },
		"growth":             func(at string, v jsontext.Value) { ramp.Growth = r.number(at, v, 1, percent, false) },
		"maxRejectedPercent": func(at string, v jsontext.Value) { ramp.MaxRejectedPercent = int(r.number(at, v, 1, percent, true)) },
		"maxUnknown":         func(at string, v jsontext.Value) { ramp.MaxUnknown = int(r.number(at, v, 1, percent, true)) },
	})
}

// object calls what belongs to each member of v, and reports whether v is an object.
func (r *reader) object(at string, v jsontext.Value, required []string, members map[string]func(at string, v jsontext.Value)) bool {
	if v.Kind() != '{' {
		r.add(at, "is %s; it must be an object", kindOf(v))
		return false
	}
	var seen []string
	dec := jsontext.NewDecoder(bytes.NewReader(v), jsontext.AllowDuplicateNames(true))
	_, err := dec.ReadToken()
	for err == nil && dec.PeekKind() == '"' {
		var token jsontext.Token
		var value jsontext.Value
		if token, err = dec.ReadToken(); err != nil {
			break // Decode has read all of it before
		}
		name := token.String()
		if value, err = dec.ReadValue(); err != nil {
			break
		}
		place := string(jsontext.Pointer(at).AppendToken(name))
		member, known := members[name]
		switch {
		case !known:
			r.add(place, "unknown field; there is %s", strings.Join(sortedNames(members), ", "))
		case slices.Contains(seen, name):
			r.add(place, "is there twice")
		default:
			member(place, value.Clone())
		}
		seen = append(seen, name)
	}
	for _, name := range required {
		if !slices.Contains(seen, name) {
			r.add(at+"/"+name, "is required")
		}
	}
	return true
}

func sortedNames(members map[string]func(at string, v jsontext.Value)) []string {
	names := make([]string, 0, len(members))
	for name := range members {
		names = append(names, name)
	}
	slices.Sort(names)
	return names
}

func (r *reader) reported(at string) bool {
	return slices.ContainsFunc(r.problems, func(p message.Problem) bool {
		return p.Pointer == at || strings.HasPrefix(p.Pointer, at+"/")
	})
}

func (r *reader) text(at string, v jsontext.Value) string {
	if v.Kind() != '"' {
		r.add(at, "is %s; it must be a string", kindOf(v))
		return ""
	}
	text, err := jsontext.AppendUnquote(nil, v)
	if err != nil {
		r.add(at, "cannot be read")
	}
	return string(text)
}

func (r *reader) number(at string, v jsontext.Value, least, most float64, whole bool) float64 {
	var n float64
	if v.Kind() != '0' || json.Unmarshal(v, &n) != nil {
		r.add(at, "is %s; it must be a number from %v to %.0f", kindOf(v), least, most)
		return 0
	}
	if n < least || n > most || whole && n != math.Trunc(n) {
		kind := "number"
		if whole {
			kind = "whole number"
		}
		r.add(at, "has to be a %s from %.0f to %.0f", kind, least, most)
	}
	return n
}

func kindOf(v jsontext.Value) string {
	switch v.Kind() {
	case 'n':
		return "null"
	case 't', 'f':
		return "a boolean"
	case '"':
		return "a string"
	case '0':
		return "a number"
	case '{':
		return "an object"
	default:
		return "a list"
	}
}
