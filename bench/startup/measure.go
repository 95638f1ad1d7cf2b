package main

import (
	"context"
	"fmt"
	"math/rand/v2"
	"slices"
	"time"

	"dmlysender/bench/runtimeapi"
)

const (
	// warmUp rounds come first and do not count: they bring the binaries into memory.
	warmUp = 2
	// startLimit is far beyond any start worth measuring.
	startLimit = 20 * time.Second
)

// times are what was measured of one subject, and of hello world right before or after each of its starts: what else the machine does
// at that moment falls on both alike.
type times struct {
	own, hello []time.Duration
}

// measure starts every subject once a round, each paired with a start of hello world, and returns the times in the order of the subjects.
// The order within a round, and within a pair, is a new one each time.
func measure(ctx context.Context, binaries map[string]built, subjects []subject, rounds int) ([]times, error) {
	all := make([]times, len(subjects))
	//nolint:gosec // The same orders in every run make runs comparable.
	random := rand.New(rand.NewPCG(1, 2))
	for round := range warmUp + rounds {
		for _, i := range random.Perm(len(subjects)) {
			own, hello, err := startPair(ctx, binaries[subjects[i].function], subjects[i], random.IntN(2) == 0)
			if err != nil {
				return nil, err
			}
			if round >= warmUp {
				all[i].own, all[i].hello = append(all[i].own, own), append(all[i].hello, hello)
			}
		}
	}
	return all, nil
}

// startPair starts a subject, and hello world with the same environment before or after it.
func startPair(ctx context.Context, b built, s subject, helloFirst bool) (own, hello time.Duration, err error) {
	starts := []struct {
		path string
		took *time.Duration
	}{{b.path, &own}, {b.hello, &hello}}
	if helloFirst {
		slices.Reverse(starts)
	}
	for _, start := range starts {
		if *start.took, err = startOnce(ctx, start.path, s.env); err != nil {
			return 0, 0, fmt.Errorf("measure %s: %w", s, err)
		}
	}
	return own, hello, nil
}

func startOnce(ctx context.Context, path string, env []string) (took time.Duration, err error) {
	process, err := runtimeapi.Start(ctx, path, env)
	if err != nil {
		return 0, err
	}
	defer func() {
		if killed := process.Kill(); err == nil {
			err = killed
		}
	}()
	ctx, cancel := context.WithTimeout(ctx, startLimit)
	defer cancel()
	return process.Ready(ctx)
}
