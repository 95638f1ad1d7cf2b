package delivery_test

import (
	"bytes"
	"context"
	"errors"
	"fmt"
	"log/slog"
	"sync"
	"testing"
	"time"

	"dmlysender/shared/apikey"
	"dmlysender/shared/delivery"
	"dmlysender/shared/dmly"
	"dmlysender/shared/ledger"
	"dmlysender/shared/message"
)

var start = time.Date(2026, 11, 23, 12, 0, 0, 0, time.UTC)

// clock stands still unless it is told to move; Sleep moves it. A running one is that of a synctest bubble.
type clock struct {
	running bool
	mu      sync.Mutex
	now     time.Time
}

func (c *clock) Now() time.Time {
	c.mu.Lock()
	defer c.mu.Unlock()
	if c.running {
		return time.Now()
	}
	return c.now
}

func (c *clock) Sleep(ctx context.Context, d time.Duration) error {
	if c.running {
		return delivery.SystemClock{}.Sleep(ctx, d)
	}
	c.advance(max(d, 0))
	return ctx.Err()
}

func (c *clock) advance(d time.Duration) {
	c.mu.Lock()
	defer c.mu.Unlock()
	c.now = c.now.Add(d)
}

// countingLedger counts calls, and can be told to lose answers.
type countingLedger struct {
	ledger.Memory
	mu         sync.Mutex
	puts, gets int
	// fail is asked before each Put; lose after it was applied.
	fail, lose func(delivery.Item) error
}

func (l *countingLedger) Put(ctx context.Context, item delivery.Item, over string, now time.Time) (delivery.Item, bool, error) {
	l.mu.Lock()
	l.puts++
	fail, lose := l.fail, l.lose
	l.mu.Unlock()
	if fail != nil {
		if err := fail(item); err != nil {
			return delivery.Item{}, false, err
		}
	}
	standing, ok, err := l.Memory.Put(ctx, item, over, now)
	if lose != nil {
		if err := lose(item); err != nil {
			return delivery.Item{}, false, err
		}
	}
	return standing, ok, err
}

func (l *countingLedger) Get(ctx context.Context, id string, now time.Time) (delivery.Item, bool, error) {
	l.mu.Lock()
	l.gets++
	l.mu.Unlock()
	return l.Memory.Get(ctx, id, now)
}

// pacer lets everything through at once, unless it is paused or there is no time for it.
type pacer struct {
	clock *clock
	mu    sync.Mutex
	until map[string]time.Time
	// refused is the key that the account is paused for.
	refused map[string]string
}

func (p *pacer) Reserve(_ context.Context, account delivery.Account, _ delivery.Lane, n int, until time.Time) (delivery.Reservation, error) {
	p.mu.Lock()
	defer p.mu.Unlock()
	if now := p.clock.Now(); until.Before(now) {
		return delivery.Reservation{RetryAt: now}, nil
	}
	refused := p.refused[account.Name]
	if until := p.until[account.Name]; until.After(p.clock.Now()) && (refused == "" || refused == account.KeyVersion) {
		return delivery.Reservation{RetryAt: until, KeyRefused: refused != ""}, nil
	}
	slots := make([]time.Time, n)
	for i := range slots {
		slots[i] = p.clock.Now()
	}
	return delivery.Reservation{Slots: slots}, nil
}

func (p *pacer) Delay(_ context.Context, account string, until time.Time) error {
	p.mu.Lock()
	defer p.mu.Unlock()
	p.until[account], p.refused[account] = until, ""
	return nil
}

func (p *pacer) Refuse(_ context.Context, account delivery.Account) (time.Time, error) {
	p.mu.Lock()
	defer p.mu.Unlock()
	p.until[account.Name], p.refused[account.Name] = p.clock.Now().Add(time.Minute), account.KeyVersion
	return p.until[account.Name], nil
}

// post is one call of the poster.
type post struct {
	operation dmly.Operation
	key       string
}

// world is a sender with everything that it stands on.
type world struct {
	t      *testing.T
	clock  *clock
	ledger *countingLedger
	pacer  *pacer
	logs   *bytes.Buffer
	sender *delivery.Sender

	mu     sync.Mutex
	posts  []post
	answer func(context.Context, post) error
	secret string
	tokens int
}

func newWorld(t *testing.T) *world {
	t.Helper()
	c := &clock{now: start}
	w := &world{t: t, clock: c, ledger: &countingLedger{}, pacer: &pacer{clock: c, until: map[string]time.Time{}, refused: map[string]string{}}, logs: &bytes.Buffer{}, secret: "key-1"}
	w.sender = &delivery.Sender{
		Ledger: w.ledger, Pacer: w.pacer, Poster: w, Clock: c,
		Keys:     apikey.NewCache(w.fetch, apikey.Options{Now: c.Now}),
		Retry:    delivery.Retry{Float64: func() float64 { return 0.5 }},
		NewToken: w.token,
		Log:      slog.New(slog.NewJSONHandler(w.logs, nil)),
	}
	return w
}

