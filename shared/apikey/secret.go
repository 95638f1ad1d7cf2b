package apikey

import (
	"context"
	"math/rand/v2"
	"sync"
	"time"
)

// Options adjust a Secret or a Cache. The zero value of each field means the default.
type Options struct {
	// TTL is the age at which a secret is fetched again, give or take a tenth by chance, so that processes that were started
	// together do not fetch together. Default 5 minutes.
	TTL time.Duration
	// RetryAfter is how long the old value is served without asking again after a fetch has failed. Default 30 seconds.
	// Where there is no old value the failure itself is remembered, for 1 second.
	RetryAfter time.Duration
	// RefreshEvery is the least time between two fetches that Refresh starts. Default 10 seconds.
	RefreshEvery time.Duration
	// FetchTimeout bounds one fetch. Default 5 seconds.
	FetchTimeout time.Duration
	// OnError hears of every fetch that failed, also when an old value hides it from the callers. The context has the values of that of
	// the caller for whom it was begun, and has ended. It must not block. Default: nobody hears.
	OnError func(context.Context, error)
	// Now is the clock. Default time.Now.
	Now func() time.Time
	// Rand returns a number in [0,1). Default math/rand/v2.Float64.
	Rand func() float64
}

func (o Options) withDefaults() Options {
	setDefault(&o.TTL, 5*time.Minute)
	setDefault(&o.RetryAfter, 30*time.Second)
	setDefault(&o.RefreshEvery, 10*time.Second)
	setDefault(&o.FetchTimeout, 5*time.Second)
	if o.OnError == nil {
		o.OnError = func(context.Context, error) {}
	}
	if o.Now == nil {
		o.Now = time.Now
	}
	if o.Rand == nil {
		o.Rand = rand.Float64
	}
	return o
}

func setDefault(d *time.Duration, value time.Duration) {
	if *d == 0 {
		*d = value
	}
}

// failureHold keeps the records of one batch from waiting, one after the other, for the same broken source.
const failureHold = time.Second

// Secret caches what parse makes of the text of a Source. It keeps the old value when a fetch fails, and never has more than one
// fetch under way. It is safe for concurrent use. T must be safe to share, and should redact itself when printed.
type Secret[T any] struct {
	source  Source
	parse   func(secret string) (T, error)
	options Options

	mu        sync.Mutex
	value     T
	loaded    bool          // value came from the source.
	fetchedAt time.Time     // When it came.
	ttl       time.Duration // How long it is good from then on.
	failedAt  time.Time     // When the last fetch failed,
	err       error         // and why; nil if it did not fail.
	forcedAt  time.Time     // When Refresh last started a fetch.
	flight    *flight[T]    // The fetch under way, if any.
}

// flight is one fetch and those who wait for it. Its results are written before done is closed.
type flight[T any] struct {
	done    chan struct{}
	cancel  context.CancelFunc
	waiting int // Guarded by Secret.mu.

	value  T // The new value, or the old one if there was an error.
	loaded bool
	err    error
}

// NewSecret returns an empty cache; the first Get fetches. parse must keep the secret out of its errors.
func NewSecret[T any](source Source, parse func(secret string) (T, error), options Options) *Secret[T] {
	return &Secret[T]{source: source, parse: parse, options: options.withDefaults()}
}

// Get returns the value, fetched anew if it is older than the TTL. If that fails it returns the old value and no error; only
// where there is none it returns the error of the source or of parse. A caller whose ctx ends while it waits gets the error of ctx, and
// the others that wait for the same fetch do not notice.
func (s *Secret[T]) Get(ctx context.Context) (T, error) {
	s.mu.Lock()
	if s.settled() {
		defer s.mu.Unlock()
		if s.loaded {
			return s.value, nil
		}
		return s.value, s.err
	}
	f := s.join(ctx)
	s.mu.Unlock()
	if err := s.wait(ctx, f); err != nil {
		var none T
		return none, err
	}
	if f.loaded {
		return f.value, nil
	}
	return f.value, f.err
}

