// Package campaigns builds what runs campaigns, for the functions that do.
package campaigns

import (
	"crypto/rand"
	"fmt"

	"dmlysender/functions/internal/stack"
	"dmlysender/shared/campaign"
	"dmlysender/shared/campaign/dynamodb"
	"dmlysender/shared/campaign/files/s3"
	"dmlysender/shared/campaign/plan"
	"dmlysender/shared/delivery"
	"dmlysender/shared/message"
)

// Open returns what runs campaigns: with their records in the ledger's table, and their files in the bucket. It is nil if the
// configuration has no such place. The error is one of the function's services, which has to be mended in its code.
func Open(s *stack.Stack, insight stack.Insight) (*campaign.Service, error) {
	if s.Config.AudienceBucket == "" || s.Config.LedgerTable == "" {
		return nil, nil //nolint:nilnil // there are none, which is no error
	}
	standing, ok := s.Sender.Ledger.(campaign.Ledger)
	if !ok {
		return nil, fmt.Errorf("the ledger %T does not tell how campaigns stand", s.Sender.Ledger)
	}
	service := &campaign.Service{
		Store: dynamodb.Open(s.AWS, s.Config.LedgerTable), Files: s3.Open(s.AWS, s.Config.AudienceBucket, ""),
		Ledger: standing, Sender: s.Sender, Queues: s.Queues.For, Backlogs: insight.Backlog, Pace: insight.Pace, Keys: s.Sender.Keys,
		Planner: plan.Planner{Defaults: message.Defaults{Workspace: s.Config.Workspace}},
		Clock:   s.Sender.Clock, NewToken: rand.Text, AccountPerMinute: s.Config.RatePerMinute, Log: s.Log,
	}
	if s.Metrics != nil {
		service.Meter = s.Metrics
	}
	return service, nil
}

var _ campaign.Sender = (*delivery.Sender)(nil)
