//go:build e2e

package stack_test

import (
	"encoding/json"
	"errors"
	"testing"
	"time"

	"github.com/aws/aws-sdk-go-v2/aws"
	"github.com/aws/aws-sdk-go-v2/service/scheduler"
	"github.com/aws/aws-sdk-go-v2/service/scheduler/types"
	"github.com/aws/aws-sdk-go-v2/service/sqs"
	sqstypes "github.com/aws/aws-sdk-go-v2/service/sqs/types"

	"dmlysender/e2e/deployed"
)

// scheduleTime is how long a schedule that is due may take to be gone: the stand-in looks at them every ten seconds.
const scheduleTime = 30 * time.Second

// schedulesNow are those that stand in the stack's group.
func (r *rig) schedulesNow(t *testing.T) (all []*scheduler.GetScheduleOutput) {
	t.Helper()
	group := r.Output(t, "LaterGroupName")
	pages := scheduler.NewListSchedulesPaginator(r.schedules, &scheduler.ListSchedulesInput{GroupName: aws.String(group)})
	for pages.HasMorePages() {
		page, err := pages.NextPage(t.Context())
		if err != nil {
			t.Fatal(err)
		}
		for _, listed := range page.Schedules {
			s, err := r.schedules.GetSchedule(t.Context(), &scheduler.GetScheduleInput{GroupName: aws.String(group), Name: listed.Name})
			if _, gone := errors.AsType[*types.ResourceNotFoundException](err); gone {
				continue
			}
			if err != nil {
				t.Fatal(err)
			}
			all = append(all, s)
		}
	}
	return all
}

// scheduled are the schedules that bring a record of this message.
func (r *rig) scheduled(t *testing.T, id string) (of []*scheduler.GetScheduleOutput) {
	t.Helper()
	for _, s := range r.schedulesNow(t) {
		if idIn(t, s) == id {
			of = append(of, s)
		}
	}
	return of
}

// idIn is the id of the message that a schedule brings.
func idIn(t *testing.T, s *scheduler.GetScheduleOutput) string {
	t.Helper()
	var m struct {
		ID string `json:"id"`
	}
	if err := json.Unmarshal([]byte(aws.ToString(s.Target.Input)), &m); err != nil {
		t.Fatalf("the schedule %s has no message as its input: %v", aws.ToString(s.Name), err)
	}
	return m.ID
}

// isScheduled waits until a schedule holds the message for that moment, and checks all that makes it bring the record to its queue, Send or Bulk.
func (r *rig) isScheduled(t *testing.T, id, queue string, at time.Time) *scheduler.GetScheduleOutput {
	t.Helper()
	var all []*scheduler.GetScheduleOutput
	deployed.Eventually(t, takeTime, "a schedule holds "+id, func() bool {
		all = r.scheduled(t, id)
		return len(all) > 0
	})
	if len(all) != 1 {
		t.Fatalf("%d schedules hold %s, want one", len(all), id)
	}
	s := all[0]
	// A whole minute, one to two before the moment: the rest of the time the record waits on its queue.
	minute := at.Add(-time.Minute).Truncate(time.Minute).UTC()
	if got, want := aws.ToString(s.ScheduleExpression), "at("+minute.Format("2006-01-02T15:04:05")+")"; got != want || aws.ToString(s.ScheduleExpressionTimezone) != "UTC" {
		t.Errorf("the schedule of %s fires %s in %s, want %s in UTC", id, got, aws.ToString(s.ScheduleExpressionTimezone), want)
	}
	for _, f := range []struct{ what, got, want string }{
		{"queue", aws.ToString(s.Target.Arn), r.arnOf(t, queue+"QueueUrl")},
		{"role", aws.ToString(s.Target.RoleArn), r.Output(t, "LaterRoleArn")},
		{"dead-letter queue", aws.ToString(s.Target.DeadLetterConfig.Arn), r.arnOf(t, queue+"DeadLetterQueueUrl")},
		{"end", string(s.ActionAfterCompletion), string(types.ActionAfterCompletionDelete)},
		{"state", string(s.State), string(types.ScheduleStateEnabled)},
		{"window", string(s.FlexibleTimeWindow.Mode), string(types.FlexibleTimeWindowModeOff)},
	} {
		if f.got != f.want {
			t.Errorf("the %s of the schedule of %s is %q, want %q", f.what, id, f.got, f.want)
		}
	}
	if retry := s.Target.RetryPolicy; aws.ToInt32(retry.MaximumRetryAttempts) < 1 || aws.ToInt32(retry.MaximumEventAgeInSeconds) < 3600 {
		t.Errorf("the schedule of %s tries %d times within %d s, want it to try for an hour and more", id,
			aws.ToInt32(retry.MaximumRetryAttempts), aws.ToInt32(retry.MaximumEventAgeInSeconds))
	}
	return s
}

// arnOf is the ARN of the queue whose URL is an output.
func (r *rig) arnOf(t *testing.T, output string) string {
	t.Helper()
	got, err := r.sqs.GetQueueAttributes(t.Context(), &sqs.GetQueueAttributesInput{
		QueueUrl: aws.String(r.Output(t, output)), AttributeNames: []sqstypes.QueueAttributeName{sqstypes.QueueAttributeNameQueueArn},
	})
	if err != nil {
		t.Fatal(err)
	}
	return got.Attributes[string(sqstypes.QueueAttributeNameQueueArn)]
}

// isNotScheduled checks that no schedule holds the message.
func (r *rig) isNotScheduled(t *testing.T, id string) {
	t.Helper()
	if all := r.scheduled(t, id); len(all) != 0 {
		t.Errorf("%d schedules hold %s, want none", len(all), id)
	}
}

// fire has a schedule fire now, and waits until it has. A schedule holds what is due in more than 15 minutes, and the stand-in's clock
// cannot be turned, so its time is.
func (r *rig) fire(t *testing.T, s *scheduler.GetScheduleOutput) {
	t.Helper()
	now := "at(" + time.Now().UTC().Format("2006-01-02T15:04:05") + ")"
	_, err := r.schedules.UpdateSchedule(t.Context(), &scheduler.UpdateScheduleInput{
		GroupName: s.GroupName, Name: s.Name, Description: s.Description, ScheduleExpression: aws.String(now),
		ScheduleExpressionTimezone: s.ScheduleExpressionTimezone, FlexibleTimeWindow: s.FlexibleTimeWindow,
		ActionAfterCompletion: s.ActionAfterCompletion, Target: s.Target,
	})
	if err != nil {
		t.Fatal(err)
	}
	deployed.Eventually(t, scheduleTime, "the schedule of "+idIn(t, s)+" fires", func() bool {
		stands, err := r.schedules.GetSchedule(t.Context(), &scheduler.GetScheduleInput{GroupName: s.GroupName, Name: s.Name})
		if _, gone := errors.AsType[*types.ResourceNotFoundException](err); gone {
			return true
		}
		if err != nil {
			t.Fatal(err)
		}
		return aws.ToString(stands.ScheduleExpression) != now // held again already
	})
}
