package plan

import (
	"bufio"
	"context"
	"crypto/sha256"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"strings"
	"unicode/utf8"

	"dmlysender/shared/campaign/audience"
	"dmlysender/shared/message"
)

// AudienceError says that the whole audience cannot be used, in a sentence for the user.
type AudienceError = audience.Error

// Summary is what became of an audience: Rows = Good + Bad + Duplicates.
type Summary struct {
	Rows       int `json:"rows"`
	Good       int `json:"good"`
	Bad        int `json:"bad"`
	Duplicates int `json:"duplicates"`
	// ByChannel counts the good ones.
	ByChannel map[string]int `json:"byChannel"`
	// Bytes is how long the plan is.
	Bytes int64 `json:"bytes"`
	// First are the first 100 problems, in the order of the rows, duplicates among them.
	First []Problem `json:"first,omitempty"`
}

// Problem says why a row gets no message of its own.
type Problem struct {
	// Line is where the row begins; the file's first line is 1.
	Line int `json:"line"`
	// Reason is for the user. It shows no more of the row than the errors of package message do.
	Reason string `json:"reason"`
	// Pointer is where in the message the problem is, a JSON Pointer; empty if it is the row as such.
	Pointer string `json:"pointer,omitempty"`
	// Duplicate says that the row is right, and an earlier one has its recipient.
	Duplicate bool `json:"duplicate,omitempty"`
}

// maxFirst is how many problems a Summary shows.
const maxFirst = 100

// Planner turns an audience into a plan. Its zero value is ready. It is safe for concurrent use.
type Planner struct {
	// Defaults are those of all messages.
	Defaults message.Defaults
	// Limits are those of the audience.
	Limits audience.Limits
}

// Plan reads the audience once, as a stream: one in the format of the campaign's file, or JSONL if its rows are inline.
//
// plan gets the message of each good row as JSON, one a line: it is valid, has its id ([ID]) and its lane, and is for a
// recipient that no earlier row was for. problems, which may be nil, gets the [Problem] of each row that is bad or a
// duplicate as JSON, one a line.
//
// The error is an *[AudienceError] if the whole audience cannot be used for this message; a *[message.Error] if the
// campaign is none that [Decode] returns; and otherwise says that the context ended, or that the audience could not be
// read, or the plan not written. What was written then is of no use.
func (p Planner) Plan(ctx context.Context, d Definition, from io.Reader, plan, problems io.Writer) (Summary, error) {
	t, wrong := compile(d.Message)
	if len(wrong) > 0 {
		return Summary{}, &message.Error{Problems: below("/message", wrong)}
	}
	if d.ID == "" || !ValidID(d.ID) {
		return Summary{}, invalid("/id", notAnID)
	}
	if p.Defaults.Workspace == "" && !t.hasWorkspace {
		return Summary{}, &AudienceError{Reason: `the message has no workspace, and there is no default one; add "workspace": {"id": "…"} to it`}
	}
	if !utf8.ValidString(p.Defaults.Workspace) {
		return Summary{}, &AudienceError{Reason: "the default workspace is not valid UTF-8; set it anew, or name one in the message"}
	}
	format := audience.JSONL
	if d.Audience.File != "" {
		format, _ = audience.FormatOf(d.Audience.File)
	}
	rows, err := audience.NewReader(from, format, t.names, p.Limits)
	if err != nil {
		return Summary{}, err
	}
	renderer, err := t.renderer(p.Defaults)
	if err != nil {
		return Summary{}, err
	}
	pass := &pass{
		campaign: d.ID, template: t, renderer: renderer,
		plan: bufio.NewWriterSize(plan, writeBytes), summary: Summary{ByChannel: map[string]int{}},
	}
	if problems != nil {
		pass.problems = bufio.NewWriterSize(problems, writeBytes)
	}
	err = pass.all(ctx, rows)
	return pass.summary, err
}

// writeBytes is how much is written at once.
const writeBytes = 64 << 10

// pass is one reading of an audience.
type pass struct {
	campaign string
	template *template
	renderer *renderer
	seen     seen
	plan     *bufio.Writer
	line     []byte
	problems *bufio.Writer // may be nil
	summary  Summary
}

