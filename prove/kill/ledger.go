package kill

import (
	"context"
	"fmt"
	"slices"
	"strings"
	"time"

	"github.com/aws/aws-sdk-go-v2/aws"
	"github.com/aws/aws-sdk-go-v2/service/dynamodb"
	"github.com/aws/aws-sdk-go-v2/service/dynamodb/types"
)

// The states that a message can have in the ledger, as far as they are named here.
const (
	stateAccepted = "accepted"
	stateSending  = "sending"
	stateSent     = "sent"
	stateRejected = "rejected"
	stateFailed   = "failed"
	stateExpired  = "expired"
	stateCanceled = "cancelled"
	stateUnknown  = "unknown"
)

// The keys of a message's item. What else is in the table is not looked at.
const (
	hashPrefix = "m#"
	rangeKey   = "m"
	// conflictPrefix is how the ledger names a message whose id was another's.
	conflictPrefix = "conflict:"
)

// item is what the ledger says of a message.
type item struct {
	state, reason string
	generation    string
	resent        bool
	history       []string
}

// rests says whether the message is in a final state.
func (i item) rests() bool {
	switch i.state {
	case stateSent, stateRejected, stateFailed, stateExpired, stateCanceled, stateUnknown:
		return true
	}
	return false
}

// leftAlone is the time from the last claim to the last entry of the history; an entry is "2026-12-01T08:00:00.123Z sending 1 a reason".
// It is 0 if the history does not say.
func (i item) leftAlone() time.Duration {
	for n := range slices.Backward(i.history) {
		if at, rest, _ := strings.Cut(i.history[n], " "); strings.HasPrefix(rest, stateSending+" ") {
			last, _, _ := strings.Cut(i.history[len(i.history)-1], " ")
			claimed, err := time.Parse(time.RFC3339, at)
			ended, endErr := time.Parse(time.RFC3339, last)
			if err != nil || endErr != nil {
				return 0
			}
			return ended.Sub(claimed)
		}
	}
	return 0
}

func (i item) String() string {
	if i.state == "" {
		return "nothing"
	}
	return fmt.Sprintf("%s (generation %s, resent %t, reason %q)\n      %s", i.state, i.generation, i.resent, i.reason, strings.Join(i.history, "\n      "))
}

// items are all messages in the ledger, by id.
func (s *stand) items(ctx context.Context) (map[string]item, error) {
	items := map[string]item{}
	pages := dynamodb.NewScanPaginator(s.tables, &dynamodb.ScanInput{TableName: aws.String(s.name), ConsistentRead: aws.Bool(true)})
	for pages.HasMorePages() {
		page, err := pages.NextPage(ctx)
		if err != nil {
			return nil, fmt.Errorf("read the ledger: %w", err)
		}
		for _, attributes := range page.Items {
			if id, ok := strings.CutPrefix(text(attributes["pk"]), hashPrefix); ok && text(attributes["sk"]) == rangeKey {
				items[id] = read(attributes)
			}
		}
	}
	return items, nil
}

// states are where some messages stand at this moment.
func (s *stand) states(ctx context.Context, ids []string) ([]string, error) {
	keys := make([]map[string]types.AttributeValue, len(ids))
	for i, id := range ids {
		keys[i] = map[string]types.AttributeValue{
			"pk": &types.AttributeValueMemberS{Value: hashPrefix + id},
			"sk": &types.AttributeValueMemberS{Value: rangeKey},
		}
	}
	output, err := s.tables.BatchGetItem(ctx, &dynamodb.BatchGetItemInput{
		RequestItems: map[string]types.KeysAndAttributes{s.name: {Keys: keys, ConsistentRead: aws.Bool(true)}},
	})
	if err != nil {
		return nil, fmt.Errorf("read from the ledger: %w", err)
	}
	var states []string
	for _, attributes := range output.Responses[s.name] {
		states = append(states, text(attributes["state"]))
	}
	return states, nil
}

func read(attributes map[string]types.AttributeValue) item {
	i := item{state: text(attributes["state"]), reason: text(attributes["reason"])}
	if generation, ok := attributes["generation"].(*types.AttributeValueMemberN); ok {
		i.generation = generation.Value
	}
	if resent, ok := attributes["resent"].(*types.AttributeValueMemberBOOL); ok {
		i.resent = resent.Value
	}
	if history, ok := attributes["history"].(*types.AttributeValueMemberL); ok {
		for _, line := range history.Value {
			i.history = append(i.history, text(line))
		}
	}
	return i
}

func text(value types.AttributeValue) string {
	if s, ok := value.(*types.AttributeValueMemberS); ok {
		return s.Value
	}
	return ""
}
