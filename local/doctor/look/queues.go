package look

import (
	"context"
	"path"
	"strconv"
	"strings"

	"github.com/aws/aws-sdk-go-v2/aws"
	sdk "github.com/aws/aws-sdk-go-v2/service/sqs"
	"github.com/aws/aws-sdk-go-v2/service/sqs/types"

	"dmlysender/local/doctor/diagnosis"
)

func (l *looker) readQueues(ctx context.Context) {
	client := sdk.NewFromConfig(l.cfg)
	for _, q := range queues {
		l.readQueue(ctx, client, diagnosis.Queue{Role: q.role, URL: l.stack.resources[q.id]})
		l.readQueue(ctx, client, diagnosis.Queue{Role: q.role, Dead: true, URL: l.stack.resources[q.dead]})
	}
	l.readQueue(ctx, client, diagnosis.Queue{Role: "schedule", Dead: true, URL: l.stack.resources["ScheduleDeadLetterQueue"]})
	if url := l.stack.resources["OutcomeDeadLetterQueue"]; url != "" { // a stack without outcome events has none
		l.readQueue(ctx, client, diagnosis.Queue{Role: "outcome", Dead: true, URL: url})
	}
}

func (l *looker) readQueue(ctx context.Context, client *sdk.Client, q diagnosis.Queue) {
	counts := map[types.QueueAttributeName]*int{
		types.QueueAttributeNameApproximateNumberOfMessages:           &q.Ready,
		types.QueueAttributeNameApproximateNumberOfMessagesNotVisible: &q.InHand,
		types.QueueAttributeNameApproximateNumberOfMessagesDelayed:    &q.Delayed,
	}
	in := &sdk.GetQueueAttributesInput{QueueUrl: aws.String(q.URL)}
	for name := range counts {
		in.AttributeNames = append(in.AttributeNames, name)
	}
	got, err := client.GetQueueAttributes(ctx, in)
	switch {
	case err != nil && (strings.HasSuffix(codeOf(err), "QueueDoesNotExist") || strings.HasSuffix(codeOf(err), "NonExistentQueue")):
		q.Gone = true
	case err != nil:
		l.unseen(ctx, "the queue "+path.Base(q.URL), "sqs:GetQueueAttributes", path.Base(q.URL), err)
		return
	default:
		for name, into := range counts {
			*into, _ = strconv.Atoi(got.Attributes[string(name)]) // SQS writes numbers
		}
	}
	l.facts.Queues = append(l.facts.Queues, q)
}
