// Package handlertest is what the tests of the three handlers share: all that stands behind a handler, in memory and
// under the test's control. Only tests import it.
//
// A [Backend] has a simulated DMLY, the real client, ledger, pace and key cache, and fakes that can be watched and made
// to fail. A package's own harness embeds it and adds the handler:
//
//	type rig struct {
//		*handlertest.Backend
//		handler *sqsworker.Handler
//	}
//
// When a test ends, the log must be free of personal data and keys: [NewLogs] sees to it.
package handlertest

import (
	"context"
	"crypto/rand"
	"errors"
	"log/slog"
	"testing"

	"dmlysender/shared/apikey"
	"dmlysender/shared/delivery"
	"dmlysender/shared/dmly"
	"dmlysender/shared/dmlytest"
	"dmlysender/shared/pace"
)

// ErrDown is what a fake fails with in most tests.
var ErrDown = errors.New("the service is down")

// Backend is what stands behind a handler. It is safe for concurrent use.
type Backend struct {
	// Sim is the DMLY that messages are sent to; nil if the test has a poster of its own.
	Sim    *dmlytest.Server
	Ledger *Ledger
	Poster *Poster
	// Secret is where the sender's DMLY key comes from; at first it holds [DMLYKey].
	Secret *Secret
	Clock  *Clock
	Logs   *Logs
	// Log writes all levels to Logs.
	Log *slog.Logger

	t *testing.T
}

// NewBackend serves a DMLY that takes [DMLYKey], until the test is over. The log may contain none of the further secrets.
func NewBackend(t *testing.T, clock *Clock, secrets ...string) *Backend {
	t.Helper()
	sim, baseURL := dmlytest.Start(t, dmlytest.Options{Key: DMLYKey})
	client, err := dmly.NewClient("-", dmly.Options{BaseURL: baseURL})
	if err != nil {
		t.Fatal(err)
	}
	b := NewBackendWith(t, delivery.ClientPoster{Client: client}, clock, secrets...)
	b.Sim = sim
	return b
}

// NewBackendWith is NewBackend with the test's own poster in place of a simulated DMLY; nil is for tests that post nothing.
func NewBackendWith(t *testing.T, poster delivery.Poster, clock *Clock, secrets ...string) *Backend {
	t.Helper()
	logs := NewLogs(t, secrets...)
	return &Backend{
		t: t, Ledger: &Ledger{}, Poster: &Poster{next: poster}, Secret: NewSecret(DMLYKey), Clock: clock, Logs: logs,
		Log: slog.New(slog.NewJSONHandler(logs, &slog.HandlerOptions{Level: slog.LevelDebug})),
	}
}

// NewSender returns a sender on a clock, with a key cache of its own and a pace that holds nothing back.
func (b *Backend) NewSender(clock delivery.Clock) *delivery.Sender {
	b.t.Helper()
	return &delivery.Sender{
		Ledger: b.Ledger, CancelKeys: b.Ledger, Pacer: NewPacer(b.t, 1_000_000, clock), Poster: b.Poster, Clock: clock,
		Keys:     apikey.NewCache(b.Secret.Fetch, apikey.Options{Now: clock.Now}),
		NewToken: rand.Text, Log: b.Log,
	}
}

// NewPacer returns a pace of its own with so many messages a minute.
func NewPacer(t *testing.T, perMinute int, clock delivery.Clock) delivery.Pacer {
	t.Helper()
	pacer, err := pace.NewMemory(perMinute, clock.Now)
	if err != nil {
		t.Fatal(err)
	}
	return pacer
}

// Item is what the ledger holds; its State is empty if it holds nothing.
func (b *Backend) Item(id string) delivery.Item {
	b.t.Helper()
	item, _, err := b.Ledger.Get(context.WithoutCancel(b.t.Context()), id, b.Clock.Now())
	if err != nil {
		b.t.Fatal(err)
	}
	return item
}

// WantState compares a message's state; "" is for one that the ledger does not hold.
func (b *Backend) WantState(id string, want delivery.State) {
	b.t.Helper()
	if got := b.Item(id); got.State != want {
		b.t.Errorf("message %s: got %q (%s), want %q", id, got.State, got.Reason, want)
	}
}

// WantSent compares how many messages DMLY accepted.
func (b *Backend) WantSent(want int) {
	b.t.Helper()
	if got := len(b.Sim.Messages()); got != want {
		b.t.Errorf("messages that DMLY accepted: got %d, want %d", got, want)
	}
}

// WantPosts compares how many requests were made of DMLY.
func (b *Backend) WantPosts(want int) {
	b.t.Helper()
	if got := b.Poster.Posts(); got != want {
		b.t.Errorf("posts: got %d, want %d", got, want)
	}
}
