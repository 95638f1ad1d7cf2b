package diagnosis_test

import (
	"testing"
	"time"

	"dmlysender/local/doctor/diagnosis"
)

func TestStacks(t *testing.T) {
	t.Parallel()
	status := func(status, reason string) func(f *diagnosis.Facts) {
		return func(f *diagnosis.Facts) { f.Stack.Status, f.Stack.Reason = status, reason }
	}
	const events = "aws cloudformation describe-stack-events --region eu-central-1 --stack-name sender --query "
	const deploy = `make deploy ARGS="--stack-name sender"`
	check(t, map[string]struct {
		change func(f *diagnosis.Facts)
		want   []finding
	}{
		"being changed": {status("UPDATE_IN_PROGRESS", ""), []finding{{"The stack is being changed (UPDATE_IN_PROGRESS) since 2026-11-30 09:00:00 UTC.", "wait", []string{"make doctor STACK=sender"}}}},
		"taken back": {status("UPDATE_ROLLBACK_COMPLETE", ""), []finding{
			{"The last deployment failed, and the stack is as it was before (UPDATE_ROLLBACK_COMPLETE) since 2026-11-30 09:00:00 UTC.", "go on as before", []string{events}}}},
		"failed in the middle": {status("UPDATE_ROLLBACK_FAILED", "no role."), []finding{
			{"The last deployment failed in the middle (UPDATE_ROLLBACK_FAILED) since 2026-11-30 09:00:00 UTC: no role.", "may be missing", []string{events}}}},
		"never deployed": {status("ROLLBACK_COMPLETE", ""), []finding{
			{"The stack could not be deployed, or is deleted (ROLLBACK_COMPLETE) since 2026-11-30 09:00:00 UTC.", "Nothing is sent.",
				[]string{events, "aws cloudformation delete-stack --region eu-central-1 --stack-name sender", deploy}}}},
		"being deployed": {status("CREATE_IN_PROGRESS", ""), []finding{
			{"The stack is not there yet, or on its way out (CREATE_IN_PROGRESS) since 2026-11-30 09:00:00 UTC.", "Nothing is sent.", []string{"make doctor STACK=sender"}}}},
		"of another version": {func(f *diagnosis.Facts) { f.Stack.Lacks = []string{"LaterRole"} }, []finding{
			{"The stack has no LaterRole: it was deployed from another version of the template, so no more can be said of it.", "does not work", []string{deploy}}}},
		"alarms": {func(f *diagnosis.Facts) {
			f.Alarms = []diagnosis.Alarm{{Name: "quiet"}, {Name: "it's", Description: "Dead letters wait.", Ringing: true, Since: morning}}
		}, []finding{{"The alarm it's rings since 2026-11-30 09:00:00 UTC.", "Dead letters wait.", []string{`aws cloudwatch describe-alarms --region eu-central-1 --alarm-names 'it'\''s' `}}}},
	})
}

