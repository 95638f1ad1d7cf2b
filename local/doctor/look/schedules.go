package look

import (
	"context"
	"strings"
	"time"

	"github.com/aws/aws-sdk-go-v2/aws"
	sdk "github.com/aws/aws-sdk-go-v2/service/scheduler"
	"github.com/aws/aws-sdk-go-v2/service/scheduler/types"

	"dmlysender/local/doctor/diagnosis"
)

const (
	schedulesPage = 100
	// maxSchedules is how many schedules are looked at.
	maxSchedules = 10_000
	// overdueAfter is how long after its minute a schedule may stand: it fires within that minute, and is deleted after it.
	overdueAfter = 5 * time.Minute
	// exampleNumber is the recipient in the template.
	exampleNumber = "+15551234567"
)

func (l *looker) readSchedules(ctx context.Context) {
	client := sdk.NewFromConfig(l.cfg)
	s := &diagnosis.Schedules{Group: l.stack.resources["LaterGroup"]}
	l.facts.Schedules = s
	if err := l.readHeld(ctx, client, s); err != nil {
		if !is(err, "ResourceNotFoundException") {
			l.unseen(ctx, "the schedules of messages that are due later", "scheduler:ListSchedules", "*", err)
			l.facts.Schedules = nil
			return
		}
		s.GroupGone = true
	}
	s.Tick, _ = l.readSchedule(ctx, client, "CampaignTick")
	if l.stack.resources["ExampleSchedule"] != "" {
		var input string
		s.Example, input = l.readSchedule(ctx, client, "ExampleSchedule")
		s.ExampleIsUnchanged = strings.Contains(input, exampleNumber)
	}
}

// readHeld counts the schedules of messages. When one fires is the beginning of its name, which package later/scheduler
// gives it, so that none has to be read by itself.
func (l *looker) readHeld(ctx context.Context, client *sdk.Client, s *diagnosis.Schedules) error {
	pages := sdk.NewListSchedulesPaginator(client, &sdk.ListSchedulesInput{GroupName: aws.String(s.Group), MaxResults: aws.Int32(schedulesPage)})
	for pages.HasMorePages() {
		if s.Held >= maxSchedules {
			s.More = true
			return nil
		}
		page, err := pages.NextPage(ctx)
		if err != nil {
			return err
		}
		for _, listed := range page.Schedules {
			s.Held++
			if listed.State == types.ScheduleStateDisabled {
				s.Disabled++
				continue
			}
			minute, _, _ := strings.Cut(aws.ToString(listed.Name), "-")
			at, err := time.Parse("20060102T1504", minute)
			if err != nil || l.facts.At.Sub(at) < overdueAfter {
				continue
			}
			s.Overdue++
			if s.OverdueSince.IsZero() || at.Before(s.OverdueSince) {
				s.OverdueSince = at
			}
		}
	}
	return nil
}

// readSchedule looks at one of the template's, and returns its input, too; nil if it could not be looked at.
func (l *looker) readSchedule(ctx context.Context, client *sdk.Client, id string) (s *diagnosis.Schedule, input string) {
	name := l.stack.resources[id]
	got, err := client.GetSchedule(ctx, &sdk.GetScheduleInput{Name: aws.String(name)})
	switch {
	case is(err, "ResourceNotFoundException"):
		return &diagnosis.Schedule{Name: name, Gone: true}, ""
	case err != nil:
		l.unseen(ctx, "the schedule "+id, "scheduler:GetSchedule", name, err)
		return nil, ""
	}
	if got.Target != nil {
		input = aws.ToString(got.Target.Input)
	}
	return &diagnosis.Schedule{Name: name, Enabled: got.State != types.ScheduleStateDisabled, Changed: latest(got.CreationDate, got.LastModificationDate)}, input
}
