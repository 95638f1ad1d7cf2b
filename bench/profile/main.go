// Command profile tells where the processor time of a message goes that the worker sends. Run it anywhere in the repository:
//
//	go run ./bench/profile
//
// It builds the worker as it is deployed, but for this machine and with a profiler, and runs it against a simulated DMLY that answers at
// once and a stand-in for AWS. With -keep it leaves the profile for "go tool pprof".
package main

import (
	"context"
	"errors"
	"flag"
	"fmt"
	"io"
	"os"
	"path/filepath"
	"syscall"
	"time"

	"github.com/google/pprof/profile"

	"dmlysender/bench/binary"
	"dmlysender/bench/figures"
	"dmlysender/bench/rig"
)

// latency is how long a call of AWS takes.
const latency = 2 * time.Millisecond

func main() { figures.Main("profile", run) }

func run(ctx context.Context, args []string, out io.Writer) error {
	flags := flag.NewFlagSet("profile", flag.ContinueOnError)
	batches := flags.Int("n", 1000, "batches of ten messages")
	keep := flags.String("keep", "", "file to leave the profile in")
	if err := flags.Parse(args); err != nil {
		return err
	}
	if *batches < 1 {
		return fmt.Errorf("-n is %d: at least one batch is needed", *batches)
	}
	dir, err := os.MkdirTemp("", "profile")
	if err != nil {
		return fmt.Errorf("make a folder for the worker: %w", err)
	}
	defer os.RemoveAll(dir) //nolint:errcheck // A folder left behind in the temporary one is no reason to fail.
	file := filepath.Join(dir, "cpu")
	if *keep != "" {
		file = *keep
	}
	if err := take(ctx, filepath.Join(dir, "worker"), file, *batches); err != nil {
		return err
	}
	taken, err := read(file)
	if err != nil {
		return err
	}
	return split(taken).print(out, *batches*rig.BatchSize, figures.Machine(time.Now()))
}

// take builds a worker at path, has it send so many batches, and leaves its profile in the file.
func take(ctx context.Context, path, file string, batches int) (err error) {
	if _, err := binary.Build(ctx, "./functions/worker", path, "profile"); err != nil {
		return err
	}
	r, err := rig.New(ctx, latency)
	if err != nil {
		return err
	}
	defer r.Close()
	worker := r.Worker(path)
	worker.Env = append(worker.Env, "PROFILE="+file)
	runner, err := r.Start(ctx, worker)
	if err != nil {
		return err
	}
	defer func() { err = errors.Join(err, runner.End()) }()
	for range batches {
		if _, _, err := runner.Batch(ctx); err != nil {
			return err
		}
	}
	if err := runner.Process.Signal(syscall.SIGUSR1); err != nil {
		return err
	}
	select {
	case <-runner.Process.Exited():
		return nil
	case <-ctx.Done():
		return ctx.Err()
	}
}

func read(file string) (*profile.Profile, error) {
	f, err := os.Open(file) //nolint:gosec // It is the one that the worker was told.
	if err != nil {
		return nil, fmt.Errorf("read the profile: %w", err)
	}
	defer f.Close() //nolint:errcheck // It is only read.
	p, err := profile.Parse(f)
	if err != nil {
		return nil, fmt.Errorf("read the profile: %w", err)
	}
	return p, nil
}
