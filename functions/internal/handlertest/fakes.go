package handlertest

import (
	"context"
	"sync"
	"sync/atomic"
	"time"

	"dmlysender/shared/apikey"
	"dmlysender/shared/delivery"
	"dmlysender/shared/dmly"
	"dmlysender/shared/ledger"
)

var (
	_ delivery.Ledger = (*Ledger)(nil)
	_ delivery.Poster = (*Poster)(nil)
)

// outage is a fault that lasts from one call of Fail to the next. Its zero value is none.
type outage struct {
	mu  sync.Mutex
	err error
}

// Fail makes each call fail that writes, until Fail(nil).
func (o *outage) Fail(err error) {
	o.mu.Lock()
	defer o.mu.Unlock()
	o.err = err
}

func (o *outage) current() error {
	o.mu.Lock()
	defer o.mu.Unlock()
	return o.err
}

// Ledger is a ledger that counts the writes, and can be out of reach. It can be read all the time. Its zero value is
// empty; it is safe for concurrent use.
type Ledger struct {
	ledger.Memory
	outage
	puts atomic.Int64
	// After, if not nil, is called with each item that was written. Set it while nobody writes.
	After func(delivery.Item)
}

// Put implements [delivery.Ledger].
func (l *Ledger) Put(ctx context.Context, item delivery.Item, over string, now time.Time) (delivery.Item, bool, error) {
	l.puts.Add(1)
	if err := l.current(); err != nil {
		return delivery.Item{}, false, err
	}
	standing, ok, err := l.Memory.Put(ctx, item, over, now)
	if ok && l.After != nil {
		l.After(item)
	}
	return standing, ok, err
}

// Puts is how many writes were tried.
func (l *Ledger) Puts() int { return int(l.puts.Load()) }

// Poster counts the posts, and lets a test look on. It is safe for concurrent use.
type Poster struct {
	next  delivery.Poster
	posts atomic.Int64
	// Before, if not nil, is called with each request; it may wait, and it may panic. Set it while nobody posts.
	Before func(dmly.Request)
}

// Post implements [delivery.Poster].
func (p *Poster) Post(ctx context.Context, key apikey.Key, req dmly.Request) (dmly.MessageResponse, error) {
	p.posts.Add(1)
	if p.Before != nil {
		p.Before(req)
	}
	return p.next.Post(ctx, key, req)
}

// Posts is how many posts were begun.
func (p *Poster) Posts() int { return int(p.posts.Load()) }

// Secret is a secret store with one secret. It is safe for concurrent use.
type Secret struct {
	mu      sync.Mutex
	secret  string
	err     error
	fetches atomic.Int64
}

// NewSecret returns a store that can be read.
func NewSecret(secret string) *Secret { return &Secret{secret: secret} }

// Fetch is an [apikey.Source].
func (s *Secret) Fetch(context.Context) (string, error) {
	s.fetches.Add(1)
	s.mu.Lock()
	defer s.mu.Unlock()
	return s.secret, s.err
}

// Set is what Fetch returns from now on.
func (s *Secret) Set(secret string, err error) {
	s.mu.Lock()
	defer s.mu.Unlock()
	s.secret, s.err = secret, err
}

// Fetches is how often the secret was asked for.
func (s *Secret) Fetches() int { return int(s.fetches.Load()) }
