package look

import (
	"context"
	"fmt"
	"strconv"
	"strings"
	"time"

	"github.com/aws/aws-sdk-go-v2/aws"
	sdk "github.com/aws/aws-sdk-go-v2/service/cloudformation"

	"dmlysender/local/doctor/diagnosis"
)

// stack is what the resources of the template are called in this stack.
type stack struct {
	partition, account string
	// resources are the physical ids, by their names in the template, and outputs the stack's, by theirs.
	resources, outputs, parameters map[string]string
	// alarms are the names of all alarms.
	alarms []string
}

// ours are resources that every stack of the template has, however far its deployment came.
var ours = []string{"WorkerFunction", "SendQueue", "LedgerTable", "DmlyKeySecret"}

func (l *looker) readStack(ctx context.Context, name string) error {
	client := sdk.NewFromConfig(l.cfg)
	described, err := client.DescribeStacks(ctx, &sdk.DescribeStacksInput{StackName: aws.String(name)})
	if err != nil {
		return nothing(ctx, err, name, l.cfg.Region)
	}
	listed, err := client.DescribeStackResources(ctx, &sdk.DescribeStackResourcesInput{StackName: aws.String(name)})
	if err != nil {
		return nothing(ctx, err, name, l.cfg.Region)
	}
	l.stack = stack{resources: map[string]string{}, outputs: map[string]string{}, parameters: map[string]string{}}
	for _, r := range listed.StackResources {
		l.stack.resources[aws.ToString(r.LogicalResourceId)] = aws.ToString(r.PhysicalResourceId)
		if kind := aws.ToString(r.ResourceType); kind == "AWS::CloudWatch::Alarm" || kind == "AWS::CloudWatch::CompositeAlarm" {
			l.stack.alarms = append(l.stack.alarms, aws.ToString(r.PhysicalResourceId))
		}
	}
	for _, id := range ours {
		if _, there := l.stack.resources[id]; !there {
			return fmt.Errorf("the stack %s in %s has no %s: name a stack that was deployed from this template", name, l.cfg.Region, id)
		}
	}
	for _, s := range described.Stacks {
		for _, o := range s.Outputs {
			l.stack.outputs[aws.ToString(o.OutputKey)] = aws.ToString(o.OutputValue)
		}
		for _, p := range s.Parameters {
			l.stack.parameters[aws.ToString(p.ParameterKey)] = aws.ToString(p.ParameterValue)
		}
		// arn:PARTITION:cloudformation:REGION:ACCOUNT:stack/…
		if parts := strings.SplitN(aws.ToString(s.StackId), ":", 6); len(parts) == 6 {
			l.stack.partition, l.stack.account = parts[1], parts[4]
		}
		l.facts.Stack = diagnosis.Stack{
			Name: name, Region: l.cfg.Region, Account: l.stack.account, APIURL: l.stack.outputs["ApiUrl"],
			Status: string(s.StackStatus), Reason: aws.ToString(s.StackStatusReason), Since: latest(s.CreationTime, s.LastUpdatedTime),
		}
	}
	l.facts.Rate, _ = strconv.Atoi(l.stack.parameters["RatePerMinute"]) // 0 if it is no number
	return nil
}

func latest(times ...*time.Time) (last time.Time) {
	for _, t := range times {
		if t != nil && t.After(last) {
			last = *t
		}
	}
	return last
}
