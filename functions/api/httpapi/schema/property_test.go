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
	agreeOnAll(t, func(t *rapid.T, c *tally, j judges, op dmly.Operation) { c.check(t, j, "", drawMessage(t, op)) })
}

func TestBothJudgesAgreeOnAnyRequest(t *testing.T) {
	t.Parallel()
	agreeOnAll(t, func(t *rapid.T, c *tally, j judges, op dmly.Operation) { c.check(t, j, op, drawRequest(t, op)) })
}

// agreeOnAll has the judges of a stack with and without a workspace compared on what is drawn for each operation.
func agreeOnAll(t *testing.T, compare func(*rapid.T, *tally, judges, dmly.Operation)) {
	t.Helper()
	for _, defaults := range []message.Defaults{{}, ofTheStack} {
		j := newJudges(t, defaults)
		for _, op := range dmly.Operations() {
			t.Run(string(op)+defaults.Workspace, func(t *testing.T) {
				t.Parallel()
				var seen tally
				rapid.Check(t, func(t *rapid.T) { compare(t, &seen, j, op) })
				seen.mustBeMixed(t)
			})
		}
	}
}
