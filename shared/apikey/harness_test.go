package apikey_test

import (
	"context"
	"errors"
	"sync"
	"testing"
	"testing/synctest"
	"time"

	"dmlysender/shared/apikey"
)

var errStore = errors.New("the store is down")

// store is a secret store on the clock of a synctest bubble.
type store struct {
	mu      sync.Mutex
	secret  string
	err     error
	latency time.Duration
	fetches int
	ended   []error // What the contexts of fetches that were given up said.
}

func (s *store) set(secret string, err error) {
	s.mu.Lock()
	defer s.mu.Unlock()
	s.secret, s.err = secret, err
}

func (s *store) fetch(ctx context.Context) (string, error) {
	s.mu.Lock()
	s.fetches++
	secret, err, latency := s.secret, s.err, s.latency
	s.mu.Unlock()
	select {
	case <-time.After(latency):
		return secret, err
	case <-ctx.Done():
		s.mu.Lock()
		defer s.mu.Unlock()
		s.ended = append(s.ended, ctx.Err())
		return "", ctx.Err()
	}
}

// want checks how often the store was asked so far.
func (s *store) want(t *testing.T, fetches int) {
	t.Helper()
	s.mu.Lock()
	defer s.mu.Unlock()
	if s.fetches != fetches {
		t.Errorf("got %d fetches, want %d", s.fetches, fetches)
	}
}

// middle is the randomness that leaves a TTL as it is.
func middle() float64 { return 0.5 }

// wantKey checks which key a Get returns.
func wantKey(t *testing.T, cache *apikey.Cache, want string) apikey.Key {
	t.Helper()
	keys, err := cache.Get(t.Context())
	if err != nil {
		t.Fatalf("get: %v", err)
	}
	key := mustKey(t, keys, "")
	if got := key.Reveal(); got != want {
		t.Errorf("got %q, want %q", got, want)
	}
	return key
}

// bubble is a test on a clock of its own, with a store that holds key-1.
type bubble struct {
	*testing.T
	store *store
	cache *apikey.Cache
}

func inBubble(t *testing.T, options apikey.Options, test func(bubble)) {
	t.Helper()
	synctest.Test(t, func(t *testing.T) {
		s := &store{secret: "key-1", latency: 10 * time.Millisecond}
		if options.Rand == nil {
			options.Rand = middle
		}
		test(bubble{T: t, store: s, cache: apikey.NewCache(s.fetch, options)})
	})
}

// pass lets time go by in a bubble.
func pass(d time.Duration) { <-time.After(d) }
