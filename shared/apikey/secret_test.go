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

func TestCacheFetchesAgainWhenTheTTLIsOver(t *testing.T) {
	t.Parallel()
	tests := map[string]struct {
		rand float64
		ttl  time.Duration
	}{
		"shortest": {0, 270 * time.Second},
		"middle":   {0.5, 300 * time.Second},
		"longest":  {0.999999, 329999 * time.Millisecond},
	}
	for name, tt := range tests {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			inBubble(t, apikey.Options{Rand: func() float64 { return tt.rand }}, func(b bubble) {
				t, s, cache := b.T, b.store, b.cache
				wantKey(t, cache, "key-1")
				s.set("key-2", nil)
				pass(tt.ttl - time.Second)
				wantKey(t, cache, "key-1")
				s.want(t, 1)
				pass(2 * time.Second)
				wantKey(t, cache, "key-2")
				s.want(t, 2)
			})
		})
	}
}

func TestCacheTakesAClockSetBackAsTimePassed(t *testing.T) {
	t.Parallel()
	now := time.Now()
	s := &store{secret: "key-1"}
	cache := apikey.NewCache(s.fetch, apikey.Options{Now: func() time.Time { return now }})
	wantKey(t, cache, "key-1")
	now = now.Add(-time.Hour)
	wantKey(t, cache, "key-1")
	s.want(t, 2)
}

func TestConcurrentCallersShareOneFetch(t *testing.T) {
	t.Parallel()
	inBubble(t, apikey.Options{}, func(b bubble) {
		t, s, cache := b.T, b.store, b.cache
		var wg sync.WaitGroup
		for range 50 {
			wg.Go(func() {
				if _, err := cache.Get(t.Context()); err != nil {
					t.Errorf("get: %v", err)
				}
			})
		}
		wg.Wait()
		s.want(t, 1)
	})
}

func TestAWaitingCallerObeysItsOwnContextAlone(t *testing.T) {
	t.Parallel()
	inBubble(t, apikey.Options{}, func(b bubble) {
		t, s, cache := b.T, b.store, b.cache
		s.latency = 2 * time.Second
		hurried, cancel := context.WithTimeout(t.Context(), time.Second)
		defer cancel()
		var wg sync.WaitGroup
		// The hurried caller starts the fetch; the patient one joins it.
		wg.Go(func() {
			start := time.Now()
			if _, err := cache.Get(hurried); !errors.Is(err, context.DeadlineExceeded) {
				t.Errorf("hurried: got %v, want %v", err, context.DeadlineExceeded)
			}
			if got, want := time.Since(start), time.Second; got != want {
				t.Errorf("hurried: waited %v, want %v", got, want)
			}
		})
		synctest.Wait()
		wg.Go(func() { wantKey(t, cache, "key-1") })
		wg.Wait()
		s.want(t, 1)
	})
}

func TestAFetchEndsWhenNobodyWaitsForIt(t *testing.T) {
	t.Parallel()
	inBubble(t, apikey.Options{}, func(b bubble) {
		t, s, cache := b.T, b.store, b.cache
		s.latency = 2 * time.Second
		hurried, cancel := context.WithTimeout(t.Context(), time.Second)
		defer cancel()
		if _, err := cache.Get(hurried); !errors.Is(err, context.DeadlineExceeded) {
			t.Errorf("got %v, want %v", err, context.DeadlineExceeded)
		}
		synctest.Wait()
		if len(s.ended) != 1 || !errors.Is(s.ended[0], context.Canceled) {
			t.Errorf("the fetch ended with %v, want it cancelled", s.ended)
		}
		wantKey(t, cache, "key-1")
		s.want(t, 2)
	})
}

func TestAHangingSourceIsCutOff(t *testing.T) {
	t.Parallel()
	inBubble(t, apikey.Options{}, func(b bubble) {
		t, s, cache := b.T, b.store, b.cache
		s.latency = time.Hour
		start := time.Now()
		if _, err := cache.Get(t.Context()); !errors.Is(err, context.DeadlineExceeded) {
			t.Errorf("got %v, want %v", err, context.DeadlineExceeded)
		}
		if got, want := time.Since(start), 5*time.Second; got != want {
			t.Errorf("took %v, want %v", got, want)
		}
	})
}

func TestOldKeysOutliveAFailingSource(t *testing.T) {
	t.Parallel()
	failures := map[string]struct {
		secret string
		err    error
		want   error
	}{
		"source":    {"", errStore, errStore},
		"malformed": {"two words", nil, apikey.ErrMalformed},
	}
	for name, failure := range failures {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			var heard []error
			options := apikey.Options{OnError: func(_ context.Context, err error) { heard = append(heard, err) }}
			inBubble(t, options, func(b bubble) {
				t, s, cache := b.T, b.store, b.cache
				wantKey(t, cache, "key-1")
				s.set(failure.secret, failure.err)
				pass(6 * time.Minute)
				wantKey(t, cache, "key-1")
				s.want(t, 2)
				pass(29 * time.Second)
				wantKey(t, cache, "key-1")
				s.want(t, 2)
				pass(2 * time.Second)
				wantKey(t, cache, "key-1")
				s.want(t, 3)
				s.set("key-2", nil)
				pass(31 * time.Second)
				wantKey(t, cache, "key-2")
				s.want(t, 4)
				synctest.Wait()
				if len(heard) != 2 || !errors.Is(heard[0], failure.want) {
					t.Errorf("OnError heard %v, want %v twice", heard, failure.want)
				}
			})
		})
	}
}

func TestWithoutOldKeysTheFailureIsReturnedAndSoonTriedAgain(t *testing.T) {
	t.Parallel()
	inBubble(t, apikey.Options{}, func(b bubble) {
		t, s, cache := b.T, b.store, b.cache
		s.set("", errStore)
		for range 10 {
			if _, err := cache.Get(t.Context()); !errors.Is(err, errStore) {
				t.Errorf("got %v, want %v", err, errStore)
			}
		}
		s.want(t, 1)
		s.set("key-1", nil)
		pass(time.Second)
		wantKey(t, cache, "key-1")
		s.want(t, 2)
	})
}

func TestSecretServesAnyParsedValue(t *testing.T) {
	t.Parallel()
	s := &store{secret: "caller-1,caller-2"}
	parse := func(secret string) (int, error) { return len(secret), nil }
	got, err := apikey.NewSecret(s.fetch, parse, apikey.Options{}).Get(t.Context())
	if want := len(s.secret); err != nil || got != want {
		t.Errorf("got %d, %v, want %d", got, err, want)
	}
}
