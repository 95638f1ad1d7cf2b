//go:build e2e

package stack_test

import (
	"context"
	"errors"
	"fmt"
	"os/exec"
	"path"
	"regexp"
	"strings"
	"testing"
	"time"

	"github.com/aws/aws-sdk-go-v2/aws"
	"github.com/aws/aws-sdk-go-v2/service/cloudformation"
	"github.com/aws/aws-sdk-go-v2/service/cloudwatch"
	cloudwatchtypes "github.com/aws/aws-sdk-go-v2/service/cloudwatch/types"
	"github.com/aws/aws-sdk-go-v2/service/iam"
	"github.com/aws/aws-sdk-go-v2/service/lambda"
	"github.com/aws/aws-sdk-go-v2/service/scheduler"
	schedulertypes "github.com/aws/aws-sdk-go-v2/service/scheduler/types"
	"github.com/aws/aws-sdk-go-v2/service/secretsmanager"
	"github.com/aws/aws-sdk-go-v2/service/sqs"

	"dmlysender/e2e/deployed"
	"dmlysender/shared/delivery"
	"dmlysender/shared/dmlytest"
)

// The exit statuses of the doctor.
const (
	well  = 0
	wrong = 1
	blind = 2
)

// isMended checks that nothing of all that is said any more. The stack's alarms may take longer.
func (p *patient) isMended(t *testing.T) {
	t.Helper()
	out, err := deployed.Command(p.ctx, t, "build/doctor", p.Name).CombinedOutput()
	if _, failed := errors.AsType[*exec.ExitError](err); err != nil && !failed {
		t.Fatal(err)
	}
	for _, gone := range []string{"queue to the worker: ", "are not handed", "may not do", "DMLY refuses the key of", "dead-letter queue of", "switched off since", "needs a person, the first"} {
		if strings.Contains(string(out), gone) {
			t.Errorf("it still says %q", gone)
		}
	}
	p.says(t, string(out), "No account is paused (1 account)", "3 dead-letter queues are empty.", "No unknown or failed or rejected message needs a person.")
}

// newKey is what the stack's users get from DMLY when the one that they had is refused.
const newKey = "doctor-e2e-new-key"

// patient is a stack that the doctor looks at.
type patient struct {
	*rig
	ctx context.Context //nolint:containedctx // one for the whole test
	// names are what the resources of the template are called in it.
	names map[string]string
}

func TestE2EDoctor(t *testing.T) {
	t.Parallel()
	ctx := deployed.Begin(t, 2*whole) // it waits until the other stack is deployed
	s := deployed.Fresh(ctx, t, "doctor")
	p := &patient{ctx: ctx, names: map[string]string{}, rig: &rig{Stack: s, sqs: sqs.NewFromConfig(s.Config), schedules: scheduler.NewFromConfig(s.Config)}}
	listed, err := cloudformation.NewFromConfig(s.Config).DescribeStackResources(ctx, &cloudformation.DescribeStackResourcesInput{StackName: &s.Name})
	if err != nil {
		t.Fatal(err)
	}
	for _, r := range listed.StackResources {
		p.names[*r.LogicalResourceId] = *r.PhysicalResourceId
	}

	p.isWithoutKey(t)
	p.mayDoWhatIsPrinted(t)
	p.is(t, well, "nothing is wrong.\n\nWhat is right:\n", "The secret has held a DMLY key since ", "The worker function is ready to run.",
		"These roles may do what they have to: WorkerRole, ScheduleRole, ApiRole, LaterRole, SchedulerRole.", "No account is paused (1 account).", "3 dead-letter queues are empty.")
	mend := p.fallsIll(t)
	p.is(t, wrong, p.symptoms(t)...)
	mend()
	p.isMended(t)
	s.Name += "-of-nobody"
	p.is(t, blind, "there is no stack "+s.Name+" in "+s.Config.Region)
	s.Name = strings.TrimSuffix(s.Name, "-of-nobody")
}

// is runs the built doctor, and checks what it ends with and says. Nobody may read a key or a recipient in it.
func (p *patient) is(t *testing.T, status int, said ...string) string {
	t.Helper()
	out, err := deployed.Command(p.ctx, t, "build/doctor", p.Name).CombinedOutput()
	got := 0
	if exit, ok := errors.AsType[*exec.ExitError](err); ok {
		got = exit.ExitCode()
	} else if err != nil {
		t.Fatal(err)
	}
	text := string(out)
	if got != status {
		t.Errorf("status %d, want %d", got, status)
	}
	p.says(t, text, said...)
	return text
}

func (p *patient) says(t *testing.T, text string, said ...string) {
	t.Helper()
	for _, want := range said {
		if !strings.Contains(text, want) {
			t.Errorf("it does not say %q", want)
		}
	}
	for _, secret := range []string{dmlytest.DefaultKey, newKey, p.Key, "+1555"} {
		if secret != "" && strings.Contains(text, secret) {
			t.Errorf("it says %q", secret)
		}
	}
	if t.Failed() {
		t.Fatal(text)
	}
}

