package plan

import (
	"bytes"
	"encoding/json"
	"fmt"
	"io"
	"strings"

	"dmlysender/shared/message"
)

// Limits and defaults of a campaign.
const (
	// MaxBytes is how large a campaign's JSON may be, its inline rows included. It comes to the function as a string within JSON, in which
	// each quotation mark takes two bytes: even of nothing else, Lambda's 6 MB are enough for it and the rest of its event.
	MaxBytes = 3<<20 - 64<<10
	// MaxID is how long a campaign's id may be.
	MaxID = 64

	defaultGrowth             = 2
	defaultMaxRejectedPercent = 20
	defaultMaxUnknown         = 5
)

// Definition is a campaign as users write it. Make one with [Decode].
type Definition struct {
	// ID is the user's name for the campaign: 1 to 64 of A-Z a-z 0-9 _ -
	ID       string `json:"id"`
	Audience Source `json:"audience"`
	// Message is a message without id, as message.Decode takes it but for the {{placeholders}} in its strings. Its
	// priority is bulk if it does not say.
	Message json.RawMessage `json:"message"`
	// RatePerMinute is how many messages go out a minute at most; 0 is the account's rate.
	RatePerMinute int  `json:"ratePerMinute,omitempty"`
	Ramp          Ramp `json:"ramp"`
}

// Source is where a campaign's rows are: exactly one of File and Rows.
type Source struct {
	// File is a name below the folder or prefix of the audiences, with slashes, that ends in .csv, .jsonl, .csv.gz or
	// .jsonl.gz.
	File string `json:"file,omitempty"`
	// Rows are the rows themselves: JSON objects of strings, numbers and booleans.
	Rows []json.RawMessage `json:"rows,omitempty"`
}

// Ramp is how carefully a campaign begins, and what makes it pause by itself.
type Ramp struct {
	// Canary is how many messages go first, and have to rest before others follow; 0 is no canary.
	Canary int `json:"canary,omitempty"`
	// Growth is how many times the step before each step is, 1 to 100; default 2.
	Growth float64 `json:"growth"`
	// MaxRejectedPercent of the last 100 that have come to rest may be rejected, 1 to 100; default 20.
	MaxRejectedPercent int `json:"maxRejectedPercent"`
	// MaxUnknown of the last 100 may be unknown, 1 to 100; default 5.
	MaxUnknown int `json:"maxUnknown"`
}

// Workspace is the one that the message names, empty if it names none. perRow says that it has a placeholder, so that each
// row names its own.
func (d Definition) Workspace() (id string, perRow bool) {
	var m struct {
		Workspace struct {
			ID string `json:"id"`
		} `json:"workspace"`
	}
	_ = json.Unmarshal(d.Message, &m) // what is not a message has none
	return m.Workspace.ID, strings.Contains(m.Workspace.ID, opening)
}

// Times has the message's sendAt, expiresAt and deliverWithin, as far as they are the same in each row, and nothing else.
func (d Definition) Times() message.Message {
	t, wrong := compile(d.Message)
	if len(wrong) > 0 {
		return message.Message{}
	}
	return t.times
}

// Encode writes the campaign as [Decode] reads it, with its defaults. Equal campaigns become equal bytes, whatever blanks
// they were written with.
func (d Definition) Encode() ([]byte, error) {
	var buf bytes.Buffer
	enc := json.NewEncoder(&buf)
	enc.SetEscapeHTML(false)
	if err := enc.Encode(d); err != nil { // which also compacts what is raw
		return nil, fmt.Errorf("encode campaign %s: %w", d.ID, err)
	}
	return bytes.TrimSuffix(buf.Bytes(), []byte("\n")), nil
}

// WriteRows writes the inline rows as JSONL, for [Planner.Plan].
func (s Source) WriteRows(w io.Writer) error {
	var line bytes.Buffer
	for i, row := range s.Rows {
		line.Reset()
		if err := json.Compact(&line, row); err != nil {
			return fmt.Errorf("write row %d: %w", i, err)
		}
		line.WriteByte('\n')
		if _, err := w.Write(line.Bytes()); err != nil {
			return fmt.Errorf("write row %d: %w", i, err)
		}
	}
	return nil
}

// invalid is a definition's error with one problem.
func invalid(pointer, format string, args ...any) *message.Error {
	return &message.Error{Problems: []message.Problem{{Pointer: pointer, Detail: fmt.Sprintf(format, args...)}}}
}
