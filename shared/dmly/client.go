package dmly

import (
	"cmp"
	"context"
	"errors"
	"fmt"
	"io"
	"net"
	"net/http"
	"net/url"
	"strings"
	"time"
)

// DefaultBaseURL is the Messages API's host and prefix, as the reference gives it.
const DefaultBaseURL = "https://api.dmly.io/api"

const defaultUserAgent = "dmly-sender-go"

// maxResponseBytes bounds what is read of an answer; the reference's has three
// short fields.
const maxResponseBytes = 64 << 10

// Options changes a client's defaults; the zero value is good for production.
type Options struct {
	// BaseURL is where the API is; default [DefaultBaseURL]. It has to be https,
	// but for this machine itself (localhost, 127.0.0.1, host.docker.internal).
	BaseURL string
	// Transport carries the requests. By default each client has its own, which
	// keeps up to MaxConns connections and drops one that was idle for 5 seconds:
	// a connection that slept through a frozen process may be dead, and a POST
	// into it would be an [UnknownError] for nothing.
	Transport http.RoundTripper
	// MaxConns is how many connections are kept for reuse; default 32. Set it to the
	// number of concurrent senders. It is not used if Transport is set.
	MaxConns int
	// UserAgent is sent as User-Agent; default "dmly-sender-go".
	UserAgent string
	// Now is the clock, used for a Retry-After date; default [time.Now].
	Now func() time.Time
}

// Client calls the Messages API with one key. It is safe for concurrent use.
type Client struct {
	WhatsApp  WhatsAppService
	Messenger MessengerService
	Instagram InstagramService
	Telegram  TelegramService

	key       func() string // not the text itself, which package fmt would print
	baseURL   string
	userAgent string
	http      *http.Client
	now       func() time.Time
}

// NewClient returns a client for the key. It fails if the key or an option
// cannot be used, with a sentence that never contains the key.
func NewClient(key string, opts Options) (*Client, error) {
	baseURL, err := checkBaseURL(cmp.Or(opts.BaseURL, DefaultBaseURL))
	if err != nil {
		return nil, err
	}
	transport := opts.Transport
	if transport == nil {
		transport = newTransport(cmp.Or(opts.MaxConns, 32))
	}
	now := opts.Now
	if now == nil {
		now = time.Now
	}
	c := &Client{
		baseURL:   baseURL,
		userAgent: cmp.Or(opts.UserAgent, defaultUserAgent),
		now:       now,
		http: &http.Client{
			Transport: transport,
			// The key must not travel to wherever a redirect points.
			CheckRedirect: func(*http.Request, []*http.Request) error { return http.ErrUseLastResponse },
		},
	}
	return c.WithKey(key)
}

// WithKey returns a client that uses another key and shares everything else,
// connections included.
func (c *Client) WithKey(key string) (*Client, error) {
	if key == "" {
		return nil, errors.New("the DMLY API key is empty")
	}
	if strings.ContainsFunc(key, func(r rune) bool { return r <= ' ' || r > '~' }) {
		return nil, errors.New("the DMLY API key has a space, a line break or a non-ASCII character in it; was it copied whole and alone?")
	}
	other := *c
	other.key = func() string { return key }
	other.WhatsApp = WhatsAppService{&other}
	other.Messenger = MessengerService{&other}
	other.Instagram = InstagramService{&other}
	other.Telegram = TelegramService{&other}
	return &other, nil
}

// newTransport speaks HTTP/1.1, as net/http does where it does not dial by itself. Over HTTP/2 a server that closes its connection in
// good order leaves requests without an answer that it never read, and they could not be told from those that it did.
func newTransport(conns int) *http.Transport {
	return &http.Transport{
		Proxy:                  http.ProxyFromEnvironment,
		DialContext:            (&net.Dialer{Timeout: 5 * time.Second, KeepAlive: 15 * time.Second}).DialContext,
		TLSHandshakeTimeout:    5 * time.Second,
		MaxIdleConns:           conns,
		MaxIdleConnsPerHost:    conns,
		IdleConnTimeout:        5 * time.Second,
		MaxResponseHeaderBytes: 64 << 10,
	}
}

