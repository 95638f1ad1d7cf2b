package awsconf

import (
	"bytes"
	"errors"
	"fmt"
	"io"
	"net"
	"net/http"
	"time"

	"github.com/aws/aws-sdk-go-v2/aws"
	"github.com/aws/aws-sdk-go-v2/aws/retry"
)

const (
	// A Region's endpoint answers a SYN within milliseconds; a second without an answer means that another try is worth more than waiting.
	connectTimeout = time.Second
	tlsTimeout     = 2 * time.Second
	// The slowest calls made here (a throttled conditional write) answer within a second. Three attempts, each cut at 3 s, still fit a
	// time-out of 30 s with room to record. A long poll of SQS would not fit, and nothing here makes one: Lambda polls for the functions.
	answerTimeout = 3 * time.Second
	// A sandbox freezes between invocations, and connections die unseen in it. Go compares this with the wall clock,
	// so one that slept longer is never used.
	idleTimeout = 5 * time.Second
	// More than the records of one batch plus the reads of pace and secret beside them.
	idlePerHost = 32

	// A body of up to so many bytes is put in memory. Then net/http sends it with the headers, in one packet; those of other bodies
	// it sends ahead, in case that the body is slow to come.
	wholeBody = 64 << 10

	maxAttempts = 3
	maxBackoff  = time.Second
)

// NewHTTPClient returns the client that all AWS service clients of a function share: 1 s to connect, 2 s for TLS,
// 3 s until the answer begins, connections kept for 5 s after their last use, no redirect followed.
// HTTP/2 is left out: one multiplexed connection that died in a freeze would take every request of the batch with it.
// The context of a call bounds it as a whole.
func NewHTTPClient() aws.HTTPClient {
	return client{&http.Transport{
		Proxy:                 http.ProxyFromEnvironment,
		DialContext:           (&net.Dialer{Timeout: connectTimeout}).DialContext,
		TLSHandshakeTimeout:   tlsTimeout,
		ResponseHeaderTimeout: answerTimeout,
		IdleConnTimeout:       idleTimeout,
		MaxIdleConns:          4 * idlePerHost,
		MaxIdleConnsPerHost:   idlePerHost,
	}}
}

// client sends the SDK's requests by a transport alone. An http.Client around it would see to redirects, cookies and a time-out, of
// which there are none here, and copy every request for that: a twelfth of the processor time of a message.
type client struct{ transport *http.Transport }

// Do implements [aws.HTTPClient].
func (c client) Do(r *http.Request) (*http.Response, error) {
	if r.Body == nil || r.Body == http.NoBody {
		return c.transport.RoundTrip(r)
	}
	r = r.WithContext(r.Context()) // a copy
	if r.ContentLength < 0 || r.ContentLength > wholeBody {
		r.Body = reader{r.Body}
		return c.transport.RoundTrip(r)
	}
	body := make([]byte, r.ContentLength)
	_, err := io.ReadFull(r.Body, body)
	if err := errors.Join(err, r.Body.Close()); err != nil {
		return nil, fmt.Errorf("read the request's body: %w", err)
	}
	r.Body = io.NopCloser(bytes.NewReader(body))
	return c.transport.RoundTrip(r)
}

// reader is a body without a WriteTo. Those of the SDK (smithy-go 1.28.8) are closed as soon as the answer begins, and a
// closed one calls io.EOF an error in its WriteTo. When net/http comes to its look for surplus bytes only then, as happens
// when CPU is short, it takes that for a failed write and cuts the connection off under the answer; the SDK would repeat
// what was carried out. As a mere reader, a closed body is one that has ended.
type reader struct{ io.ReadCloser }

// NewRetryer returns the SDK's standard retries with at most three attempts and at most 1 s between them (its default is 20 s,
// longer than many invocations have left). Each service client calls it once.
func NewRetryer() aws.Retryer {
	return retry.NewStandard(func(o *retry.StandardOptions) {
		o.MaxAttempts = maxAttempts
		o.MaxBackoff = maxBackoff
	})
}
