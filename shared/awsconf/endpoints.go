package awsconf

import (
	"context"
	"errors"
	"fmt"
	"net/url"
	"strconv"
	"strings"
)

const (
	endpointVariable       = "AWS_ENDPOINT_URL"
	ignoreEndpointVariable = "AWS_IGNORE_CONFIGURED_ENDPOINT_URLS"
)

// services are the SDK ids of the services that this project calls. Their overrides are checked at the start,
// because the SDK passes over a malformed one in silence and would call the real service.
var services = [...]string{"DynamoDB", "SQS", "Secrets Manager", "Scheduler", "S3", "SFN", "EventBridge", "CloudFormation", "Lambda", "IAM", "CloudWatch"}

// endpoints holds what the environment says about endpoints. Every service client asks the ConfigSources of its aws.Config
// for methods of these names; this is how the SDK's own loader hands the variables over, too.
type endpoints struct {
	getenv  func(string) string
	ignored bool
}

func newEndpoints(getenv func(string) string) (endpoints, error) {
	e := endpoints{getenv: getenv}
	if text := getenv(ignoreEndpointVariable); text != "" {
		ignored, err := strconv.ParseBool(text)
		if err != nil {
			return endpoints{}, fmt.Errorf("%s is %q: it must be true or false", ignoreEndpointVariable, text)
		}
		e.ignored = ignored
	}
	if e.ignored {
		return e, nil
	}
	problems := []error{check(endpointVariable, getenv(endpointVariable))}
	for _, service := range services {
		name := serviceVariable(service)
		problems = append(problems, check(name, getenv(name)))
	}
	return e, errors.Join(problems...)
}

// base returns the endpoint for every service without one of its own, nil for AWS itself.
func (e endpoints) base() *string {
	value := e.getenv(endpointVariable)
	if e.ignored || value == "" {
		return nil
	}
	return &value
}

// GetServiceBaseEndpoint answers the SDK's question for the endpoint of one service, named by its SDK id ("Secrets Manager").
func (e endpoints) GetServiceBaseEndpoint(_ context.Context, sdkID string) (endpoint string, found bool, err error) {
	value := e.getenv(serviceVariable(sdkID))
	return value, value != "", nil
}

// GetIgnoreConfiguredEndpoints answers the SDK's question whether every endpoint variable is to be passed over.
func (e endpoints) GetIgnoreConfiguredEndpoints(context.Context) (ignored, found bool, err error) {
	return e.ignored, e.ignored, nil
}

// serviceVariable follows https://docs.aws.amazon.com/sdkref/latest/guide/feature-ss-endpoints.html:
// "Secrets Manager" is looked for in AWS_ENDPOINT_URL_SECRETS_MANAGER.
func serviceVariable(sdkID string) string {
	return endpointVariable + "_" + strings.ReplaceAll(strings.ToUpper(sdkID), " ", "_")
}

// check reports a value that no request could be sent to, without repeating it: an endpoint may carry a password.
func check(name, value string) error {
	if value == "" {
		return nil
	}
	u, err := url.Parse(value)
	if err != nil || u.Host == "" || (u.Scheme != "http" && u.Scheme != "https") {
		return fmt.Errorf("%s is not a URL such as http://127.0.0.1:4566", name)
	}
	return nil
}
