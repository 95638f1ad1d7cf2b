package stack

import "github.com/aws/aws-lambda-go/lambda"

// Serving is what Serve hands the invocations to.
func (s *Stack) Serving(handler any) lambda.Handler { return s.serving(handler) }