func (p *pass) all(ctx context.Context, rows *audience.Reader) error {
	for {
		if err := ctx.Err(); err != nil {
			return fmt.Errorf("plan campaign %s: %w", p.campaign, err)
		}
		row, err := rows.Next()
		if errors.Is(err, io.EOF) {
			break
		}
		if bad, ok := errors.AsType[*audience.RowError](err); ok {
			err = p.problem(p.unreadable(bad))
		} else if err == nil {
			err = p.one(row)
		}
		if err != nil {
			return err
		}
	}
	if err := p.plan.Flush(); err != nil {
		return fmt.Errorf("write the plan of campaign %s: %w", p.campaign, err)
	}
	if p.problems != nil {
		if err := p.problems.Flush(); err != nil {
			return fmt.Errorf("write the problems of campaign %s: %w", p.campaign, err)
		}
	}
	return nil
}

// one plans a row's message. The error is that it could not be written.
func (p *pass) one(row *audience.Row) error {
	for i, v := range row.Values {
		if v == nil {
			name := p.template.names[i]
			return p.problem(Problem{Line: row.Line, Pointer: p.template.pointers[i], Reason: fmt.Sprintf("has no value for {{%s}}", name)})
		}
	}
	text, err := p.renderer.render(row.Values)
	if err != nil {
		return p.problem(invalidRow(row.Line, err))
	}
	m, err := message.Decode(text, message.Defaults{})
	if err != nil {
		return p.problem(invalidRow(row.Line, err))
	}
	hash := identity(m)
	if err := p.encode(text, m, &hash); err != nil {
		return p.problem(invalidRow(row.Line, err))
	}
	if !p.seen.add(&hash) {
		return p.problem(Problem{Line: row.Line, Reason: "has the recipient of an earlier row", Duplicate: true})
	}
	n, err := p.plan.Write(p.line)
	if err != nil {
		return fmt.Errorf("write the plan of campaign %s: %w", p.campaign, err)
	}
	p.summary.Rows++
	p.summary.Good++
	p.summary.ByChannel[string(m.Channel)]++
	p.summary.Bytes += int64(n)
	return nil
}

// encode makes the line of a message that was rendered so, which has all but its id. It returns what [message.Message.Encode]
// does.
func (p *pass) encode(text []byte, m message.Message, hash *[sha256.Size]byte) error {
	const before = `{"id":"`
	p.line = appendID(append(p.line[:0], before...), p.campaign, hash)
	id := p.line[len(before):]
	if escaped := 2 * (len(p.line) + len(text)); escaped > message.MaxBytes { // it may be too long for whoever encodes it again
		m.ID = string(id)
		line, err := m.Encode()
		p.line = append(append(p.line[:0], line...), '\n')
		return err
	}
	p.line = append(p.line, `",`...)
	p.line = append(append(p.line, text[len("{"):]...), '\n')
	return nil
}

// invalidRow says why a row's message is none.
func invalidRow(line int, err error) Problem {
	found, ok := errors.AsType[*message.Error](err)
	if !ok {
		return Problem{Line: line, Reason: fmt.Sprintf("makes a message of more than %d bytes, which is the limit", message.MaxBytes)}
	}
	const told = 3
	var reason strings.Builder
	reason.WriteString(found.Problems[0].Detail)
	for i, further := range found.Problems[1:] {
		if i+1 == told {
			fmt.Fprintf(&reason, "; and %d more problems", len(found.Problems)-told)
			break
		}
		reason.WriteString("; " + further.String())
	}
	return Problem{Line: line, Pointer: found.Problems[0].Pointer, Reason: reason.String()}
}

func (p *pass) unreadable(bad *audience.RowError) Problem {
	problem := Problem{Line: bad.Line, Reason: bad.Reason}
	for i, name := range p.template.names {
		if name == bad.Name {
			problem.Pointer = p.template.pointers[i]
		}
	}
	return problem
}

// problem counts and reports a row. The error is that it could not be written.
func (p *pass) problem(found Problem) error {
	p.summary.Rows++
	if found.Duplicate {
		p.summary.Duplicates++
	} else {
		p.summary.Bad++
	}
	if len(p.summary.First) < maxFirst {
		p.summary.First = append(p.summary.First, found)
	}
	if p.problems == nil {
		return nil
	}
	line, err := json.Marshal(found)
	if err == nil {
		_, err = p.problems.Write(append(line, '\n'))
	}
	if err != nil {
		return fmt.Errorf("write the problems of campaign %s: %w", p.campaign, err)
	}
	return nil
}

// below puts the pointers of problems below a place.
func below(at string, problems []message.Problem) []message.Problem {
	for i := range problems {
		problems[i].Pointer = at + problems[i].Pointer
	}
	return problems
}
