package main

import (
	"context"
	"fmt"
	"net/http"
	"net/url"
	"strings"

	"github.com/aws/aws-lambda-go/events"
	"github.com/awslabs/aws-lambda-go-api-proxy/httpadapter"
)

// behindGateway serves the events of API Gateway's HTTP APIs, in payload format 2.0.
func behindGateway(routes http.Handler) func(context.Context, events.APIGatewayV2HTTPRequest) (events.APIGatewayV2HTTPResponse, error) {
	adapter := httpadapter.NewV2(routes)
	return func(ctx context.Context, event events.APIGatewayV2HTTPRequest) (events.APIGatewayV2HTTPResponse, error) {
		event.RawPath = escaped(event.RawPath)
		return adapter.ProxyWithContext(ctx, event)
	}
}

// escaped is a path as it stands in a URL. API Gateway decodes it, and what it decoded can be no part of a URL, or another one:
// the adapter's answer to that is a failed invocation.
func escaped(path string) string {
	var b strings.Builder
	for i := range len(path) {
		c := path[i]
		if c <= ' ' || c > '~' || c == '?' || c == '#' || c == '%' && !isEscape(path[i:]) {
			fmt.Fprintf(&b, "%%%02X", c)
			continue
		}
		b.WriteByte(c)
	}
	return b.String()
}

// isEscape says whether a text begins with a percent sign and two hexadecimal digits.
func isEscape(s string) bool {
	const length = len("%2F")
	if len(s) < length {
		return false
	}
	_, err := url.PathUnescape(s[:length])
	return err == nil
}
