package main

import (
	"net/http"
	"testing"

	"github.com/aws/aws-lambda-go/events"
)

func TestAnyPathThatTheGatewayDecodedIsServed(t *testing.T) {
	t.Parallel()
	for decoded, want := range map[string]string{
		"/v1/messages/order-1":       "/v1/messages/order-1",
		"/v1/messages/a:b@c=d+e":     "/v1/messages/a:b@c=d+e",
		"/v1/messages/%zz":           "/v1/messages/%zz",
		"/v1/messages/100%":          "/v1/messages/100%",
		"/v1/messages/a%2Fb":         "/v1/messages/a/b", // of a gateway that decodes nothing
		"/v1/messages/order-1?x=1":   "/v1/messages/order-1?x=1",
		"/v1/messages/order-1#x":     "/v1/messages/order-1#x",
		"/v1/messages/a b\x00\n\xff": "/v1/messages/a b\x00\n\xff",
		"":                           "/",
	} {
		t.Run(want, func(t *testing.T) {
			t.Parallel()
			var got *http.Request
			serve := behindGateway(http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
				got = r
				w.WriteHeader(http.StatusNoContent)
			}))
			event := events.APIGatewayV2HTTPRequest{RawPath: decoded, RawQueryString: "limit=%201"}
			event.RequestContext.HTTP.Method, event.RequestContext.DomainName = "GET", "api.example.com"
			response, err := serve(t.Context(), event)
			if err != nil || response.StatusCode != http.StatusNoContent {
				t.Fatalf("got HTTP %d, %v", response.StatusCode, err)
			}
			if got.URL.Path != want || got.URL.RawQuery != "limit=%201" {
				t.Errorf("got path %q and query %q, want %q", got.URL.Path, got.URL.RawQuery, want)
			}
		})
	}
}
