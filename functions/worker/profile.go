//go:build profile

package main

import (
	"fmt"
	"os"
	"os/signal"
	"runtime/pprof"
	"syscall"
)

// A worker built with the tag "profile" writes where its processor time goes to the file that PROFILE names, once it gets SIGUSR1, and
// ends. bench/profile builds one.
//
//nolint:gochecknoinits // main is that of the worker as it is deployed.
func init() {
	if err := profile(os.Getenv("PROFILE")); err != nil {
		fmt.Fprintln(os.Stderr, "worker: profile:", err)
		os.Exit(1)
	}
}

func profile(path string) error {
	file, err := os.Create(path) //nolint:gosec // Who starts a worker with a profiler says where.
	if err != nil {
		return err
	}
	if err := pprof.StartCPUProfile(file); err != nil {
		return err
	}
	written := make(chan os.Signal, 1)
	signal.Notify(written, syscall.SIGUSR1)
	go func() {
		<-written
		pprof.StopCPUProfile()
		if err := file.Close(); err != nil {
			fmt.Fprintln(os.Stderr, "worker: profile:", err)
		}
		os.Exit(0)
	}()
	return nil
}