// isWithoutKey checks what is said of a stack that was just deployed, by the command that its users type, and does what is said.
func (p *patient) isWithoutKey(t *testing.T) {
	t.Helper()
	out, err := deployed.Command(p.ctx, t, "make", "doctor", "STACK="+p.Name).CombinedOutput()
	if _, failed := errors.AsType[*exec.ExitError](err); !failed {
		t.Errorf("make doctor: %v, want that it fails", err)
	}
	p.says(t, string(out), p.Name+" in eu-central-1, ", "\n1. Nobody has stored the DMLY key: its secret has held a placeholder since ",
		"Type next:\n", p.Output(t, "SetDmlyKeyCommand")+"\n", "The secret with the keys of the HTTP API can be used.")
	p.StoreKeys(p.ctx, t)
}

// putRolePolicy is a command that the doctor prints.
var putRolePolicy = regexp.MustCompile(`aws iam put-role-policy --region \S+ --role-name (\S+) --policy-name (\S+) --policy-document '(.+)'\n`)

// mayDoWhatIsPrinted gives the roles what the doctor says that they lack. The stand-in heeds no conditions, so it takes the
// roles that are allowed iam:PassRole to one service for such that are not.
func (p *patient) mayDoWhatIsPrinted(t *testing.T) {
	t.Helper()
	text := p.is(t, wrong, "2 things are wrong.", "may not do iam:PassRole on arn:aws:iam::000000000000:role/", ": no policy allows it any more.")
	commands := putRolePolicy.FindAllStringSubmatch(text, -1)
	if len(commands) != 2 {
		t.Fatalf("%d commands give a role a policy, want 2\n%s", len(commands), text)
	}
	for _, c := range commands {
		if _, err := iam.NewFromConfig(p.Config).PutRolePolicy(p.ctx, &iam.PutRolePolicyInput{RoleName: &c[1], PolicyName: &c[2], PolicyDocument: &c[3]}); err != nil {
			t.Fatal(err)
		}
	}
}

// fallsIll has everything go wrong, and returns what mends it.
func (p *patient) fallsIll(t *testing.T) (mend func()) {
	t.Helper()
	p.Sim.Inject(dmlytest.Fault{Match: "doctor-lost", Cut: dmlytest.CutAfter})
	p.put(t, text("doctor-lost", nil))
	p.comesToStand(t, "doctor-lost", delivery.Unknown, takeTime)
	p.Sim.SetKeys("another-key")
	p.put(t, text("doctor-refused", nil))
	p.comesToStand(t, "doctor-refused", delivery.Waiting, takeTime)
	p.deadLetter(t)
	p.measures(t)
	mendMappings, mendTick, mendRole := p.withoutMappings(t), p.withoutTick(t), p.withoutRights(t)
	return func() {
		p.Sim.SetKeys(newKey)
		p.storeKey(t)
		mendMappings()
		mendTick()
		mendRole()
		deployed.Output(p.ctx, t, "make", "redrive", "STACK="+p.Name)
		deployed.Output(p.ctx, t, "make", "settle", "STACK="+p.Name, "ID=doctor-lost", "AS=sent", "BY=doctor")
	}
}

// symptoms are what is said of a stack for which everything goes wrong.
func (p *patient) symptoms(t *testing.T) []string {
	t.Helper()
	return []string{
		"Nothing hands the records of the send queue to the worker: its event source mapping is gone.",
		"aws lambda create-event-source-mapping --region eu-central-1 --function-name " + p.names["WorkerFunction"] + " --event-source-arn " + p.arnOf(t, "SendQueueUrl") + " ",
		"The records of the bulk queue are not handed to the worker: its event source mapping is disabled since ",
		"aws lambda update-event-source-mapping --region eu-central-1 --uuid ", " --enabled\n",
		"The role LaterRole (" + p.names["LaterRole"] + ") may not do sqs:SendMessage on " + p.arnOf(t, "SendQueueUrl") + ": a policy forbids it.",
		`DMLY refuses the key of the account "default", which pauses until `, "; a key was refused 3 times within a day, first at about ",
		"1 record waits on the dead-letter queue of the send queue (" + path.Base(p.Output(t, "SendDeadLetterQueueUrl")) + "), the oldest for about 2 hours, since ",
		"make redrive STACK=" + p.Name + "\n",
		", which takes campaigns a step further each minute, is switched off since ",
		"1 message is unknown and needs a person, the first since ",
		"make problems STACK=" + p.Name + "\n", `curl "` + p.Output(t, "ApiUrl") + `/v1/messages?state=unknown" -H "x-api-key: $API_KEY"` + "\n",
		"make settle STACK=" + p.Name + " ID=… AS=sent\n",
	}
}

// storeKey stores another key than the one that was refused: with that, the account would stay paused.
func (p *patient) storeKey(t *testing.T) {
	t.Helper()
	in := &secretsmanager.PutSecretValueInput{SecretId: aws.String(p.names["DmlyKeySecret"]), SecretString: aws.String(newKey)}
	if _, err := secretsmanager.NewFromConfig(p.Config).PutSecretValue(p.ctx, in); err != nil {
		t.Fatal(err)
	}
}