// fetch is an [apikey.Source] of the secret.
func (w *world) fetch(context.Context) (string, error) {
	w.mu.Lock()
	defer w.mu.Unlock()
	return w.secret, nil
}

// rotate changes the secret.
func (w *world) rotate(secret string) {
	w.mu.Lock()
	defer w.mu.Unlock()
	w.secret = secret
}

func (w *world) token() string {
	w.mu.Lock()
	defer w.mu.Unlock()
	w.tokens++
	return fmt.Sprintf("token-%d", w.tokens)
}

// Post implements [delivery.Poster].
func (w *world) Post(ctx context.Context, key apikey.Key, req dmly.Request) (dmly.MessageResponse, error) {
	p := post{req.Operation(), key.Reveal()}
	w.mu.Lock()
	w.posts = append(w.posts, p)
	n, answer := len(w.posts), w.answer
	w.mu.Unlock()
	if answer != nil {
		if err := answer(ctx, p); err != nil {
			return dmly.MessageResponse{}, err
		}
	}
	return dmly.MessageResponse{ID: fmt.Sprintf("dmly-%d", n), Status: "success"}, nil
}

// answers gives one answer for each post, the last one for all that follow.
func (w *world) answers(errs ...error) {
	n := 0
	w.answer = func(context.Context, post) error {
		w.mu.Lock()
		defer w.mu.Unlock()
		err := errs[min(n, len(errs)-1)]
		n++
		return err
	}
}

func (w *world) posted() []post {
	w.mu.Lock()
	defer w.mu.Unlock()
	return w.posts
}

// deliver delivers within an invocation of 30 seconds.
func (w *world) deliver(m message.Message) delivery.Result {
	w.t.Helper()
	result, err := w.try(m)
	if err != nil {
		w.t.Fatalf("Deliver: %v", err)
	}
	return result
}

func (w *world) try(m message.Message) (delivery.Result, error) {
	return w.sender.Deliver(w.invocation(), m)
}

// invocation is a context that ends in 30 seconds by the world's clock, and never
// really.
func (w *world) invocation() context.Context {
	return deadlineContext{w.t.Context(), w.clock.Now().Add(30 * time.Second)}
}

type deadlineContext struct {
	context.Context //nolint:containedctx // it is a context
	deadline        time.Time
}

func (c deadlineContext) Deadline() (time.Time, bool) { return c.deadline, true }

func (w *world) item(id string) delivery.Item {
	w.t.Helper()
	item, ok, err := w.ledger.Memory.Get(w.t.Context(), id, w.clock.Now())
	if err != nil || !ok {
		w.t.Fatalf("message %s is not in the ledger (%v)", id, err)
	}
	return item
}

// until delivers again and again, each time when it is told to, until the message
// rests.
func (w *world) until(m message.Message) delivery.Result {
	w.t.Helper()
	for range 50 {
		result := w.deliver(m)
		if result.Done {
			return result
		}
		if !result.RetryAt.After(w.clock.Now()) {
			w.t.Fatalf("told to come back at %v, and it is %v", result.RetryAt, w.clock.Now())
		}
		w.clock.advance(result.RetryAt.Sub(w.clock.Now()))
	}
	w.t.Fatal("the message does not come to rest")
	return delivery.Result{}
}

const phone = "+15551234567"

func decode(t *testing.T, text string) message.Message {
	t.Helper()
	m, err := message.Decode([]byte(text), message.Defaults{})
	if err != nil {
		t.Fatal(err)
	}
	return m
}

// text is a plain message with the id, and further fields as JSON.
func text(t *testing.T, id, words, more string) message.Message {
	t.Helper()
	return decode(t, fmt.Sprintf(`{"id":%q,"channel":"whatsapp","type":"text","workspace":{"id":"W1"},"recipient":{"phoneNumber":%q},"textMessage":%q%s}`, id, phone, words, more))
}

// The ways in which a post can end.
var (
	errRejected    = &dmly.RejectedError{Failure: dmly.Failure{StatusCode: 400, Detail: "no such contact"}}
	errUnknown     = &dmly.UnknownError{Failure: dmly.Failure{StatusCode: 502}}
	errNotSent     = &dmly.NotSentError{Failure: dmly.Failure{Err: errors.New("connection refused")}}
	errRateLimited = &dmly.NotSentError{Failure: dmly.Failure{StatusCode: 429, RetryAfter: 40 * time.Second}, RateLimited: true}
	errKeyRefused  = &dmly.KeyRefusedError{Failure: dmly.Failure{StatusCode: 401}}
)
