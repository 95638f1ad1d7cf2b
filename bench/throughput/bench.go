package main

import (
	"context"
	"fmt"
	"net"
	"net/http"
	"os"
	"path/filepath"
	"sync"
	"time"

	"dmlysender/bench/binary"
	"dmlysender/bench/standin"
	"dmlysender/shared/dmlytest"
)

// plan is how much is measured, and against what.
type plan struct {
	// dmly is how long a slow DMLY takes, aws how long each call of AWS.
	dmly, aws time.Duration
	// slowRounds are made with a slow DMLY.
	slowRounds int
	// processes are how often worker and bare loop are started for the rounds with a DMLY that answers at once; each time they
	// make fastRounds.
	processes, fastRounds int
	// countedBatches are made for each kind of ledger to count allocations.
	countedBatches int
}

// bench is the functions' binaries, and what they talk to, each on a port of 127.0.0.1.
type bench struct {
	plan     plan
	binaries map[string]string // By the function's name.

	dmly    *dmlytest.Server
	aws     *standin.AWS
	dmlyURL string
	awsURL  string

	ids     int // How many messages were made.
	servers []*http.Server
	serving sync.WaitGroup
}

// newBench builds the functions into dir and serves what they talk to, until close.
func newBench(ctx context.Context, dir string, p plan) (*bench, error) {
	b := &bench{
		plan: p, binaries: map[string]string{},
		dmly: dmlytest.New(dmlytest.Options{Key: dmlyKey}),
		aws:  standin.New(standin.Options{Latency: p.aws, Secret: dmlyKey}),
	}
	for name, folder := range map[string]string{"worker": "./functions/worker", "bare": "./bench/throughput/bare", "counted": "./bench/throughput/counted"} {
		b.binaries[name] = filepath.Join(dir, name)
		if _, err := binary.Build(ctx, folder, b.binaries[name]); err != nil {
			return nil, err
		}
	}
	for _, stand := range []struct {
		handler http.Handler
		url     *string
	}{{b.dmly, &b.dmlyURL}, {b.aws, &b.awsURL}} {
		var err error
		if *stand.url, err = b.serve(ctx, stand.handler); err != nil {
			b.close()
			return nil, err
		}
	}
	b.dmlyURL += dmlytest.BasePath
	return b, nil
}

func (b *bench) serve(ctx context.Context, handler http.Handler) (url string, err error) {
	listener, err := (&net.ListenConfig{}).Listen(ctx, "tcp", "127.0.0.1:0")
	if err != nil {
		return "", fmt.Errorf("serve what the functions talk to: %w", err)
	}
	server := &http.Server{Handler: handler, ReadHeaderTimeout: 10 * time.Second}
	b.servers = append(b.servers, server)
	b.serving.Go(func() { _ = server.Serve(listener) }) // Ends with ErrServerClosed.
	return "http://" + listener.Addr().String(), nil
}

// close ends the servers.
func (b *bench) close() {
	for _, server := range b.servers {
		if err := server.Close(); err != nil {
			fmt.Fprintln(os.Stderr, "throughput: close a server:", err)
		}
	}
	b.serving.Wait()
}