func TestFunctionsAndWhatCallsThem(t *testing.T) {
	t.Parallel()
	zero, three := 0, 3
	check(t, map[string]struct {
		change func(f *diagnosis.Facts)
		want   []finding
	}{
		"gone": {func(f *diagnosis.Facts) { f.Functions[0].Gone = true }, []finding{
			{"The worker function w is gone.", "Nothing on the queues is sent.", []string{"aws cloudformation detect-stack-drift ", "aws cloudformation describe-stack-resource-drifts "}}}},
		"failed": {func(f *diagnosis.Facts) { f.Functions[1].State, f.Functions[1].Why = "Failed", "no image." }, []finding{
			{"The schedule function s is not ready to run (state Failed, last update Successful): no image.", "campaigns stand still", []string{"make deploy "}}}},
		"environment": {func(f *diagnosis.Facts) { f.Functions[0].Config = []string{"LEDGER is not set", "X is not"} }, []finding{
			{"The environment of the worker function w is wrong: LEDGER is not set; X is not.", "Nothing on the queues is sent.", []string{"make deploy ", "make deploy "}}}},
		"switched off": {func(f *diagnosis.Facts) { f.Functions[0].Reserved = &zero }, []finding{
			{"The worker function w is switched off: its reserved concurrency is 0.", "Nothing on the queues is sent.", []string{"aws lambda delete-function-concurrency --region eu-central-1 --function-name w"}}}},
		"too few": {func(f *diagnosis.Facts) { f.Functions[0].Reserved = &three }, []finding{
			{"The worker function w may run 3 times at once, and its queues start up to 4.", "late", []string{"aws lambda delete-function-concurrency "}}}},
		"no mapping": {func(f *diagnosis.Facts) { f.Mappings[0].ID = "" }, []finding{
			{"Nothing hands the records of the send queue to the worker: its event source mapping is gone.", "up to 14 days",
				[]string{"aws lambda create-event-source-mapping --region eu-central-1 --function-name w --event-source-arn " + queueARN + "send --batch-size 10 --function-response-types ReportBatchItemFailures "}}}},
		"disabled mapping": {func(f *diagnosis.Facts) { f.Mappings[1].State = "Disabled" }, []finding{
			{"The records of the bulk queue are not handed to the worker: its event source mapping is disabled since 2026-11-30 09:00:00 UTC.", "up to 14 days",
				[]string{"aws lambda update-event-source-mapping --region eu-central-1 --uuid m2 --enabled"}}}},
		"whole batches": {func(f *diagnosis.Facts) { f.Mappings[0].ReportsFailures = false }, []finding{
			{"Lambda takes every batch of the send queue for done: its event source mapping does not report failures of single records.", "LOST",
				[]string{"aws lambda update-event-source-mapping --region eu-central-1 --uuid m1 --function-response-types ReportBatchItemFailures"}}}},
		"broken mapping": {func(f *diagnosis.Facts) { f.Mappings[0].LastResult = "PROBLEM: no access." }, []finding{
			{"Lambda cannot hand the records of the send queue to the worker: PROBLEM: no access.", "up to 14 days", []string{"aws logs tail --region eu-central-1 /aws/lambda/sender-worker --since 1h"}}}},
	})
}

func TestRoles(t *testing.T) {
	t.Parallel()
	check(t, map[string]struct {
		change func(f *diagnosis.Facts)
		want   []finding
	}{
		"gone": {func(f *diagnosis.Facts) { f.Roles[0].Gone = true }, []finding{{"The role WorkerRole (wr) is gone.", "every 3 minutes", []string{"aws cloudformation ", "aws cloudformation "}}}},
		"not trusted": {func(f *diagnosis.Facts) {
			f.Roles = []diagnosis.Role{{ID: "LaterRole", Name: "lr", Service: "scheduler.amazonaws.com"}}
		}, []finding{{"scheduler.amazonaws.com may not assume the role LaterRole (lr).", "do not come to their queue",
			[]string{`aws iam update-assume-role-policy --region eu-central-1 --role-name lr --policy-document '{"Version": "2012-10-17", "Statement": [{"Effect": "Allow", "Principal": {"Service": "scheduler.amazonaws.com"}, "Action": "sts:AssumeRole", "Condition": {"StringEquals": {"aws:SourceAccount": "123456789012"}}}]}'`}}}},
		"several rights": {func(f *diagnosis.Facts) {
			f.Roles[0].Missing = []diagnosis.Missing{
				{Action: "sqs:SendMessage", Resource: "q1"}, {Action: "dynamodb:PutItem", Resource: "t", By: "its permissions boundary"},
				{Action: "sqs:ReceiveMessage", Resource: "q1"}, {Action: "sqs:SendMessage", Resource: "q2"},
			}
		}, []finding{
			{"The role WorkerRole (wr) may not do sqs:SendMessage, sqs:ReceiveMessage on q1; nor sqs:SendMessage on q2: no policy allows it any more.", "every 3 minutes",
				[]string{`aws iam put-role-policy --region eu-central-1 --role-name wr --policy-name mended --policy-document '{"Version": "2012-10-17", "Statement": [` +
					`{"Effect": "Allow", "Action": ["sqs:SendMessage", "sqs:ReceiveMessage"], "Resource": "q1"}, {"Effect": "Allow", "Action": ["sqs:SendMessage"], "Resource": "q2"}]}'`}},
			{"The role WorkerRole (wr) may not do dynamodb:PutItem on t: its permissions boundary forbids it.", "every 3 minutes", []string{"aws iam get-role ", "aws iam list-role-policies ", "aws iam list-attached-role-policies "}},
		}},
	})
}

