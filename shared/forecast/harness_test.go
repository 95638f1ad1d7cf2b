package forecast_test

import (
	"context"
	"errors"
	"sync"
	"testing"
	"testing/synctest"
	"time"

	"dmlysender/shared/apikey"
	"dmlysender/shared/delivery"
	"dmlysender/shared/forecast"
	"dmlysender/shared/message"
)

const interval = 600 * time.Millisecond

var errDown = errors.New("it does not answer")

// service answers with a value, an error or a panic, after a while. It counts how often it was asked.
type service[T any] struct {
	asked int
	value T
	err   error
	takes time.Duration
	// deaf makes it answer no sooner when the context ends.
	deaf   bool
	panics bool
}

func (s *service[T]) ask(ctx context.Context) (T, error) {
	s.asked++ // there is one look at a time, which is what the race detector sees to
	if s.panics {
		panic("at the disco")
	}
	if s.deaf {
		<-time.After(s.takes)
		return s.value, s.err
	}
	if err := (delivery.SystemClock{}).Sleep(ctx, s.takes); err != nil {
		return s.value, err
	}
	return s.value, s.err
}

func (s *service[T]) Depth(ctx context.Context) (int, error) {
	depth, err := s.ask(ctx)
	n, _ := any(depth).(int)
	return n, err
}

// paces has the outlook of each account, as from the moment at which it is asked.
type paces struct {
	service[struct{}]
	accounts map[string]delivery.Outlook

	mu   sync.Mutex // accounts are looked at independently of each other
	seen []delivery.Account
}

func (p *paces) Outlook(ctx context.Context, account delivery.Account) (delivery.Outlook, error) {
	p.mu.Lock()
	defer p.mu.Unlock()
	_, err := p.ask(ctx)
	p.seen = append(p.seen, account)
	o := p.accounts[account.Name]
	o.Interval = interval
	if now := time.Now(); o.Next.Before(now) {
		o.Next = now
	}
	return o, err
}

// world is a forecast and what it looks at.
type world struct {
	*forecast.Forecast
	t            *testing.T
	start        time.Time
	pace         *paces
	normal, bulk *service[int]

	mu     sync.Mutex
	secret string
	errs   []error
}

// within runs a test in a bubble, whose clock starts with it.
func within(t *testing.T, test func(t *testing.T, w *world)) {
	t.Helper()
	synctest.Test(t, func(t *testing.T) {
		w := &world{
			t: t, start: time.Now().Round(0), pace: &paces{accounts: map[string]delivery.Outlook{}},
			normal: &service[int]{}, bulk: &service[int]{},
			secret: `{"default": "key-of-all", "workspaces": {"W2": "key-of-w2"}}`,
		}
		keys := apikey.NewCache(func(context.Context) (string, error) {
			w.mu.Lock()
			defer w.mu.Unlock()
			if w.secret == "" {
				return "", errDown
			}
			return w.secret, nil
		}, apikey.Options{})
		w.Forecast = &forecast.Forecast{
			Keys: keys, Pace: w.pace, Normal: w.normal, Bulk: w.bulk, Now: time.Now,
			OnError: func(_ context.Context, err error) {
				w.mu.Lock()
				defer w.mu.Unlock()
				w.errs = append(w.errs, err)
			},
		}
		test(t, w)
		<-time.After(time.Minute) // every look ends
	})
}

func in(workspace, priority string) message.Message {
	m := message.Message{Priority: priority}
	m.Workspace.ID = workspace
	return m
}

// want estimates the message, as from the start of the test.
func (w *world) want(m message.Message, want time.Duration) {
	w.t.Helper()
	at, ok := w.Estimate(w.t.Context(), m)
	if got := at.Sub(w.start); !ok || got != want {
		w.t.Errorf("got an estimate of %v, %v, want %v", got, ok, want)
	}
}

func (w *world) wantNone(m message.Message) {
	w.t.Helper()
	if at, ok := w.Estimate(w.t.Context(), m); ok {
		w.t.Errorf("got an estimate of %v, want none", at.Sub(w.start))
	}
}

// wantAsked compares how often the services were asked since the test began.
func (w *world) wantAsked(pace, normal, bulk int) {
	w.t.Helper()
	synctest.Wait()
	for _, s := range []struct {
		name      string
		got, want int
	}{{"the pace", w.pace.asked, pace}, {"the normal queue", w.normal.asked, normal}, {"the bulk queue", w.bulk.asked, bulk}} {
		if s.got != s.want {
			w.t.Errorf("%s was asked %d times, want %d", s.name, s.got, s.want)
		}
	}
}

func (w *world) wantErrors(n int, is error) {
	w.t.Helper()
	w.mu.Lock()
	defer w.mu.Unlock()
	if len(w.errs) != n {
		w.t.Errorf("got the errors %v, want %d", w.errs, n)
	}
	for _, err := range w.errs {
		if !errors.Is(err, is) {
			w.t.Errorf("got %v, want %v", err, is)
		}
	}
}