// Refresh fetches the value anew, whatever its age, after somebody refused it. outdated looks at the cached value: if it answers false (the
// refused one has been replaced meanwhile), the cached value is returned and nothing fetched. Neither is anything fetched if a refresh was
// started less than RefreshEvery ago. With an error there comes the old value, if there is one.
func (s *Secret[T]) Refresh(ctx context.Context, outdated func(T) bool) (T, error) {
	s.mu.Lock()
	if s.loaded && !outdated(s.value) {
		defer s.mu.Unlock()
		return s.value, nil
	}
	if s.flight == nil {
		if s.within(s.forcedAt, s.options.RefreshEvery) {
			defer s.mu.Unlock()
			return s.value, s.err
		}
		s.forcedAt = s.now()
	}
	f := s.join(ctx)
	s.mu.Unlock()
	if err := s.wait(ctx, f); err != nil {
		var none T
		return none, err
	}
	return f.value, f.err
}

// settled tells whether Get can answer without a fetch. s.mu is held.
func (s *Secret[T]) settled() bool {
	if s.loaded && s.within(s.fetchedAt, s.ttl) {
		return true
	}
	hold := failureHold
	if s.loaded {
		hold = s.options.RetryAfter
	}
	return s.err != nil && s.within(s.failedAt, hold)
}

// join returns the fetch under way, or starts one. s.mu is held.
func (s *Secret[T]) join(ctx context.Context) *flight[T] {
	if s.flight != nil {
		s.flight.waiting++
		return s.flight
	}
	// The fetch belongs to all who wait for it, so it does not end with the first one's context, but when nobody waits any more.
	//nolint:gosec // fetch calls cancel, and so does the last caller that gives up.
	ctx, cancel := context.WithTimeout(context.WithoutCancel(ctx), s.options.FetchTimeout)
	s.flight = &flight[T]{done: make(chan struct{}), cancel: cancel, waiting: 1}
	go s.fetch(ctx, s.flight)
	return s.flight
}

func (s *Secret[T]) wait(ctx context.Context, f *flight[T]) error {
	select {
	case <-f.done:
		return nil
	case <-ctx.Done():
	}
	s.mu.Lock()
	defer s.mu.Unlock()
	f.waiting--
	if f.waiting == 0 && s.flight == f {
		s.flight = nil
		f.cancel()
	}
	return ctx.Err()
}

func (s *Secret[T]) fetch(ctx context.Context, f *flight[T]) {
	var value T
	text, err := s.source(ctx)
	if err == nil {
		value, err = s.parse(text)
	}
	f.cancel()
	if !s.land(f, value, err) {
		return
	}
	if err != nil {
		// Before the callers go on: in Lambda a line that is logged after their invocation could wait for the next one.
		s.options.OnError(ctx, err)
	}
	close(f.done)
}

// land records the result of a fetch, unless all who wanted it have gone and a newer one may be under way.
func (s *Secret[T]) land(f *flight[T], value T, err error) bool {
	s.mu.Lock()
	defer s.mu.Unlock()
	if s.flight != f {
		return false
	}
	s.flight, s.err = nil, err
	if err == nil {
		s.value, s.loaded, s.fetchedAt = value, true, s.now()
		s.ttl = time.Duration(float64(s.options.TTL) * (0.9 + 0.2*s.options.Rand()))
	} else {
		s.failedAt = s.now()
	}
	f.value, f.loaded, f.err = s.value, s.loaded, err
	return true
}

// now drops the monotonic reading: that clock may stand still while a sandbox is frozen, and a secret ages all the same.
func (s *Secret[T]) now() time.Time { return s.options.Now().Round(0) }

// within tells whether less than d has passed since a moment. A wall clock that was set back counts as time passed.
func (s *Secret[T]) within(since time.Time, d time.Duration) bool {
	age := s.now().Sub(since)
	return age >= 0 && age < d
}
