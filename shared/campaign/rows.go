package campaign

import (
	"bytes"
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"strconv"

	"dmlysender/shared/message"
)

func (r Record) folder() string { return "campaigns/" + r.ID + "/" + strconv.Itoa(r.Run) + "/" }

func (r Record) planFile() string { return r.folder() + "plan.jsonl" }

func (r Record) problemsFile() string { return r.folder() + "problems.jsonl" }

// maxLine is more than a line of a plan can have.
const maxLine = message.MaxBytes + 4<<10

// planRow is a row of a plan with its message.
type planRow struct {
	Row
	// body is the message's JSON; nil if it was not read.
	body []byte
	// end is where the next row begins.
	end Place
}

// message decodes the row. One that was valid when it was planned and is not any more, to a newer version of this program, is a
// message all the same: whoever delivers it records it as rejected.
func (r planRow) message() message.Message {
	m, err := message.Decode(r.body, message.Defaults{})
	if err != nil {
		return message.Message{ID: r.ID, Priority: message.Bulk}
	}
	return m
}

// fingerprint is that of the message that the row was decoded to, or what stands for it where it is recorded as rejected.
func (r planRow) fingerprint(m message.Message) (string, error) {
	if m.Channel == "" {
		return message.FingerprintOf(r.body), nil
	}
	return m.Fingerprint()
}

// lostError says that a file is not the one that was written.
type lostError string

func (e lostError) Error() string { return string(e) }

// isLost says whether a plan could not be read as it is not there any more, or not as it was written.
func isLost(err error) bool {
	_, damaged := errors.AsType[lostError](err)
	return damaged || errors.Is(err, ErrNoFile)
}

// lines returns the whole lines of a file from a byte on, in up to most bytes. Behind the end there are none.
func (s *Service) lines(ctx context.Context, name string, from, most int64) ([][]byte, error) {
	part, err := s.Files.Range(ctx, name, from, most)
	if err != nil || len(part) == 0 {
		return nil, err
	}
	end := bytes.LastIndexByte(part, '\n')
	if end < 0 {
		return nil, lostError(fmt.Sprintf("%s has no whole line at byte %d: it is not the file that was written", name, from))
	}
	return bytes.Split(part[:end], []byte("\n")), nil
}

// rows returns rows of the plan from one place to another, those that begin within so many bytes.
func (s *Service) rows(ctx context.Context, r Record, from, to Place, most int64) ([]planRow, error) {
	lines, err := s.lines(ctx, r.planFile(), from.Byte, min(max(most, maxLine), to.Byte-from.Byte))
	if err != nil {
		return nil, fmt.Errorf("read the plan of campaign %s: %w", r.ID, err)
	}
	if len(lines) == 0 {
		return nil, lostError(fmt.Sprintf("the plan of campaign %s ends at byte %d, and was longer; cancel the campaign, and start it again", r.ID, from.Byte))
	}
	rows := make([]planRow, len(lines))
	for i, line := range lines {
		var named struct {
			ID string `json:"id"`
		}
		if err := json.Unmarshal(line, &named); err != nil || named.ID == "" {
			return nil, lostError(fmt.Sprintf("the plan of campaign %s is damaged at byte %d; cancel the campaign, and start it again", r.ID, from.Byte))
		}
		next := Place{Byte: from.Byte + int64(len(line)) + 1, Row: from.Row + 1}
		rows[i] = planRow{Row: Row{At: from.Byte, ID: named.ID}, body: line, end: next}
		from = next
	}
	return rows, nil
}

// read reads a row's message, if it was not read before.
func (s *Service) read(ctx context.Context, r Record, row planRow) (planRow, error) {
	if row.body != nil {
		return row, nil
	}
	rows, err := s.rows(ctx, r, Place{Byte: row.At}, r.end(), maxLine)
	if err != nil {
		return planRow{}, err
	}
	return rows[0], nil
}
