package campaign

import (
	"context"
	"time"

	"dmlysender/shared/delivery"
)

// Ledger tells how the messages of a campaign stand. What it says is never behind the ledger that they are written to. It is
// safe for concurrent use.
type Ledger interface {
	// Counts says how many messages of the campaign stand in each state, exactly, leaving out those whose ForgetAt has passed
	// at now. A state in which there is none is not in it.
	Counts(ctx context.Context, campaign string, now time.Time) (map[delivery.State]int, error)
	// States looks up messages by their ids. Those that are not there, or are forgotten at now, are not in the answer. Of the
	// others it has the state, generation, fingerprints, history, revision and what has taken it back, and perhaps more.
	States(ctx context.Context, ids []string, now time.Time) (map[string]delivery.Item, error)
}