func TestQueues(t *testing.T) {
	t.Parallel()
	check(t, map[string]struct {
		change func(f *diagnosis.Facts)
		want   []finding
	}{
		"a dead letter": {func(f *diagnosis.Facts) { f.Queues[2].Ready, f.Queues[2].Oldest = 1, 26*time.Hour }, []finding{
			{"1 record waits on the dead-letter queue of the send queue (send-dead), the oldest for about 26 hours, since 2026-11-29 10:00:00 UTC.", "not sent", []string{"make redrive STACK=sender"}}}},
		"dead events": {func(f *diagnosis.Facts) { f.Queues[3].Ready, f.Queues[3].InHand = 1, 1 }, []finding{
			{"2 events wait on the dead-letter queue of the schedules (schedule-dead).", "not put on a queue",
				[]string{"aws sqs receive-message --region eu-central-1 --queue-url " + queueURL + "schedule-dead ", "aws lambda invoke --region eu-central-1 --function-name s "}}}},
		"dead notes": {func(f *diagnosis.Facts) { f.Queues[4].Ready = 2 }, []finding{
			{"2 notes wait on the dead-letter queue of the outcome events (outcome-dead).", "sending goes on",
				[]string{"make problems STACK=sender", "aws sqs purge-queue --region eu-central-1 --queue-url " + queueURL + "outcome-dead"}}}},
		"no dead-letter queue": {func(f *diagnosis.Facts) { f.Queues[2].Gone = true }, []finding{
			{"The dead-letter queue of the send queue (send-dead) is gone.", "no place", []string{"aws cloudformation ", "aws cloudformation "}}}},
		"no queue":        {func(f *diagnosis.Facts) { f.Queues[1].Gone = true }, []finding{{"The bulk queue (bulk) is gone.", "503", []string{"aws cloudformation ", "aws cloudformation "}}}},
		"an hour's worth": {func(f *diagnosis.Facts) { f.Queues[0].Ready = 5998 }, nil},
		"more": {func(f *diagnosis.Facts) { f.Queues[0].Ready, f.Queues[0].Oldest = 12_000, 0 }, []finding{
			{"12002 records wait on the send queue: more than an hour of what the account may send, 100 a minute.", "in about 2 hours", []string{`make deploy ARGS="--stack-name sender" PARAMETERS="RatePerMinute=200"`}}}},
		"old ones": {func(f *diagnosis.Facts) { f.Queues[0].Oldest = 90 * time.Minute }, []finding{
			{"9 records wait on the send queue, the oldest for about 90 minutes, since 2026-11-30 10:30:00 UTC, although the account could have sent them.", "late", []string{"aws logs tail --region eu-central-1 /aws/lambda/sender-worker"}}}},
	})
}

