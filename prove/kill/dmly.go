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
	host   string
	doors  []chan struct{}
	server *http.Server
	served chan struct{}

	mu     sync.Mutex
	random *rand.Rand
}

// serveDMLY serves a simulator with so many doors: base URLs, one for each place, so that it is known whose post came in.
func serveDMLY(ctx context.Context, seed uint64, doors int) (*simulator, error) {
	listener, err := (&net.ListenConfig{}).Listen(ctx, "tcp", "127.0.0.1:0")
	if err != nil {
		return nil, fmt.Errorf("listen for the DMLY simulator: %w", err)
	}
	s := &simulator{
		Server: dmlytest.New(dmlytest.Options{}), host: "http://" + listener.Addr().String(),
		served: make(chan struct{}), random: random(seed, dmlyStream),
	}
	routes := http.NewServeMux()
	for i := range doors {
		door := make(chan struct{}, 1)
		s.doors = append(s.doors, door)
		routes.Handle(doorPath(i)+"/", http.StripPrefix(doorPath(i), s.behind(door)))
	}
	s.server = &http.Server{Handler: routes, ReadHeaderTimeout: 10 * time.Second}
	go func() {
		defer close(s.served)
		_ = s.server.Serve(listener) // Ends with ErrServerClosed.
	}()
	return s, nil
}

func doorPath(i int) string { return fmt.Sprintf("/door-%d", i) }

// door is a base URL, and where something is after a post came in by it.
func (s *simulator) door(i int) (url string, posts <-chan struct{}) {
	return s.host + doorPath(i) + dmlytest.BasePath, s.doors[i]
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

// behind serves a door.
func (s *simulator) behind(door chan<- struct{}) http.Handler {
	return http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		select {
		case door <- struct{}{}:
		default: // nobody has looked at the one before
		}
		s.ServeHTTP(w, r)
	})
}

func (s *simulator) lag() {
	s.mu.Lock()
	d := time.Duration(s.random.Int64N(int64(maxLag)))
	s.mu.Unlock()
	<-time.After(d)
}
