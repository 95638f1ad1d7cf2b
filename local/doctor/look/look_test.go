package look

import (
	"net/http"
	"strings"
	"testing"
	"time"

	"dmlysender/local/doctor/diagnosis"
	"dmlysender/shared/awsconf/awstest"
)

func TestWhereNothingCanBeSeenASentenceSaysWhy(t *testing.T) {
	t.Parallel()
	for name, tt := range map[string]struct {
		calls map[string]http.HandlerFunc
		want  string
	}{
		"no stack": {map[string]http.HandlerFunc{"DescribeStacks": xmlError(400, "ValidationError", "Stack with id sender does not exist")},
			"there is no stack sender in eu-central-1: name another by STACK=, or its Region by AWS_REGION="},
		"expired":        {map[string]http.HandlerFunc{"DescribeStacks": xmlError(403, "ExpiredToken", "no")}, "the AWS credentials have expired: sign in anew"},
		"unknown":        {map[string]http.HandlerFunc{"DescribeStacks": xmlError(403, "InvalidClientTokenId", "no")}, "AWS does not know these credentials"},
		"denied":         {map[string]http.HandlerFunc{"DescribeStacks": xmlError(403, "AccessDenied", "no")}, "have somebody allow them cloudformation:DescribeStacks and cloudformation:DescribeStackResources on sender"},
		"half denied":    {map[string]http.HandlerFunc{"DescribeStackResources": xmlError(403, "AccessDenied", "no")}, "have somebody allow them cloudformation:DescribeStacks and"},
		"something else": {map[string]http.HandlerFunc{"DescribeStacks": xmlError(400, "Odd", "why not")}, "look at the stack sender in eu-central-1: "},
		"another's":      {map[string]http.HandlerFunc{"DescribeStackResources": resourcesNamed("Bucket")}, "the stack sender in eu-central-1 has no WorkerFunction: name a stack that was deployed from this template"},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			c := newCloud()
			for call, answer := range tt.calls {
				c.calls[call] = answer
			}
			if _, err := c.at(t); err == nil || !strings.HasPrefix(err.Error(), tt.want) && !strings.Contains(err.Error(), tt.want) {
				t.Errorf("got %v, want %s", err, tt.want)
			}
		})
	}
}

func TestARegionThatCannotBeReachedIsSaid(t *testing.T) {
	t.Parallel()
	cfg := awstest.Config(t, map[string]string{"AWS_ENDPOINT_URL": "http://127.0.0.1:1"})
	_, err := At(t.Context(), cfg, "sender", time.Now)
	if want := "CloudFormation in eu-central-1 cannot be reached: "; err == nil || !strings.HasPrefix(err.Error(), want) {
		t.Errorf("got %v, want %s", err, want)
	}
}

func TestOfAStackThatIsNotThereNoPartIsLookedAt(t *testing.T) {
	t.Parallel()
	for name, change := range map[string]func(c *cloud){
		"never deployed": func(c *cloud) {
			c.calls["DescribeStacks"] = xml("DescribeStacks", "<Stacks><member><StackStatus>ROLLBACK_COMPLETE</StackStatus></member></Stacks>")
		},
		"of another version": func(c *cloud) { c.calls["DescribeStackResources"] = resourcesNamed(parts[0]) },
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			c := newCloud()
			change(c)
			f := c.facts(t)
			if len(f.Unseen) != 0 || len(diagnosis.Diagnose(f).Wrong) != 1 {
				t.Errorf("got %+v", f)
			}
		})
	}
}

// AWS answers with the same code whether it is the secret or its key that may not be used.
func TestWithAKeyOfOnesOwnItsRightIsNamed(t *testing.T) {
	t.Parallel()
	const key = "arn:aws:kms:eu-central-1:123456789012:key/1"
	c := newCloud()
	c.calls["DescribeStacks"] = xml("DescribeStacks", `<Stacks><member><StackName>sender</StackName><StackStatus>CREATE_COMPLETE</StackStatus>
		<Parameters><member><ParameterKey>KmsKeyArn</ParameterKey><ParameterValue>`+key+`</ParameterValue></member></Parameters></member></Stacks>`)
	f := c.facts(t)
	for _, want := range []string{
		"have somebody allow them secretsmanager:GetSecretValue on dmlykeysecret, and kms:Decrypt on " + key,
		"have somebody allow them dynamodb:Query on ledgertable/index/attention, and kms:Decrypt on " + key,
		"have somebody allow them lambda:GetFunctionConfiguration on workerfunction",
	} {
		if !unseen(f, want) {
			t.Errorf("nothing says %q", want)
		}
	}
}

// Each right that is missing is asked for by its name, and for those credentials, not for a function's role.
func TestWithoutRightsTheRestIsLookedAt(t *testing.T) {
	t.Parallel()
	f := newCloud().facts(t)
	if f.Stack.Account != "123456789012" || f.Stack.APIURL != "https://api.example" || f.Rate != 100 || !f.Stack.Since.Equal(noon.Add(-3*time.Hour)) {
		t.Errorf("the stack is %+v with rate %d", f.Stack, f.Rate)
	}
	for _, want := range []string{
		"the worker function: these credentials may not: have somebody allow them lambda:GetFunctionConfiguration on workerfunction",
		"the queue senddeadletterqueue: these credentials may not: have somebody allow them sqs:GetQueueAttributes on senddeadletterqueue",
		"lambda:ListEventSourceMappings on *", "the DMLY key, and with it whether an account is paused: these credentials may not: have somebody allow them secretsmanager:GetSecretValue on dmlykeysecret",
		"the keys of the HTTP API: these credentials may not: have somebody allow them secretsmanager:GetSecretValue on inboundkeyssecret",
		"the messages that need a person: these credentials may not: have somebody allow them dynamodb:Query on ledgertable/index/attention",
		"the campaigns: ", "scheduler:ListSchedules on *", "iam:GetRole on laterrole", "iam:SimulatePrincipalPolicy on the roles of the stack", "cloudwatch:GetMetricData on *",
	} {
		if !unseen(f, want) {
			t.Errorf("nothing says %q", want)
		}
	}
	for _, u := range f.Unseen {
		if strings.Contains(u.Why, "function's role") || !strings.Contains(u.Why, "these credentials may not") {
			t.Errorf("%s: %s", u.What, u.Why)
		}
	}
	if got := diagnosis.Diagnose(f); len(got.Wrong) != 0 || len(got.Unseen) != len(f.Unseen) {
		t.Errorf("wrong: %+v", got.Wrong)
	}
}
