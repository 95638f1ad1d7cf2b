//go:build e2e

package stack_test

import (
	"encoding/json"
	"slices"
	"testing"
	"time"

	"github.com/aws/aws-sdk-go-v2/aws"
	"github.com/aws/aws-sdk-go-v2/service/scheduler"
	"github.com/aws/aws-sdk-go-v2/service/scheduler/types"
)

// scheduledTime is what EventBridge Scheduler replaces by the time of the occurrence. The stand-in does not.
const scheduledTime = "<aws.scheduler.scheduled-time>"

// A schedule of the users' own is made as they make it: after the template's example, with another time and another message.
func (r *rig) sendsOnSchedule(t *testing.T) {
	t.Parallel()
	example, err := r.schedules.GetSchedule(t.Context(), &scheduler.GetScheduleInput{Name: aws.String(r.exampleSchedule)})
	if err != nil {
		t.Fatal(err)
	}
	target := *example.Target
	if arn, role := aws.ToString(target.Arn), aws.ToString(target.RoleArn); arn != r.Output(t, "ScheduleFunctionArn") || role != r.Output(t, "SchedulerRoleArn") {
		t.Errorf("the example calls %s as %s, want what the outputs name for schedules", arn, role)
	}
	var input struct {
		Occurrence string   `json:"occurrence"`
		Messages   []fields `json:"messages"`
	}
	if err := json.Unmarshal([]byte(aws.ToString(target.Input)), &input); err != nil || input.Occurrence != scheduledTime || len(input.Messages) != 1 {
		t.Fatalf("the example's input is %s, want one message, and %s as its occurrence: %v", aws.ToString(target.Input), scheduledTime, err)
	}

	at := time.Now().Add(time.Minute).Truncate(time.Second).UTC()
	input.Occurrence = at.Format(time.RFC3339)
	id := "on-schedule@" + input.Occurrence
	m := input.Messages[0]
	m["id"], m["workspace"], m["textMessage"] = "on-schedule", fields{"id": "W1"}, id
	encoded, err := json.Marshal(input)
	if err != nil {
		t.Fatal(err)
	}
	target.Input = aws.String(string(encoded))
	name := aws.String(r.Name + "-on-schedule")
	_, err = r.schedules.CreateSchedule(t.Context(), &scheduler.CreateScheduleInput{
		Name: name, ScheduleExpression: aws.String("at(" + at.Format("2006-01-02T15:04:05") + ")"), ScheduleExpressionTimezone: aws.String("UTC"),
		FlexibleTimeWindow: &types.FlexibleTimeWindow{Mode: types.FlexibleTimeWindowModeOff}, ActionAfterCompletion: types.ActionAfterCompletionDelete, Target: &target,
	})
	if err != nil {
		t.Fatal(err)
	}
	r.isSentAt(t, id, at)

	// Scheduler may deliver an occurrence twice. That it is sent once, isAtRest checks.
	var said struct{ Queued []string }
	if r.invoke(t, r.scheduleFunction, input, &said); !slices.Equal(said.Queued, []string{id}) {
		t.Errorf("delivered once more: got %v queued, want %s", said.Queued, id)
	}
}
