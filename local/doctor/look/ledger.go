package look

import (
	"context"
	"strings"
	"time"

	"dmlysender/local/doctor/diagnosis"
	"dmlysender/shared/campaign"
	campaigns "dmlysender/shared/campaign/dynamodb"
	"dmlysender/shared/delivery"
	"dmlysender/shared/ledger/dynamodb"
)

const (
	pageSize = 100
	// maxCounted is how many messages of each state are counted.
	maxCounted = 1000
	// stillAfter is how long a campaign that is not worked on each minute may still be planned, or wait behind others.
	stillAfter = 15 * time.Minute
)

// attention are the states to look for, the most urgent first.
var attention = []delivery.State{delivery.Unknown, delivery.Failed, delivery.Rejected}

func (l *looker) readProblems(ctx context.Context) {
	table := l.stack.resources["LedgerTable"]
	ledger := dynamodb.Open(l.cfg, table)
	for _, state := range attention {
		of := diagnosis.Problems{State: string(state)}
		cursor := ""
		for {
			items, next, err := ledger.Problems(ctx, state, pageSize, cursor, l.facts.At)
			if err != nil {
				l.unseen(ctx, "the messages that need a person", "dynamodb:Query", table+"/index/attention", err)
				return
			}
			if of.N == 0 && len(items) > 0 {
				of.Oldest = items[0].Place().Since
			}
			of.N += len(items)
			if of.More = next != "" && of.N >= maxCounted; next == "" || of.More {
				break
			}
			cursor = next
		}
		l.facts.Problems = append(l.facts.Problems, of)
	}
}

func (l *looker) readCampaigns(ctx context.Context) {
	table := l.stack.resources["LedgerTable"]
	store := campaigns.Open(l.cfg, table)
	ids, err := store.Active(ctx)
	if err != nil {
		l.unseen(ctx, "the campaigns", "dynamodb:Query", table+"/index/attention", err)
		return
	}
	c := &diagnosis.Campaigns{}
	for _, id := range ids {
		r, found, err := store.Get(ctx, id, l.facts.At)
		if err != nil {
			l.unseen(ctx, "the campaign "+id, "dynamodb:GetItem", table, err)
			continue
		}
		if found && r.Active() {
			sort(c, r, l.facts.At)
		}
	}
	l.facts.Campaigns = c
}

// sort puts a campaign where it belongs.
func sort(c *diagnosis.Campaigns, r campaign.Record, now time.Time) {
	c.N++
	as := diagnosis.Campaign{ID: r.ID, Reason: r.Reason, Worked: worked(r)}
	if now.Sub(as.Worked) > stillAfter {
		c.Stuck = append(c.Stuck, as)
	}
	switch {
	case r.State != campaign.Paused:
	case strings.HasPrefix(r.Reason, "paused by "): // as campaign.Service.Pause writes it
		c.PausedByHand++
	default:
		c.Paused = append(c.Paused, as)
	}
}

// worked is when somebody worked on the campaign last: each time, it is written down how much has come to rest.
func worked(r campaign.Record) time.Time {
	last := latest(&r.StartedAt, &r.PlannedAt, &r.FedAt, &r.Lease)
	for _, m := range r.Marks {
		last = latest(&last, &m.At)
	}
	return last
}
