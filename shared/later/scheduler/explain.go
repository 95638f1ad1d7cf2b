package scheduler

import (
	"context"
	"errors"
	"fmt"

	"github.com/aws/smithy-go"

	"dmlysender/shared/delivery"
)

// Reasons for which nothing can be scheduled until somebody changes something, for errors.Is.
var (
	// ErrGroupNotFound: there is no schedule group of that name in the account and Region.
	ErrGroupNotFound = errors.New("schedule group not found")
	// ErrAccessDenied: the function's role may not write the schedules, or not give them their role.
	ErrAccessDenied = errors.New("access denied")
)

// explain turns the errors that an operator can do something about into a sentence that says what.
func (s *Scheduler) explain(ctx context.Context, err error) error {
	// The SDK's deserialization error holds a copy of the answer, which may be anybody's page; what went wrong is enough.
	if _, unreadable := errors.AsType[*smithy.DeserializationError](err); unreadable {
		if ctx.Err() != nil {
			return ctx.Err()
		}
		return errors.New("the answer was cut short or is not what EventBridge Scheduler writes: " +
			"if it stays so, check AWS_ENDPOINT_URL and AWS_ENDPOINT_URL_SCHEDULER")
	}
	if changed(err) {
		return fmt.Errorf("others change it at the same time: %w", err)
	}
	refused, ok := errors.AsType[smithy.APIError](err)
	if !ok {
		return err
	}
	switch refused.ErrorCode() {
	case "ResourceNotFoundException":
		return fmt.Errorf("%w: deploy the stack that creates it, or correct SCHEDULE_GROUP and AWS_REGION (%s)", ErrGroupNotFound, refused.ErrorCode())
	case "AccessDeniedException", "AccessDenied":
		return fmt.Errorf("%w: allow the function's role scheduler:CreateSchedule, scheduler:UpdateSchedule and scheduler:DeleteSchedule "+
			"on the group's schedules, and iam:PassRole on %s (%s)", ErrAccessDenied, *s.roleARN, refused.ErrorMessage())
	case "ThrottlingException", "TooManyRequestsException":
		return fmt.Errorf("%w: if it lasts, raise the request rates of EventBridge Scheduler in Service Quotas (%w)", delivery.ErrThrottled, err)
	case "ServiceQuotaExceededException":
		return fmt.Errorf("the account has as many schedules as it may have: raise their number in Service Quotas (%s)", refused.ErrorCode())
	case "ValidationException":
		// Its text may repeat the input, which is the message.
		return errors.New("EventBridge Scheduler refuses the schedule as it is: check that scheduler.amazonaws.com may assume the role " +
			*s.roleARN + ", and that the queues of SEND_QUEUE_URL and BULK_QUEUE_URL and their dead-letter queues are standard queues of this account")
	}
	return err
}