func (p *patient) deadLetter(t *testing.T) {
	t.Helper()
	in := &sqs.SendMessageInput{QueueUrl: aws.String(p.Output(t, "SendDeadLetterQueueUrl")), MessageBody: aws.String(text("doctor-dead", nil))}
	if _, err := p.sqs.SendMessage(p.ctx, in); err != nil {
		t.Fatal(err)
	}
}

// measures writes what AWS would measure itself.
func (p *patient) measures(t *testing.T) {
	t.Helper()
	dead := []cloudwatchtypes.Dimension{{Name: aws.String("QueueName"), Value: aws.String(path.Base(p.Output(t, "SendDeadLetterQueueUrl")))}}
	for namespace, datum := range map[string]cloudwatchtypes.MetricDatum{
		"AWS/SQS": {MetricName: aws.String("ApproximateAgeOfOldestMessage"), Dimensions: dead, Value: aws.Float64(2 * 60 * 60), Timestamp: aws.Time(time.Now().Add(-time.Minute))},
		p.Name:    {MetricName: aws.String("KeyRefused"), Value: aws.Float64(3), Timestamp: aws.Time(time.Now().Add(-time.Minute))},
	} {
		in := &cloudwatch.PutMetricDataInput{Namespace: aws.String(namespace), MetricData: []cloudwatchtypes.MetricDatum{datum}}
		if _, err := cloudwatch.NewFromConfig(p.Config).PutMetricData(p.ctx, in); err != nil {
			t.Fatal(err)
		}
	}
}

// withoutMappings deletes the mapping of the send queue and disables that of the bulk queue.
func (p *patient) withoutMappings(t *testing.T) (mend func()) {
	t.Helper()
	client := lambda.NewFromConfig(p.Config)
	send, bulk := p.names["WorkerFunctionSend"], p.names["WorkerFunctionBulk"]
	stood, err := client.GetEventSourceMapping(p.ctx, &lambda.GetEventSourceMappingInput{UUID: &send})
	if err == nil {
		_, err = client.DeleteEventSourceMapping(p.ctx, &lambda.DeleteEventSourceMappingInput{UUID: &send})
	}
	if err == nil {
		_, err = client.UpdateEventSourceMapping(p.ctx, &lambda.UpdateEventSourceMappingInput{UUID: &bulk, Enabled: aws.Bool(false)})
	}
	if err != nil {
		t.Fatal(err)
	}
	return func() {
		_, err := client.CreateEventSourceMapping(p.ctx, &lambda.CreateEventSourceMappingInput{
			FunctionName: stood.FunctionArn, EventSourceArn: stood.EventSourceArn, BatchSize: stood.BatchSize,
			FunctionResponseTypes: stood.FunctionResponseTypes, ScalingConfig: stood.ScalingConfig,
		})
		if err == nil {
			_, err = client.UpdateEventSourceMapping(p.ctx, &lambda.UpdateEventSourceMappingInput{UUID: &bulk, Enabled: aws.Bool(true)})
		}
		if err != nil {
			t.Fatal(err)
		}
	}
}

// withoutTick switches the schedule of the campaigns off.
func (p *patient) withoutTick(t *testing.T) (mend func()) {
	t.Helper()
	name := p.names["CampaignTick"]
	stood, err := p.schedules.GetSchedule(p.ctx, &scheduler.GetScheduleInput{Name: &name})
	if err != nil {
		t.Fatal(err)
	}
	set := func(state schedulertypes.ScheduleState) {
		_, err := p.schedules.UpdateSchedule(p.ctx, &scheduler.UpdateScheduleInput{
			Name: &name, State: state, ScheduleExpression: stood.ScheduleExpression, FlexibleTimeWindow: stood.FlexibleTimeWindow, Target: stood.Target,
		})
		if err != nil {
			t.Fatal(err)
		}
	}
	set(schedulertypes.ScheduleStateDisabled)
	return func() { set(schedulertypes.ScheduleStateEnabled) }
}

// withoutRights forbids the role of the schedules to put records on the send queue.
func (p *patient) withoutRights(t *testing.T) (mend func()) {
	t.Helper()
	client, role, policy := iam.NewFromConfig(p.Config), p.names["LaterRole"], "forbid"
	document := fmt.Sprintf(`{"Version": "2012-10-17", "Statement": [{"Effect": "Deny", "Action": "sqs:SendMessage", "Resource": "%s"}]}`, p.arnOf(t, "SendQueueUrl"))
	if _, err := client.PutRolePolicy(p.ctx, &iam.PutRolePolicyInput{RoleName: &role, PolicyName: &policy, PolicyDocument: &document}); err != nil {
		t.Fatal(err)
	}
	return func() {
		if _, err := client.DeleteRolePolicy(p.ctx, &iam.DeleteRolePolicyInput{RoleName: &role, PolicyName: &policy}); err != nil {
			t.Fatal(err)
		}
	}
}
