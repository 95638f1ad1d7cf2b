// Package rig serves what a function talks to, a simulated DMLY and a stand-in for AWS, and has functions send batches through them.
package rig

import (
	"context"
	"errors"
	"fmt"
	"net"
	"net/http"
	"sync"
	"time"

	"dmlysender/bench/standin"
	"dmlysender/shared/dmlytest"
)

const (
	// DMLYKey is the key that the simulated DMLY takes, and the value of every secret.
	DMLYKey = "bench-key-0001"
	// Table is the ledger's.
	Table = "bench-table"
)

// Rig is what functions talk to, each on a port of 127.0.0.1. Its exported fields do not change.
type Rig struct {
	DMLY    *dmlytest.Server
	AWS     *standin.AWS
	DMLYURL string // With the base path.
	AWSURL  string

	servers []*http.Server
	serving sync.WaitGroup

	mu  sync.Mutex
	ids int // How many ids were made.
}

// Serve serves a DMLY, and an AWS whose calls take a latency each. It must be closed.
func Serve(ctx context.Context, latency time.Duration) (*Rig, error) {
	r := &Rig{
		DMLY: dmlytest.New(dmlytest.Options{Key: DMLYKey}),
		AWS:  standin.New(standin.Options{Latency: latency, Secret: DMLYKey}),
	}
	for _, stand := range []struct {
		handler http.Handler
		url     *string
	}{{r.DMLY, &r.DMLYURL}, {r.AWS, &r.AWSURL}} {
		var err error
		if *stand.url, err = r.serve(ctx, stand.handler); err != nil {
			return nil, errors.Join(err, r.Close())
		}
	}
	r.DMLYURL += dmlytest.BasePath
	return r, nil
}

func (r *Rig) serve(ctx context.Context, handler http.Handler) (url string, err error) {
	listener, err := (&net.ListenConfig{}).Listen(ctx, "tcp", "127.0.0.1:0")
	if err != nil {
		return "", fmt.Errorf("serve what the functions talk to: %w", err)
	}
	server := &http.Server{Handler: handler, ReadHeaderTimeout: 10 * time.Second}
	r.servers = append(r.servers, server)
	r.serving.Go(func() { _ = server.Serve(listener) }) // Ends with ErrServerClosed.
	return "http://" + listener.Addr().String(), nil
}

// Close ends the servers.
func (r *Rig) Close() error {
	var problems []error
	for _, server := range r.servers {
		problems = append(problems, server.Close())
	}
	r.serving.Wait()
	return errors.Join(problems...)
}

// ID returns a number that it has not returned before. It is safe for concurrent use.
func (r *Rig) ID() int {
	r.mu.Lock()
	defer r.mu.Unlock()
	r.ids++
	return r.ids
}
