package apikey_test

import (
	"context"
	"errors"
	"sync"
	"testing"
	"time"

	"dmlysender/shared/apikey"
)

// refresh returns the default key after a refresh.
func refresh(t *testing.T, cache *apikey.Cache, seen apikey.Key) (string, error) {
	t.Helper()
	keys, err := cache.Refresh(t.Context(), seen)
	key, _ := keys.For("")
	return key.Reveal(), err
}

func TestRefreshFetchesTheKeyThatReplacedARefusedOne(t *testing.T) {
	t.Parallel()
	inBubble(t, apikey.Options{}, func(b bubble) {
		t, s, cache := b.T, b.store, b.cache
		seen := wantKey(t, cache, "key-1")
		s.set("key-2", nil)
		if got, err := refresh(t, cache, seen); got != "key-2" || err != nil {
			t.Errorf("got %q, %v, want key-2", got, err)
		}
		wantKey(t, cache, "key-2")
		s.want(t, 2)
	})
}

func TestRefreshFetchesTheKeyThatWasMissing(t *testing.T) {
	t.Parallel()
	inBubble(t, apikey.Options{}, func(b bubble) {
		t, s, cache := b.T, b.store, b.cache
		s.set(`{"workspaces": {"W1": "key-1"}}`, nil)
		if keys, err := cache.Get(t.Context()); err != nil || keys.Accounts() != 1 {
			t.Fatal(err)
		}
		s.set("key-2", nil)
		if got, err := refresh(t, cache, apikey.Key{}); got != "key-2" || err != nil {
			t.Errorf("got %q, %v, want key-2", got, err)
		}
		s.want(t, 2)
	})
}

func TestRefreshDoesNotFetchWhatIsAlreadyReplaced(t *testing.T) {
	t.Parallel()
	inBubble(t, apikey.Options{}, func(b bubble) {
		t, s, cache := b.T, b.store, b.cache
		seen := wantKey(t, cache, "key-1")
		s.set("key-2", nil)
		pass(6 * time.Minute)
		wantKey(t, cache, "key-2")
		if got, err := refresh(t, cache, seen); got != "key-2" || err != nil {
			t.Errorf("got %q, %v, want key-2", got, err)
		}
		s.want(t, 2)
	})
}

func TestRefreshLooksAtTheRefusedAccountAlone(t *testing.T) {
	t.Parallel()
	inBubble(t, apikey.Options{}, func(b bubble) {
		t, s, cache := b.T, b.store, b.cache
		s.set(`{"default": "key-d", "workspaces": {"W1": "key-1"}}`, nil)
		keys, err := cache.Get(t.Context())
		if err != nil {
			t.Fatal(err)
		}
		seen := mustKey(t, keys, "W1")
		s.set(`{"default": "key-e", "workspaces": {"W1": "key-1"}}`, nil)
		keys, err = cache.Refresh(t.Context(), seen)
		if err != nil {
			t.Fatal(err)
		}
		if got, want := mustKey(t, keys, "W1").Version(), seen.Version(); got != want {
			t.Errorf("got version %s, want %s: the key is still the refused one", got, want)
		}
		s.want(t, 2)
		// The account is gone from the secret: its messages fall to the default, so there is nothing to fetch.
		s.set(`{"default": "key-e"}`, nil)
		pass(6 * time.Minute)
		wantKey(t, cache, "key-e")
		if _, err := cache.Refresh(t.Context(), seen); err != nil {
			t.Error(err)
		}
		s.want(t, 3)
	})
}

func TestRefreshesAreFarBetween(t *testing.T) {
	t.Parallel()
	inBubble(t, apikey.Options{}, func(b bubble) {
		t, s, cache := b.T, b.store, b.cache
		seen := wantKey(t, cache, "key-1")
		for range 20 {
			if got, err := refresh(t, cache, seen); got != "key-1" || err != nil {
				t.Errorf("got %q, %v, want key-1 still", got, err)
			}
		}
		s.want(t, 2)
		s.set("key-2", nil)
		pass(10 * time.Second)
		if got, err := refresh(t, cache, seen); got != "key-2" || err != nil {
			t.Errorf("got %q, %v, want key-2", got, err)
		}
		s.want(t, 3)
	})
}

func TestConcurrentRefreshesShareOneFetch(t *testing.T) {
	t.Parallel()
	inBubble(t, apikey.Options{}, func(b bubble) {
		t, s, cache := b.T, b.store, b.cache
		seen := wantKey(t, cache, "key-1")
		s.set("key-2", nil)
		var wg sync.WaitGroup
		for range 50 {
			wg.Go(func() {
				if got, err := refresh(t, cache, seen); got != "key-2" || err != nil {
					t.Errorf("got %q, %v, want key-2", got, err)
				}
			})
		}
		wg.Wait()
		s.want(t, 2)
	})
}

func TestAFailedRefreshReturnsTheErrorWithTheOldKeys(t *testing.T) {
	t.Parallel()
	inBubble(t, apikey.Options{}, func(b bubble) {
		t, s, cache := b.T, b.store, b.cache
		seen := wantKey(t, cache, "key-1")
		s.set("", errStore)
		for range 3 {
			if got, err := refresh(t, cache, seen); got != "key-1" || !errors.Is(err, errStore) {
				t.Errorf("got %q, %v, want key-1 and %v", got, err, errStore)
			}
		}
		s.want(t, 2)
		wantKey(t, cache, "key-1")
	})
}

func TestARefreshObeysItsContext(t *testing.T) {
	t.Parallel()
	inBubble(t, apikey.Options{}, func(b bubble) {
		t, s, cache := b.T, b.store, b.cache
		seen := wantKey(t, cache, "key-1")
		s.latency = time.Minute
		ctx, cancel := context.WithTimeout(t.Context(), time.Second)
		defer cancel()
		if _, err := cache.Refresh(ctx, seen); !errors.Is(err, context.DeadlineExceeded) {
			t.Errorf("got %v, want %v", err, context.DeadlineExceeded)
		}
		wantKey(t, cache, "key-1")
	})
}