func checkBaseURL(base string) (string, error) {
	u, err := url.Parse(base)
	if err != nil || u.Host == "" || u.User != nil || strings.ContainsAny(base, "?#") {
		return "", fmt.Errorf("DMLY base URL is not usable: write a host and a path, as in %s", DefaultBaseURL)
	}
	if u.Scheme != "https" && (u.Scheme != "http" || !isThisMachine(u.Hostname())) {
		return "", fmt.Errorf("DMLY base URL %q must be https: the API key would travel in the clear", u.Redacted())
	}
	return strings.TrimRight(base, "/"), nil
}

func isThisMachine(host string) bool {
	if ip := net.ParseIP(host); ip != nil {
		return ip.IsLoopback()
	}
	return host == "localhost" || host == "host.docker.internal"
}

// Send validates and posts one request, once. Its errors are, by what the caller
// has to do: *[ValidationError], *[RejectedError], *[KeyRefusedError],
// *[NotSentError] and *[UnknownError].
//
// The context's deadline is the only time-out.
func (c *Client) Send(ctx context.Context, req Request) (MessageResponse, error) {
	if err := req.Validate(); err != nil {
		return MessageResponse{}, err
	}
	payload, err := Encode(req)
	if err != nil {
		return MessageResponse{}, err
	}
	got, err := c.post(ctx, req.Operation(), payload)
	if err != nil {
		return MessageResponse{}, err
	}
	return got.outcome()
}

func (c *Client) post(ctx context.Context, op Operation, payload []byte) (answer, error) {
	gate := &gate{payload: payload}
	r, err := http.NewRequestWithContext(ctx, http.MethodPost, c.baseURL+op.Path(), gate.open())
	if err != nil {
		return answer{}, fmt.Errorf("build %s request: %w", op, err)
	}
	r.ContentLength = int64(len(payload))
	// Without GetBody the transport has nothing to repeat: with it, net/http replays a
	// POST over HTTP/2 for as long as the server resets the stream.
	r.Header.Set("Content-Type", "application/json")
	r.Header.Set("Accept", "application/json")
	r.Header.Set("User-Agent", c.userAgent)
	// No Idempotency-Key is ever set: with one, net/http repeats a POST by itself
	// when a kept-alive connection breaks.
	r.Header.Set("x-api-key", c.key())

	resp, err := c.http.Do(r)
	if err != nil {
		failure := Failure{Operation: op, Err: withoutKey(withoutURL(err), c.key())}
		if gate.shut() {
			return answer{}, &NotSentError{Failure: failure}
		}
		return answer{}, &UnknownError{failure}
	}
	defer resp.Body.Close()                               //nolint:errcheck // a response body's Close has nothing to say that matters here
	if resp.StatusCode == http.StatusSwitchingProtocols { // its body is the connection, which has no end
		return answer{operation: op, statusCode: resp.StatusCode, received: c.now(), key: c.key()}, nil
	}
	body, err := io.ReadAll(io.LimitReader(resp.Body, maxResponseBytes+1))
	switch {
	case err != nil: // of a trailer, it quotes what the server sent
		err = withoutKey(err, c.key())
	case len(body) > maxResponseBytes:
		err = fmt.Errorf("the answer is longer than %d bytes", maxResponseBytes)
	}
	return answer{
		operation: op, statusCode: resp.StatusCode, header: resp.Header,
		body: body, bodyErr: err, received: c.now(), key: c.key(),
	}, nil
}

// withoutURL drops the "Post "https://…":" that net/http puts before its errors.
func withoutURL(err error) error {
	if u, ok := errors.AsType[*url.Error](err); ok {
		return u.Err
	}
	return err
}

// withoutKey drops the chain of an error that quotes the key, as net/http's errors do
// of a malformed answer that echoes it.
func withoutKey(err error, key string) error {
	if text := err.Error(); strings.Contains(text, key) {
		return errors.New(strings.ReplaceAll(text, key, "[key]"))
	}
	return err
}
