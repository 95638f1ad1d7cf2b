package look

import (
	"context"
	"errors"
	"fmt"
	"net"
	"slices"
	"strings"

	"github.com/aws/smithy-go"

	"dmlysender/local/doctor/diagnosis"
	"dmlysender/shared/apikey/secretsmanager"
	"dmlysender/shared/queue/sqs"
	"dmlysender/shared/table"
)

// unseen notes what could not be looked at: action is what these credentials need for it, on the resource. What is encrypted with a key of
// one's own is refused in the same way if it is that key which they may not use.
func (l *looker) unseen(ctx context.Context, what, action, resource string, err error) {
	encrypted := action == readSecret || strings.HasPrefix(action, "dynamodb:")
	if key := l.stack.parameters["KmsKeyArn"]; key != "" && encrypted {
		resource += ", and kms:Decrypt on " + key
	}
	l.facts.Unseen = append(l.facts.Unseen, diagnosis.Unseen{What: what, Why: why(ctx, err, action, resource)})
}

// why is a sentence without its full stop. It repeats nothing that a service answered beside its code: who may not look
// is a person with credentials of their own, and not the function's role that other packages speak of.
func why(ctx context.Context, err error, action, resource string) string {
	switch code := codeOf(err); {
	case denied(err):
		return fmt.Sprintf("these credentials may not: have somebody allow them %s on %s", action, resource)
	case ctx.Err() != nil:
		return "there was no time left"
	case code != "":
		return fmt.Sprintf("%s was answered with %s: try again", action, code)
	default: // what went wrong may repeat the answer
		return action + " was not answered in a way that can be read: try again, and see what AWS_ENDPOINT_URL says"
	}
}

// codeOf is the code of an error that AWS answered; empty if it is another one.
func codeOf(err error) string {
	if refused, ok := errors.AsType[smithy.APIError](err); ok {
		return refused.ErrorCode()
	}
	return ""
}

// is says whether AWS answered one of these codes, with or without the prefix and the ending that some protocols write.
func is(err error, codes ...string) bool {
	code := strings.TrimSuffix(codeOf(err), "Exception")
	return slices.ContainsFunc(codes, func(of string) bool { return code == strings.TrimSuffix(of, "Exception") })
}

// wordsOf are the service's own, which the error's text leaves out.
func wordsOf(err error) string {
	if refused, ok := errors.AsType[smithy.APIError](err); ok {
		return refused.ErrorMessage()
	}
	return ""
}

// denied says whether these credentials may not do what was asked for.
func denied(err error) bool {
	for _, known := range []error{table.ErrAccessDenied, sqs.ErrAccessDenied, secretsmanager.ErrAccessDenied} {
		if errors.Is(err, known) {
			return true
		}
	}
	code := codeOf(err)
	return strings.Contains(code, "AccessDenied") || strings.Contains(code, "NotAuthorized") || strings.Contains(code, "UnauthorizedOperation")
}

// nothing says in a sentence why nothing of the stack could be looked at.
func nothing(ctx context.Context, err error, stack, region string) error {
	if _, unreachable := errors.AsType[net.Error](err); unreachable && codeOf(err) == "" && ctx.Err() == nil {
		return fmt.Errorf("CloudFormation in %s cannot be reached: see whether there is such a Region, whether this machine has a network, and what AWS_ENDPOINT_URL says: %w", region, err)
	}
	switch {
	case is(err, "ValidationError") && strings.Contains(wordsOf(err), "does not exist"):
		return fmt.Errorf("there is no stack %s in %s: name another by STACK=, or its Region by AWS_REGION=; "+
			"aws cloudformation list-stacks --region %s lists those that there are", stack, region, region)
	case is(err, "ExpiredToken", "ExpiredTokenException", "RequestExpired"):
		return errors.New(`the AWS credentials have expired: sign in anew, then eval "$(aws configure export-credentials --format env)"`)
	case is(err, "InvalidClientTokenId", "UnrecognizedClientException", "SignatureDoesNotMatch", "InvalidAccessKeyId", "AuthFailure"):
		return errors.New(`AWS does not know these credentials: eval "$(aws configure export-credentials --format env)" exports those of a profile`)
	case denied(err):
		return fmt.Errorf("these credentials may not look at the stack: have somebody allow them cloudformation:DescribeStacks and "+
			"cloudformation:DescribeStackResources on %s in %s, or use others", stack, region)
	}
	return fmt.Errorf("look at the stack %s in %s: %w", stack, region, err)
}
