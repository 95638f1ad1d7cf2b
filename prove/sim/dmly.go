package sim

import (
	"context"
	"errors"
	"net/http"
	"time"

	"dmlysender/shared/dmlytest"
)

// connect fails where DMLY cannot be reached.
func (w *World) connect(r *http.Request) error {
	if w.happens("no connection", topic(r), w.trouble.NoConnection) {
		return errors.New("dial tcp: connection refused")
	}
	return nil
}

// topicKey is the context's key for what a request is about: its body can be read only once.
type topicKey struct{}

func topic(r *http.Request) string {
	about, _ := r.Context().Value(topicKey{}).(string)
	return about
}

// serveDMLY is the simulator, with a fault now and then.
func (w *World) serveDMLY(rw http.ResponseWriter, r *http.Request) {
	about := topic(r)
	fault := w.scripted(about, r.Header.Get("X-Api-Key"))
	for _, trouble := range w.trouble.DMLY {
		if w.happens("DMLY "+trouble.Name, about, trouble.Rate) {
			fault = trouble.Fault
			break
		}
	}
	if w.happens("DMLY is slow", about, w.trouble.Slow) {
		fault.Latency = w.dice.between(about, time.Millisecond, 25*time.Second).String()
	} else if fault.Cut != dmlytest.CutBefore && w.script == nil {
		fault.Latency = w.dice.between(about, 50*time.Millisecond, 300*time.Millisecond).String()
	}
	if fault != (dmlytest.Fault{}) {
		w.dmly.Inject(fault)
	}
	w.dmly.ServeHTTP(rw, r)
}

// scripted notes a request, and returns the next fault of the script; without one, or at its end, the one that is there always.
func (w *World) scripted(about, key string) (next dmlytest.Fault) {
	w.mu.Lock()
	defer w.mu.Unlock()
	w.requests = append(w.requests, request{about, time.Now(), key == w.taken})
	if len(w.script) == 0 {
		return w.always
	}
	next, w.script = w.script[0], w.script[1:]
	return next
}

// setKey has DMLY take this key, and no other.
func (w *World) setKey(key string) {
	w.mu.Lock()
	defer w.mu.Unlock()
	w.taken = key
	w.dmly.SetKeys(key)
}

// rotate changes the key: DMLY takes the new one at once and the old one no more, and the secret follows.
func (w *World) rotate(ctx context.Context) {
	const next = "key-2"
	if sleep(ctx, w.dice.between("rotation", 0, 2*time.Minute)) != nil {
		return
	}
	w.setKey(next)
	w.count("key rotated")
	if sleep(ctx, w.dice.between("rotation", 0, 10*time.Minute)) != nil {
		return
	}
	w.mu.Lock()
	defer w.mu.Unlock()
	w.secret = next
}
