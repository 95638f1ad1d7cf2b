package sqs

import (
	"context"
	"fmt"
	"strconv"

	sdk "github.com/aws/aws-sdk-go-v2/service/sqs"
	"github.com/aws/aws-sdk-go-v2/service/sqs/types"
)

const lookingRights = "the function's role sqs:GetQueueAttributes on the queue"

// Depth implements [delivery.Backlog], in one call. It is what is visible and what is hidden since it was received, as
// SQS counts them, which may take a minute to be right. A record that was postponed is one of the latter, whether for a
// second or for hours; what was put on the queue with a delay does not count before it is over.
//
// The error matches [ErrQueueNotFound] or [ErrAccessDenied] where one applies.
func (q *Queue) Depth(ctx context.Context) (int, error) {
	counts := []types.QueueAttributeName{
		types.QueueAttributeNameApproximateNumberOfMessages, types.QueueAttributeNameApproximateNumberOfMessagesNotVisible,
	}
	output, err := q.client.GetQueueAttributes(ctx, &sdk.GetQueueAttributesInput{QueueUrl: q.url, AttributeNames: counts})
	if err != nil {
		return 0, q.uncounted(explain(ctx, err, lookingRights))
	}
	depth := 0
	for _, name := range counts {
		n, err := strconv.Atoi(output.Attributes[string(name)])
		if err != nil {
			return 0, q.uncounted(fmt.Errorf("SQS answered %q as its %s", output.Attributes[string(name)], name))
		}
		depth += n
	}
	return depth, nil
}

func (q *Queue) uncounted(err error) error {
	return fmt.Errorf("count the records of the SQS queue %s in %s: %w", q.Name(), q.region, err)
}
