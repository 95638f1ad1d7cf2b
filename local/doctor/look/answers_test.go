package look

import (
	"fmt"
	"net/http"
	"net/url"
	"strings"
	"testing"
	"time"

	"github.com/aws/smithy-go/encoding/cbor"

	"dmlysender/local/doctor/diagnosis"
)

// fields are an answer of CloudWatch.
func fields(of cbor.Map) http.HandlerFunc {
	return func(w http.ResponseWriter, _ *http.Request) {
		w.Header().Set("Smithy-Protocol", "rpc-v2-cbor")
		w.Header().Set("Content-Type", "application/cbor")
		_, _ = w.Write(cbor.Encode(of))
	}
}

func at(moment time.Time) cbor.Value {
	return &cbor.Tag{ID: 1, Value: cbor.Uint(uint64(moment.Unix()))}
}

// What a role may do is asked for a resource by itself, as IAM simulates no patterns.
func TestWhatRolesMayNotDo(t *testing.T) {
	t.Parallel()
	c := newCloud()
	c.calls["GetRole"] = func(w http.ResponseWriter, r *http.Request) {
		service := "lambda.amazonaws.com"
		if r.FormValue("RoleName") == "schedulerrole" {
			service = "scheduler.amazonaws.com"
		}
		policy := url.QueryEscape(`{"Statement": [{"Principal": {"Service": "` + service + `"}}]}`)
		xml("GetRole", "<Role><RoleName>r</RoleName><AssumeRolePolicyDocument>"+policy+"</AssumeRolePolicyDocument></Role>")(w, r)
	}
	c.calls["SimulatePrincipalPolicy"] = func(w http.ResponseWriter, r *http.Request) {
		resource := r.FormValue("ResourceArns.member.1")
		if strings.Contains(resource, "*") || r.FormValue("ContextEntries.member.1.ContextKeyName") != "iam:PassedToService" {
			t.Errorf("asked for %s in the context %v", resource, r.Form)
		}
		var b strings.Builder
		for i := 1; r.FormValue(fmt.Sprintf("ActionNames.member.%d", i)) != ""; i++ {
			action, decision, more := r.FormValue(fmt.Sprintf("ActionNames.member.%d", i)), "allowed", ""
			switch {
			case strings.HasSuffix(resource, ":audiencebucket/campaigns/any") && action == "s3:PutObject":
				decision = "implicitDeny"
			case strings.HasSuffix(resource, ":bulkqueue") && action == "sqs:ReceiveMessage":
				decision = "explicitDeny"
			case strings.HasSuffix(resource, "table/ledgertable") && action == "dynamodb:PutItem":
				decision, more = "implicitDeny", "<PermissionsBoundaryDecisionDetail><AllowedByPermissionsBoundary>false</AllowedByPermissionsBoundary></PermissionsBoundaryDecisionDetail>"
			}
			fmt.Fprintf(&b, "<member><EvalActionName>%s</EvalActionName><EvalDecision>%s</EvalDecision>%s</member>", action, decision, more)
		}
		xml("SimulatePrincipalPolicy", "<EvaluationResults>"+b.String()+"</EvaluationResults>")(w, r)
	}
	got := map[string]diagnosis.Role{}
	for _, r := range c.facts(t).Roles {
		got[r.ID] = r
	}
	const table, plans = "arn:aws:dynamodb:eu-central-1:123456789012:table/ledgertable", "arn:aws:s3:::audiencebucket/campaigns/*"
	for id, want := range map[string]struct {
		trusts  bool
		missing []diagnosis.Missing
	}{
		"WorkerRole":    {true, []diagnosis.Missing{{Action: "sqs:ReceiveMessage", Resource: "arn:aws:sqs:eu-central-1:123456789012:bulkqueue", By: "a policy"}, {Action: "dynamodb:PutItem", Resource: table, By: "its permissions boundary"}}},
		"ScheduleRole":  {true, []diagnosis.Missing{{Action: "dynamodb:PutItem", Resource: table, By: "its permissions boundary"}, {Action: "s3:PutObject", Resource: plans}}},
		"LaterRole":     {false, nil},
		"SchedulerRole": {true, nil},
	} {
		r := got[id]
		if r.Trusts != want.trusts || !r.Simulated || fmt.Sprint(r.Missing) != fmt.Sprint(want.missing) {
			t.Errorf("%s: got %+v, want %+v", id, r, want)
		}
	}
}

func TestAgesRefusalsAndAlarms(t *testing.T) {
	t.Parallel()
	c := holding(theKey)
	names := resourcesNamed(parts...)
	c.calls["DescribeStackResources"] = func(w http.ResponseWriter, r *http.Request) {
		names(&replacing{w, "<StackResources>", "<StackResources><member><LogicalResourceId>A</LogicalResourceId><PhysicalResourceId>late</PhysicalResourceId><ResourceType>AWS::CloudWatch::Alarm</ResourceType></member>"}, r)
	}
	c.calls["GetQueueAttributes"] = func(w http.ResponseWriter, _ *http.Request) {
		fmt.Fprint(w, `{"Attributes": {"ApproximateNumberOfMessages": "3", "ApproximateNumberOfMessagesNotVisible": "2", "ApproximateNumberOfMessagesDelayed": "1"}}`)
	}
	result := func(id string, values cbor.List, moments ...time.Time) cbor.Value {
		var times cbor.List
		for _, m := range moments {
			times = append(times, at(m))
		}
		return cbor.Map{"Id": cbor.String(id), "Timestamps": times, "Values": values}
	}
	c.calls["GetMetricData"] = fields(cbor.Map{"MetricDataResults": cbor.List{
		result("refused", cbor.List{cbor.Float64(2), cbor.Float64(0), cbor.Float64(1)}, noon.Add(-time.Minute), noon.Add(-time.Hour), noon.Add(-2*time.Hour)),
		result("age0", cbor.List{cbor.Float64(90), cbor.Float64(5)}, noon.Add(-5*time.Minute), noon.Add(-10*time.Minute)),
		result("age1", cbor.List{cbor.Float64(90)}, noon.Add(-time.Hour)),
	}})
	c.calls["DescribeAlarms"] = fields(cbor.Map{"MetricAlarms": cbor.List{cbor.Map{
		"AlarmName": cbor.String("late"), "AlarmDescription": cbor.String("Records wait."), "StateValue": cbor.String("ALARM"), "StateUpdatedTimestamp": at(noon),
	}}})
	f := c.facts(t)
	if q := f.Queues; len(q) != 5 || q[0].Ready != 3 || q[0].InHand != 2 || q[0].Delayed != 1 || q[0].Oldest != 90*time.Second || q[1].Oldest != 0 {
		t.Errorf("the queues are %+v; an age of an hour ago says nothing", q)
	}
	if f.Key == nil || f.Key.Refusals != 3 || !f.Key.RefusedSince.Equal(noon.Add(-2*time.Hour)) {
		t.Errorf("the key is %+v", f.Key)
	}
	if want := (diagnosis.Alarm{Name: "late", Description: "Records wait.", Ringing: true, Since: noon}); len(f.Alarms) != 1 || !f.Alarms[0].Since.Equal(noon) || f.Alarms[0].Description != want.Description || !f.Alarms[0].Ringing {
		t.Errorf("the alarms are %+v, want %+v", f.Alarms, want)
	}
}

// replacing writes an answer with a text in the place of another.
type replacing struct {
	http.ResponseWriter
	old, new string
}

func (r *replacing) Write(p []byte) (int, error) {
	_, err := r.ResponseWriter.Write([]byte(strings.Replace(string(p), r.old, r.new, 1)))
	return len(p), err
}
