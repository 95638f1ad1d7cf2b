package kill

import (
	"context"
	"fmt"
	"math/rand/v2"
	"net"
	"net/http"
	"sync"
	"time"

	"dmlysender/shared/dmlytest"
)

// maxLag is the most that DMLY takes before it looks at a request, and again before it answers: a worker can be killed before its message is
// accepted, or afterwards, and a message is also accepted whose sender is already dead.
const maxLag = 40 * time.Millisecond

// simulator is a DMLY on a port of 127.0.0.1 that takes its time.
type simulator struct {
	*dmlytest.Server
	url    string
	server *http.Server
	served chan struct{}

	mu     sync.Mutex
	random *rand.Rand
}

func serveDMLY(ctx context.Context, seed uint64) (*simulator, error) {
	listener, err := (&net.ListenConfig{}).Listen(ctx, "tcp", "127.0.0.1:0")
	if err != nil {
		return nil, fmt.Errorf("listen for the DMLY simulator: %w", err)
	}
	s := &simulator{
		Server: dmlytest.New(dmlytest.Options{}), url: "http://" + listener.Addr().String() + dmlytest.BasePath,
		served: make(chan struct{}), random: random(seed, dmlyStream),
	}
	s.server = &http.Server{Handler: s, ReadHeaderTimeout: 10 * time.Second}
	go func() {
		defer close(s.served)
		_ = s.server.Serve(listener) // Ends with ErrServerClosed.
	}()
	return s, nil
}

// close ends the simulator and what it still has to answer.
func (s *simulator) close() {
	_ = s.server.Close()
	<-s.served
}

// ServeHTTP does not ask whether its client still lives: what arrived is carried out.
func (s *simulator) ServeHTTP(w http.ResponseWriter, r *http.Request) {
	s.lag()
	s.Server.ServeHTTP(w, r)
	s.lag() // the answer leaves with the handler's end
}

func (s *simulator) lag() {
	s.mu.Lock()
	d := time.Duration(s.random.Int64N(int64(maxLag)))
	s.mu.Unlock()
	<-time.After(d)
}
