package look

import (
	"cmp"
	"context"
	"strings"

	"github.com/aws/aws-sdk-go-v2/aws"
	sdk "github.com/aws/aws-sdk-go-v2/service/lambda"
	"github.com/aws/aws-sdk-go-v2/service/lambda/types"

	"dmlysender/local/doctor/diagnosis"
	"dmlysender/shared/config"
)

// functions are the stack's, with what their configuration needs.
var functions = []struct {
	role, id string
	needs    []config.Need
}{
	{"worker", "WorkerFunction", []config.Need{config.Sending, config.BatchQueues, config.Later}},
	{"schedule", "ScheduleFunction", []config.Need{config.Sending, config.Queues, config.Campaigns}},
	{"api", "ApiFunction", []config.Need{config.Sending, config.Queues, config.Later, config.Campaigns, config.Callers}},
}

func (l *looker) readFunctions(ctx context.Context) {
	client := sdk.NewFromConfig(l.cfg)
	for _, f := range functions {
		name := l.stack.resources[f.id]
		looked := diagnosis.Function{Role: f.role, Name: name}
		got, err := client.GetFunctionConfiguration(ctx, &sdk.GetFunctionConfigurationInput{FunctionName: aws.String(name)})
		switch {
		case is(err, "ResourceNotFoundException"):
			looked.Gone = true
		case err != nil:
			l.unseen(ctx, "the "+f.role+" function", "lambda:GetFunctionConfiguration", name, err)
			continue
		default:
			looked.State, looked.Update = string(got.State), string(got.LastUpdateStatus)
			looked.Why = cmp.Or(aws.ToString(got.LastUpdateStatusReason), aws.ToString(got.StateReason), "AWS does not say why")
			looked.Config = problemsOf(name, got.Environment, f.needs)
			looked.Reserved = l.reserved(ctx, client, f.role, name)
		}
		l.facts.Functions = append(l.facts.Functions, looked)
	}
}

// problemsOf says what the function would say of its environment when it starts.
func problemsOf(name string, environment *types.EnvironmentResponse, needs []config.Need) []string {
	variables := map[string]string{"AWS_LAMBDA_FUNCTION_NAME": name}
	if environment != nil {
		for key, value := range environment.Variables {
			variables[key] = value
		}
	}
	if _, err := config.Read(func(key string) string { return variables[key] }, needs...); err != nil {
		return strings.Split(err.Error(), "\n")
	}
	return nil
}

func (l *looker) reserved(ctx context.Context, client *sdk.Client, role, name string) *int {
	got, err := client.GetFunctionConcurrency(ctx, &sdk.GetFunctionConcurrencyInput{FunctionName: aws.String(name)})
	if err != nil {
		l.unseen(ctx, "the reserved concurrency of the "+role+" function", "lambda:GetFunctionConcurrency", name, err)
		return nil
	}
	if got.ReservedConcurrentExecutions == nil {
		return nil
	}
	n := int(*got.ReservedConcurrentExecutions)
	return &n
}

// queues are those whose records the worker gets.
var queues = []struct{ role, id, dead string }{{"send", "SendQueue", "SendDeadLetterQueue"}, {"bulk", "BulkQueue", "BulkDeadLetterQueue"}}

func (l *looker) readMappings(ctx context.Context) {
	client, worker := sdk.NewFromConfig(l.cfg), l.stack.resources["WorkerFunction"]
	for _, q := range queues {
		arn := l.queueARN(l.stack.resources[q.id])
		listed, err := client.ListEventSourceMappings(ctx, &sdk.ListEventSourceMappingsInput{FunctionName: aws.String(worker), EventSourceArn: aws.String(arn)})
		if err != nil && !is(err, "ResourceNotFoundException") {
			l.unseen(ctx, "what hands the records of the "+q.role+" queue to the worker", "lambda:ListEventSourceMappings", "*", err)
			continue
		}
		looked := diagnosis.Mapping{Queue: q.role, QueueARN: arn, Function: worker}
		if err == nil && len(listed.EventSourceMappings) > 0 {
			m := listed.EventSourceMappings[0]
			looked.ID, looked.State, looked.LastResult = aws.ToString(m.UUID), aws.ToString(m.State), aws.ToString(m.LastProcessingResult)
			looked.Changed = aws.ToTime(m.LastModified)
			for _, kind := range m.FunctionResponseTypes {
				looked.ReportsFailures = looked.ReportsFailures || kind == types.FunctionResponseTypeReportBatchItemFailures
			}
			if m.ScalingConfig != nil {
				looked.AtOnce = int(aws.ToInt32(m.ScalingConfig.MaximumConcurrency))
			}
		}
		l.facts.Mappings = append(l.facts.Mappings, looked)
	}
}
