// Package look reads what there is to know of a deployed stack, for package diagnosis. It changes nothing, and keeps nothing
// of a key or of a message.
package look

import (
	"context"
	"errors"
	"path"
	"strings"
	"time"

	"github.com/aws/aws-sdk-go-v2/aws"

	"dmlysender/local/doctor/diagnosis"
)

// looker looks at one stack.
type looker struct {
	cfg   aws.Config
	stack stack
	facts diagnosis.Facts
}

// At reads the facts of the stack with this name. What could not be read is in their Unseen, with the reason; the error is
// that nothing could be: there is no such stack, it is another template's, or AWS does not answer.
func At(ctx context.Context, cfg aws.Config, name string, now func() time.Time) (diagnosis.Facts, error) {
	l := &looker{cfg: cfg, facts: diagnosis.Facts{At: now()}}
	if err := l.readStack(ctx, name); err != nil {
		return diagnosis.Facts{}, err
	}
	if !l.facts.Stack.Stands() || len(l.facts.Stack.Lacks) > 0 {
		return l.facts, nil
	}
	l.readFunctions(ctx)
	l.readMappings(ctx)
	l.readQueues(ctx)
	l.readKey(ctx)
	l.readCallers(ctx)
	l.readProblems(ctx)
	l.readCampaigns(ctx)
	l.readSchedules(ctx)
	l.readRoles(ctx)
	l.readMetrics(ctx)
	l.readAlarms(ctx)
	if errors.Is(ctx.Err(), context.Canceled) {
		return diagnosis.Facts{}, errors.New("it was interrupted")
	}
	return l.facts, nil
}

// arn is that of something in the stack's account and Region.
func (l *looker) arn(service, resource string) string {
	region := l.cfg.Region
	if service == "iam" {
		region = ""
	}
	return strings.Join([]string{"arn", l.stack.partition, service, region, l.stack.account, resource}, ":")
}

func (l *looker) queueARN(url string) string { return l.arn("sqs", path.Base(url)) }
