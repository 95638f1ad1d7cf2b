package schema_test

import (
	"encoding/json"
	"testing"

	"pgregory.net/rapid"

	"dmlysender/shared/dmly"
	"dmlysender/shared/message"
)

// tally counts what was drawn, so that a test that only ever draws nonsense fails.
type tally struct{ taken, refused int }

func (c *tally) check(t *rapid.T, j judges, op dmly.Operation, body map[string]any) {
	text, err := json.Marshal(body)
	if err != nil {
		t.Fatal(err)
	}
	got := j.of(t, op, string(text))
	if !got.agreed() {
		t.Fatalf("%s\n schema: %v\ndecoder: %v", text, got.schema, got.decoder)
	}
	if got.decoder == nil {
		c.taken++
	} else {
		c.refused++
	}
}

func (c *tally) mustBeMixed(t *testing.T) {
	t.Helper()
	if all := c.taken + c.refused; c.taken < all/50 || c.refused < all/50 {
		t.Errorf("%d were taken and %d refused: too few of one kind", c.taken, c.refused)
	}
}

func TestBothJudgesAgreeOnAnyMessage(t *testing.T) {
	t.Parallel()
	for _, defaults := range []message.Defaults{{}, ofTheStack} {
		j := newJudges(t, defaults)
		for _, op := range dmly.Operations() {
			t.Run(string(op)+defaults.Workspace, func(t *testing.T) {
				t.Parallel()
				var seen tally
				rapid.Check(t, func(t *rapid.T) { seen.check(t, j, "", drawMessage(t, op)) })
				seen.mustBeMixed(t)
			})
		}
	}
}

func TestBothJudgesAgreeOnAnyRequest(t *testing.T) {
	t.Parallel()
	for _, defaults := range []message.Defaults{{}, ofTheStack} {
		j := newJudges(t, defaults)
		for _, op := range dmly.Operations() {
			t.Run(string(op)+defaults.Workspace, func(t *testing.T) {
				t.Parallel()
				var seen tally
				rapid.Check(t, func(t *rapid.T) { seen.check(t, j, op, drawRequest(t, op)) })
				seen.mustBeMixed(t)
			})
		}
	}
}
