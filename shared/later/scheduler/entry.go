package scheduler

import (
	"crypto/sha256"
	"encoding/hex"
	"encoding/json"
	"errors"
	"fmt"
	"net/url"
	"strings"
	"time"
	"unicode/utf8"

	"github.com/aws/aws-sdk-go-v2/aws"
	"github.com/aws/aws-sdk-go-v2/aws/arn"
	sdk "github.com/aws/aws-sdk-go-v2/service/scheduler"
	"github.com/aws/aws-sdk-go-v2/service/scheduler/types"

	"dmlysender/shared/delivery"
	"dmlysender/shared/later"
	"dmlysender/shared/message"
)

// What is tried again, and for how long, when a queue does not take a record: as much as there is, as in the meantime
// nothing else holds it. After that it goes to the lane's dead-letter queue, from which make redrive brings it back.
// https://docs.aws.amazon.com/scheduler/latest/APIReference/API_RetryPolicy.html
const (
	maxEventAge = 24 * time.Hour
	maxRetries  = 185
)

// entry is a schedule in the making.
type entry struct {
	name, id, body string
	minute         time.Time
	lane           lane
}

func (e entry) create(s *Scheduler) *sdk.CreateScheduleInput {
	return &sdk.CreateScheduleInput{
		GroupName: aws.String(s.group), Name: aws.String(e.name), Description: aws.String(e.description()),
		ScheduleExpression: aws.String(e.expression()), ScheduleExpressionTimezone: aws.String("UTC"),
		FlexibleTimeWindow:    &types.FlexibleTimeWindow{Mode: types.FlexibleTimeWindowModeOff},
		ActionAfterCompletion: types.ActionAfterCompletionDelete, Target: e.target(s),
	}
}

// update is the same for a schedule that stands: what is not said would be as if it had never been said.
func (e entry) update(s *Scheduler) *sdk.UpdateScheduleInput {
	c := e.create(s)
	return &sdk.UpdateScheduleInput{
		GroupName: c.GroupName, Name: c.Name, Description: c.Description,
		ScheduleExpression: c.ScheduleExpression, ScheduleExpressionTimezone: c.ScheduleExpressionTimezone,
		FlexibleTimeWindow: c.FlexibleTimeWindow, ActionAfterCompletion: c.ActionAfterCompletion, Target: c.Target,
	}
}

func (e entry) expression() string { return "at(" + e.minute.UTC().Format("2006-01-02T15:04:05") + ")" }

// description is for somebody who looks at the schedules: their names do not tell.
func (e entry) description() string { return "Sends message " + e.id }

// target is the queue itself, whose record is the input as it stands, and not the call sqs:SendMessage, whose record could
// have attributes and a group: a record that was not taken stands on the dead-letter queue as what it is, too.
func (e entry) target(s *Scheduler) *types.Target {
	return &types.Target{
		Arn: e.lane.arn, RoleArn: s.roleARN, Input: aws.String(e.body),
		DeadLetterConfig: &types.DeadLetterConfig{Arn: e.lane.deadARN},
		RetryPolicy: &types.RetryPolicy{
			MaximumEventAgeInSeconds: aws.Int32(int32(maxEventAge.Seconds())), MaximumRetryAttempts: aws.Int32(maxRetries),
		},
	}
}

// nameOf is the name of a message's schedule for a minute. A name has up to 64 letters, digits and "-_.", of which an id may
// have others and more. With the minute in it, a schedule is not changed when its message is moved: AWS does not say what
// becomes of a change to one that has fired and is about to be deleted.
func nameOf(id string, minute time.Time) string {
	sum := sha256.Sum256([]byte(id))
	return minute.UTC().Format("20060102T1504") + "-" + hex.EncodeToString(sum[:])[:48]
}

// bodyOf is the record's body as the schedule's input.
func bodyOf(r delivery.Record) (string, error) {
	if r.ID == "" {
		return "", later.ErrNoID
	}
	if !utf8.Valid(r.Body) || !json.Valid(r.Body) {
		return "", errors.New("its body is not JSON, and a schedule holds nothing else")
	}
	if id := delivery.IDOf(delivery.Record{Body: r.Body}, ""); id != r.ID {
		return "", fmt.Errorf("its body has the id %q, and a schedule holds no other", id)
	}
	body := message.Escaped(r.Body)
	if n := len(body); n > message.MaxBytes {
		return "", fmt.Errorf("its body has %d bytes with what has to be escaped in it; the limit is %d", n, message.MaxBytes)
	}
	return body, nil
}

// partitionOf is the part of AWS that the role, and with it the stack, is in.
func partitionOf(roleARN string) (string, error) {
	role, err := arn.Parse(roleARN)
	if err != nil || role.Service != "iam" || !isAccount(role.AccountID) || !strings.HasPrefix(role.Resource, "role/") || role.Resource == "role/" {
		return "", fmt.Errorf("%q is not the ARN of a role, such as arn:aws:iam::123456789012:role/NAME", roleARN)
	}
	return role.Partition, nil
}

// queueARN is the ARN of the queue with the URL.
func queueARN(partition, region, queueURL string) (*string, error) {
	u, err := url.Parse(queueURL)
	if err != nil {
		return nil, fmt.Errorf("the URL of a queue is none: %w", err)
	}
	account, name, _ := strings.Cut(strings.TrimPrefix(u.Path, "/"), "/")
	if !isAccount(account) || !isQueue(name) {
		return nil, fmt.Errorf("%q is not the URL of a standard queue, such as https://sqs.%s.amazonaws.com/123456789012/NAME", queueURL, region)
	}
	return aws.String("arn:" + partition + ":sqs:" + region + ":" + account + ":" + name), nil
}

// isAccount and isQueue say what could be an account of AWS, and a standard queue of one. Regular expressions would add to each
// start.
func isAccount(s string) bool {
	return len(s) == 12 && !strings.ContainsFunc(s, func(c rune) bool { return c < '0' || c > '9' })
}

func isQueue(s string) bool {
	return s != "" && len(s) <= 80 && !strings.ContainsFunc(s, func(c rune) bool {
		return c != '-' && c != '_' && (c < '0' || c > '9') && (c < 'A' || c > 'Z') && (c < 'a' || c > 'z')
	})
}
