package look

import (
	"fmt"
	"net/http"
	"strings"
	"testing"
	"time"

	"github.com/aws/smithy-go/encoding/cbor"

	"dmlysender/local/doctor/diagnosis"
	"dmlysender/shared/awsconf/awstest"
)

var noon = time.Date(2026, 11, 30, 12, 0, 0, 0, time.UTC)

// cloud is a stand-in for AWS with one stack. What it does not know, these credentials may not do.
type cloud struct {
	// calls are the answers, by the call's name, such as "DescribeStacks", or method and path for REST.
	calls map[string]http.HandlerFunc
}

// newCloud has a stack with all the parts, of which nothing but the names can be read.
func newCloud() *cloud {
	return &cloud{calls: map[string]http.HandlerFunc{
		"DescribeStacks": xml("DescribeStacks", `<Stacks><member><StackName>sender</StackName><StackId>arn:aws:cloudformation:eu-central-1:123456789012:stack/sender/1</StackId>
			<StackStatus>CREATE_COMPLETE</StackStatus><CreationTime>2026-11-30T09:00:00Z</CreationTime>
			<Parameters><member><ParameterKey>RatePerMinute</ParameterKey><ParameterValue>100</ParameterValue></member>
			<member><ParameterKey>WorkspaceId</ParameterKey><ParameterValue>W1</ParameterValue></member></Parameters>
			<Outputs><member><OutputKey>ApiUrl</OutputKey><OutputValue>https://api.example</OutputValue></member></Outputs></member></Stacks>`),
		"DescribeStackResources": resourcesNamed(append(parts, "ExampleSchedule")...),
	}}
}

// resourcesNamed has each resource called as in the template, in lower case.
func resourcesNamed(ids ...string) http.HandlerFunc {
	var b strings.Builder
	for _, id := range ids {
		name := strings.ToLower(id)
		if strings.HasSuffix(id, "Queue") {
			name = "https://sqs.eu-central-1.amazonaws.com/123456789012/" + name
		}
		fmt.Fprintf(&b, "<member><LogicalResourceId>%s</LogicalResourceId><PhysicalResourceId>%s</PhysicalResourceId><ResourceType>AWS::X</ResourceType></member>", id, name)
	}
	return xml("DescribeStackResources", "<StackResources>"+b.String()+"</StackResources>")
}

func xml(call, result string) http.HandlerFunc {
	return func(w http.ResponseWriter, _ *http.Request) {
		w.Header().Set("Content-Type", "text/xml")
		fmt.Fprintf(w, "<%sResponse><%sResult>%s</%sResult></%sResponse>", call, call, result, call, call)
	}
}

// xmlError is an error as CloudFormation and IAM write it.
func xmlError(status int, code, message string) http.HandlerFunc {
	return func(w http.ResponseWriter, _ *http.Request) {
		w.Header().Set("Content-Type", "text/xml")
		w.WriteHeader(status)
		fmt.Fprintf(w, "<ErrorResponse><Error><Code>%s</Code><Message>%s</Message></Error></ErrorResponse>", code, message)
	}
}

// callOf is the name of a call, and its refusal in the protocol of its service.
func callOf(r *http.Request) (name string, refuse http.HandlerFunc) {
	const denied, why = "AccessDeniedException", "you may not"
	if target := r.Header.Get("X-Amz-Target"); target != "" {
		_, name, _ = strings.Cut(target, ".")
		return name, awstest.Refuse(http.StatusBadRequest, "x#"+denied, why)
	}
	if _, name, is := strings.Cut(r.URL.Path, "/operation/"); is {
		return name, func(w http.ResponseWriter, _ *http.Request) {
			w.Header().Set("Smithy-Protocol", "rpc-v2-cbor")
			w.Header().Set("Content-Type", "application/cbor")
			w.WriteHeader(http.StatusForbidden)
			_, _ = w.Write(cbor.Encode(cbor.Map{"__type": cbor.String("x#" + denied), "message": cbor.String(why)}))
		}
	}
	if r.URL.Path == "/" {
		return r.FormValue("Action"), xmlError(http.StatusForbidden, "AccessDenied", why)
	}
	return r.Method + " " + r.URL.Path, func(w http.ResponseWriter, _ *http.Request) {
		w.Header().Set("X-Amzn-Errortype", denied)
		w.WriteHeader(http.StatusForbidden)
		fmt.Fprintf(w, `{"message": "%s"}`, why)
	}
}

func (c *cloud) ServeHTTP(w http.ResponseWriter, r *http.Request) {
	name, refuse := callOf(r)
	if answer, known := c.calls[name]; known {
		answer(w, r)
		return
	}
	refuse(w, r)
}

// at looks at the stack in the cloud.
func (c *cloud) at(t *testing.T) (diagnosis.Facts, error) {
	t.Helper()
	return At(t.Context(), awstest.ConfigFor(t, c), "sender", func() time.Time { return noon })
}

// facts are those of the stack in the cloud.
func (c *cloud) facts(t *testing.T) diagnosis.Facts {
	t.Helper()
	f, err := c.at(t)
	if err != nil {
		t.Fatal(err)
	}
	return f
}

// says whether something with this in it could not be looked at.
func unseen(f diagnosis.Facts, what string) bool {
	for _, u := range f.Unseen {
		if strings.Contains(u.What+": "+u.Why, what) {
			return true
		}
	}
	return false
}