func TestSchedulesAndCampaigns(t *testing.T) {
	t.Parallel()
	check(t, map[string]struct {
		change func(f *diagnosis.Facts)
		want   []finding
	}{
		"no group": {func(f *diagnosis.Facts) { f.Schedules.GroupGone = true }, []finding{
			{"The schedule group later is gone, and with it the schedules of all messages that were held until their time.", "cannot be held", []string{"aws scheduler create-schedule-group --region eu-central-1 --name later"}}}},
		"overdue and disabled": {func(f *diagnosis.Facts) {
			s := f.Schedules
			s.Overdue, s.OverdueSince, s.Disabled, s.More = 2, morning, 1, true
		}, []finding{
			{"At least 1 schedule of the group later will not fire: switched off.", "not sent at their time", []string{"aws scheduler list-schedules --region eu-central-1 --group-name later "}},
			{"At least 2 schedules of the group later should have fired, the first at 2026-11-30 09:00:00 UTC.", "late", []string{"aws scheduler list-schedules "}}}},
		"no tick": {func(f *diagnosis.Facts) { f.Schedules.Tick.Gone = true }, []finding{
			{"The schedule tick, which takes campaigns a step further each minute, is gone.", "All other messages go.", []string{"aws cloudformation ", "aws cloudformation "}}}},
		"tick switched off": {func(f *diagnosis.Facts) { f.Schedules.Tick.Enabled = false }, []finding{
			{"The schedule tick, which takes campaigns a step further each minute, is switched off.", "All other messages go.", []string{`aws scheduler update-schedule --region eu-central-1 --state ENABLED --cli-input-json "$(aws scheduler get-schedule --region eu-central-1 --name tick `}}}},
		"the example as it is": {func(f *diagnosis.Facts) { f.Schedules.Example.Enabled, f.Schedules.ExampleIsUnchanged = true, true }, []finding{
			{"The example schedule is switched on, and still has the recipient of the example.", "nobody has", []string{`make deploy ARGS="--stack-name sender" PARAMETERS="ExampleScheduleState=DISABLED"`}}}},
		"the example gone": {func(f *diagnosis.Facts) { f.Schedules.Example.Gone = true }, []finding{{"The example schedule example is gone.", "No other message", []string{"aws cloudformation ", "aws cloudformation "}}}},
		"campaigns": {func(f *diagnosis.Facts) {
			f.Campaigns.Paused = []diagnosis.Campaign{{ID: "spring", Reason: "DMLY refused the key"}}
			f.Campaigns.Stuck = []diagnosis.Campaign{{ID: "summer", Worked: morning}}
		}, []finding{
			{"The campaign spring has paused by itself: DMLY refused the key.", "All other messages go.",
				[]string{`curl "https://api.example/v1/campaigns/spring" -H "x-api-key: $API_KEY"`, `curl -X POST "https://api.example/v1/campaigns/spring/resume" -H "x-api-key: $API_KEY"`}},
			{"The campaign summer stands still: nobody has worked on it since 2026-11-30 09:00:00 UTC.", "All other messages go.", []string{"aws logs tail --region eu-central-1 /aws/lambda/sender-schedule ", `curl "https://api.example/v1/campaigns/summer"`}}}},
	})
}

func TestProblemsThatWait(t *testing.T) {
	t.Parallel()
	curl := func(state string) string {
		return `curl "https://api.example/v1/messages?state=` + state + `" -H "x-api-key: $API_KEY"`
	}
	check(t, map[string]struct {
		change func(f *diagnosis.Facts)
		want   []finding
	}{
		"one": {func(f *diagnosis.Facts) { f.Problems[0].N, f.Problems[0].Oldest = 1, morning }, []finding{
			{"1 message is unknown and needs a person, the first since 2026-11-30 09:00:00 UTC.", "nobody but a person can tell", []string{"make problems STACK=sender", curl("unknown"), "make settle STACK=sender ID=… AS=sent"}}}},
		"many": {func(f *diagnosis.Facts) {
			f.Problems = []diagnosis.Problems{{State: "failed", N: 2}, {State: "rejected", N: 1000, More: true, Oldest: morning}}
		}, []finding{
			{"2 messages are failed and need a person.", "attempts are used up", []string{"make problems STACK=sender", curl("failed"), "make settle STACK=sender ID=… AS=resend"}},
			{"More than 1000 messages are rejected and need a person, the first since 2026-11-30 09:00:00 UTC.", "said no", []string{"make problems STACK=sender", curl("rejected"), "make settle STACK=sender ID=… AS=drop"}}}},
	})
}
