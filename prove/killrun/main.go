// Command killrun ends built workers and apis in the middle of their work, again and again, and checks that nothing was lost or sent
// twice; see package kill. It needs an AWS stand-in and the binaries:
//
//	make build ARCH=native
//	e2e/with-ministack go run ./prove/killrun -kills 200 -api-kills 100
package main

import (
	"context"
	"errors"
	"flag"
	"fmt"
	"os"
	"os/signal"
	"runtime"
	"syscall"
	"time"

	"dmlysender/prove/kill"
	"dmlysender/prove/tally"
)

func main() {
	ctx, stop := signal.NotifyContext(context.Background(), os.Interrupt, syscall.SIGTERM)
	err := run(ctx, os.Args[1:])
	stop()
	if err != nil {
		fmt.Fprintln(os.Stderr, "killrun:", err)
		os.Exit(1)
	}
}

func run(ctx context.Context, args []string) error {
	flags := flag.NewFlagSet("killrun", flag.ContinueOnError)
	kills := flags.Int("kills", 200, "workers to end in the middle of an invocation")
	apiKills := flags.Int("api-kills", 100, "apis to end in the middle of an invocation")
	workers := flags.Int("workers", 4, "workers at the same time")
	seed := flags.Uint64("seed", uint64(time.Now().UnixNano()), "what everything random is drawn from")
	worker := flags.String("worker", "build/"+runtime.GOARCH+"/worker/bootstrap", "the worker, built for this machine")
	api := flags.String("api", "build/"+runtime.GOARCH+"/api/bootstrap", "the api, built for this machine")
	if err := flags.Parse(args); err != nil {
		return err
	}
	endpoint := os.Getenv("AWS_ENDPOINT_URL")
	if endpoint == "" {
		return errors.New("AWS_ENDPOINT_URL is not set: run this by e2e/with-ministack")
	}
	for _, binary := range []string{*worker, *api} {
		if _, err := os.Stat(binary); err != nil {
			return fmt.Errorf("find the function: %w: build it with make build ARCH=native", err)
		}
	}
	begin := time.Now()
	result, err := kill.Run(ctx, kill.Options{
		Worker: *worker, API: *api, Endpoint: endpoint, Seed: *seed, Kills: *kills, APIKills: *apiKills, Workers: *workers, Log: os.Stdout,
	})
	if _, judged := errors.AsType[*kill.ViolationError](err); judged || err == nil {
		fmt.Printf("killrun: seed=%d %v in %v\n", *seed, result, time.Since(begin).Round(time.Second))
		err = errors.Join(err, tally.Append("kills", result.Counts()))
	}
	return err
}
