package scheduler_test

import (
	"errors"
	"net/http"
	"strings"
	"testing"
	"time"

	"dmlysender/shared/awsconf/awstest"
	"dmlysender/shared/delivery"
	"dmlysender/shared/later"
	"dmlysender/shared/later/scheduler"
)

func TestErrorsSayWhatToDo(t *testing.T) {
	t.Parallel()
	tests := map[string]struct {
		fault http.HandlerFunc
		is    error
		want  []string
	}{
		"no group": {
			refuse(http.StatusNotFound, "ResourceNotFoundException", "Schedule group dmly-later does not exist."),
			scheduler.ErrGroupNotFound, []string{"order-1", group, "eu-central-1", "SCHEDULE_GROUP"},
		},
		"access denied": {
			refuse(http.StatusForbidden, "AccessDeniedException", "User is not authorized to perform: iam:PassRole"),
			scheduler.ErrAccessDenied, []string{"scheduler:CreateSchedule", "iam:PassRole on " + roleARN, "not authorized"},
		},
		"throttled": {
			refuse(http.StatusTooManyRequests, "ThrottlingException", "Rate exceeded"),
			delivery.ErrThrottled, []string{"Service Quotas", "ThrottlingException"},
		},
		"too many schedules": {
			refuse(http.StatusPaymentRequired, "ServiceQuotaExceededException", "Account limit exceeded"),
			nil, []string{"as many schedules as it may have", "ServiceQuotaExceededException"},
		},
		"the role is refused": {
			refuse(http.StatusBadRequest, "ValidationException", "Value 'Hello' at 'target.input' failed to satisfy constraint"),
			nil, []string{roleARN, "scheduler.amazonaws.com may assume"},
		},
		"out of order": {
			refuse(http.StatusInternalServerError, "InternalServerException", "try later"),
			nil, []string{"InternalServerException"},
		},
		"not what AWS writes": {awstest.Answer(http.StatusOK, `{"ScheduleArn": "Hello`), nil, []string{"AWS_ENDPOINT_URL_SCHEDULER"}},
		"cut":                 {awstest.Cut, nil, []string{"EOF"}},
	}
	for name, tt := range tests {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			s := newStand()
			open := s.open(t, awstest.ConfigFor(t, s))
			for range 10 { // as often as it is tried
				s.faults = append(s.faults, tt.fault)
			}
			at := time.Now().Add(time.Hour)
			err := open.Schedule(t.Context(), delivery.NormalLane, record("order-1"), at)
			if err == nil || tt.is != nil && !errors.Is(err, tt.is) {
				t.Fatalf("got %v, want %v", err, tt.is)
			}
			for _, want := range tt.want {
				if !strings.Contains(err.Error(), want) {
					t.Errorf("got %q, want it to contain %q", err, want)
				}
			}
			if strings.Contains(err.Error(), "Hello") {
				t.Errorf("the message is in %q", err)
			}
			if errors.Is(tt.is, scheduler.ErrAccessDenied) || errors.Is(tt.is, delivery.ErrThrottled) {
				if err := open.Unschedule(t.Context(), "order-1", at); !errors.Is(err, tt.is) || !strings.Contains(err.Error(), "order-1") {
					t.Errorf("Unschedule: got %v, want %v", err, tt.is)
				}
			}
		})
	}
}

func TestWhatIsNoQueueOrRoleIsSaidAtTheStart(t *testing.T) {
	t.Parallel()
	const send, dead = sqsURL + "send", sqsURL + "send-dead"
	tests := map[string]struct{ role, url, dead, want string }{
		"role's name":          {"dmly-later", send, dead, `"dmly-later" is not the ARN of a role`},
		"another ARN":          {sqsARN + "send", send, dead, "is not the ARN of a role"},
		"memory":               {roleARN, "", dead, `"" is not the URL of a standard queue`},
		"queue's ARN":          {roleARN, sqsARN + "send", dead, `is not the URL of a standard queue, such as https://sqs.eu-central-1.amazonaws.com/123456789012/NAME`},
		"FIFO queue":           {roleARN, sqsURL + "send.fifo", dead, "is not the URL of a standard queue"},
		"no URL":               {roleARN, "http://[", dead, "the URL of a queue is none"},
		"no dead-letter queue": {roleARN, send, "", `"" is not the URL`},
	}
	for name, tt := range tests {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			targets := map[delivery.Lane]later.Target{delivery.NormalLane: {URL: tt.url, DeadLetterURL: tt.dead}}
			if _, err := scheduler.Open(awstest.Config(t, nil), group, tt.role, targets); err == nil || !strings.Contains(err.Error(), tt.want) {
				t.Errorf("got %v, want %s", err, tt.want)
			}
		})
	}
}

func TestQueuesAreInThePartitionOfTheRole(t *testing.T) {
	t.Parallel()
	s := newStand()
	opened, err := scheduler.Open(awstest.ConfigFor(t, s), group, strings.Replace(roleARN, "arn:aws:", "arn:aws-us-gov:", 1), s.targets())
	if err != nil {
		t.Fatal(err)
	}
	if err := opened.Schedule(t.Context(), delivery.NormalLane, record("order-1"), time.Now().Add(time.Hour)); err != nil {
		t.Fatal(err)
	}
	if got, want := s.all()[0].Target.Arn, "arn:aws-us-gov:sqs:eu-central-1:123456789012:send"; got != want {
		t.Errorf("got %s, want %s", got, want)
	}
}
