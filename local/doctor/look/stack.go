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

// parts are the resources of the template that are looked at. The example schedule may be missing.
var parts = []string{
	"WorkerFunction", "ScheduleFunction", "ApiFunction", "WorkerRole", "ScheduleRole", "ApiRole", "LaterRole", "SchedulerRole",
	"SendQueue", "SendDeadLetterQueue", "BulkQueue", "BulkDeadLetterQueue", "ScheduleDeadLetterQueue",
	"LedgerTable", "DmlyKeySecret", "InboundKeysSecret", "LaterGroup", "CampaignTick", "AudienceBucket",
}

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
	for _, id := range parts {
		if l.stack.resources[id] == "" {
			l.facts.Stack.Lacks = append(l.facts.Stack.Lacks, id)
		}
	}
	if l.facts.Stack.Stands() && l.stack.resources[parts[0]] == "" {
		return fmt.Errorf("the stack %s in %s has no %s: name a stack that was deployed from this template", name, l.cfg.Region, parts[0])
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
