package template_test

import (
	"fmt"
	"slices"
	"strings"
	"testing"
)

// alarms are those that docs/operations.md and docs/troubleshooting.md have.
var alarms = []string{
	"Api5xxAlarm", "ApiThrottlesAlarm", "BulkDeadLetterAlarm", "BulkQueueAgeAlarm", "CampaignsStoppedAlarm", "CampaignsStuckAlarm", "FailedAlarm", "KeyRefusedAlarm", "LedgerThrottlesAlarm", "MessagesStuckAlarm",
	"OutcomeDeadLetterAlarm", "ScheduleDeadLetterAlarm", "ScheduleErrorsAlarm", "ScheduleThrottlesAlarm", "SendDeadLetterAlarm",
	"SendQueueAgeAlarm", "UnknownAlarm", "WorkerErrorsAlarm", "WorkerThrottlesAlarm",
}

func TestTheTemplateHasTheAlarms(t *testing.T) {
	t.Parallel()
	var found []string
	for _, alarm := range read(t).of("AWS::CloudWatch::Alarm") {
		found = append(found, alarm.id)
	}
	if !slices.Equal(found, alarms) {
		t.Errorf("\n got %v\nwant %v", found, alarms)
	}
}

func TestThePageOfOperationsHasTheAlarms(t *testing.T) {
	t.Parallel()
	page := file(t, "docs/operations.md")
	for _, id := range alarms {
		if !strings.Contains(page, "| `"+id+"` |") {
			t.Errorf("the page's table has no line for %s", id)
		}
	}
}

func TestEachAlarmTellsTheTopicAndWhatToDo(t *testing.T) {
	t.Parallel()
	topic := object{"Fn::If": []any{"HasAlarmTopic", []any{ref("AlarmTopicArn")}, ref("AWS::NoValue")}}
	// A message that is unknown or has failed still is when no further one comes, and a campaign stands still.
	staysSo := []string{"UnknownAlarm", "FailedAlarm", "CampaignsStoppedAlarm"}
	for _, alarm := range read(t).must(t, "AWS::CloudWatch::Alarm") {
		p := alarm.properties
		if !same(p["AlarmActions"], topic) {
			t.Errorf("%s tells %v", alarm.id, p["AlarmActions"])
		}
		if over := p["OKActions"]; same(over, topic) == slices.Contains(staysSo, alarm.id) {
			t.Errorf("%s tells %v when it is over", alarm.id, over)
		}
		if p["TreatMissingData"] != "notBreaching" {
			t.Errorf("%s goes off when nothing happens", alarm.id)
		}
		description := text(p["AlarmDescription"], "Fn::Sub")
		next := " Next: make doctor STACK=${AWS::StackName}, and " + alarm.id + " in docs/troubleshooting.md."
		if meaning, ok := strings.CutSuffix(description, next); !ok || len(meaning) < 40 || len(description) > 1024 {
			t.Errorf("%s is described as %q", alarm.id, description)
		}
	}
}

// watched says for which resource, as its alarm's dimension has it, and by which metric the alarm is.
func watched(alarm resource) (metric string, dimension any) {
	dimensions := list(alarm.properties["Dimensions"])
	if len(dimensions) == 1 {
		dimension = at(dimensions[0])["Value"]
	}
	return text(alarm.properties, "Namespace") + " " + text(alarm.properties, "MetricName"), dimension
}

func TestEachPartHasItsAlarms(t *testing.T) {
	t.Parallel()
	all := read(t)
	is := map[string]resource{}
	for _, alarm := range all.must(t, "AWS::CloudWatch::Alarm") {
		metric, dimension := watched(alarm)
		is[fmt.Sprint(metric, dimension)] = alarm
	}
	has := func(r resource, metric string, dimension any) {
		t.Helper()
		alarm, ok := is[fmt.Sprint(metric, dimension)]
		if !ok {
			t.Errorf("no alarm on %s of %s", metric, r.id)
		}
		if alarm.condition != r.condition {
			t.Errorf("%s is there if %q, and %s if %q", r.id, r.condition, alarm.id, alarm.condition)
		}
	}
	for _, queue := range all.must(t, "AWS::SQS::Queue") {
		name := object{"Fn::GetAtt": queue.id + ".QueueName"}
		if queue.properties["RedrivePolicy"] != nil {
			has(queue, "AWS/SQS ApproximateAgeOfOldestMessage", name)
		} else { // a queue without a dead-letter queue is one
			has(queue, "AWS/SQS ApproximateNumberOfMessagesVisible", name)
		}
	}
	for _, function := range all.must(t, "AWS::Serverless::Function") {
		has(function, "AWS/Lambda Throttles", ref(function.id))
		if function.id != "ApiFunction" { // its errors are the API's 5xx
			has(function, "AWS/Lambda Errors", ref(function.id))
		}
	}
	for _, table := range all.must(t, "AWS::DynamoDB::Table") {
		has(table, "AWS/DynamoDB WriteThrottleEvents", ref(table.id))
	}
	for _, api := range all.must(t, "AWS::Serverless::HttpApi") {
		has(api, "AWS/ApiGateway 5xx", ref(api.id))
	}
}
