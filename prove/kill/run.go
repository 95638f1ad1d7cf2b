package kill

import (
	"cmp"
	"context"
	"errors"
	"fmt"
	"io"
	"math/rand/v2"
	"strings"
	"sync"
	"sync/atomic"
	"time"

	"dmlysender/prove/tally"
)

const (
	defaultKills   = 200
	defaultWorkers = 4
	// killLimit bounds the time with kills, settleLimit the time without them until all is quiet. A message with ifUnknown "resend" that
	// lost its worker twice takes about two minutes to come to rest.
	killLimit   = 15 * time.Minute
	settleLimit = 5 * time.Minute
	// shownViolations is how many are spelled out.
	shownViolations = 25
)

// Options say what to run. Binary and Endpoint are required.
type Options struct {
	// Binary is the path of the worker's binary, built for this machine.
	Binary string
	// Endpoint is the URL of an AWS stand-in with DynamoDB, SQS and Secrets Manager.
	Endpoint string
	// Seed is what everything random is drawn from.
	Seed uint64
	// Kills is how many processes have to be ended in the middle of an invocation; default 200.
	Kills int
	// Workers is how many processes work at the same time; default 4.
	Workers int
	// Log gets a line now and then; nil for none.
	Log io.Writer
}

// Result is what a run came to.
type Result struct {
	// Kills is how often a process ended by SIGKILL with an invocation under way. Torn is how many of them left at least one message
	// claimed, that is between its claim and the record of what became of it.
	Kills, Torn int
	// Invocations is how many batches were handed to a process, Records how many records they had.
	Invocations, Records int
	// Messages is how many messages were put on the queue, Accepted how many of them DMLY accepted.
	Messages, Accepted int
	// Sent, Rejected, Failed, Expired and Unknown are where they came to rest; Resent is how many used their ifUnknown "resend".
	Sent, Rejected, Failed, Expired, Unknown, Resent int
	// Duplicates is how many messages DMLY accepted more often than allowed, Lost how many did not come to rest.
	Duplicates, Lost int
	// Faults is how often DMLY deviated from a plain answer as planned.
	Faults int
}

// String has the numbers by name, on one line.
func (r Result) String() string {
	return fmt.Sprintf("kills=%d torn=%d invocations=%d records=%d faults=%d messages=%d accepted=%d "+
		"sent=%d rejected=%d failed=%d expired=%d unknown=%d resent=%d duplicates=%d lost=%d",
		r.Kills, r.Torn, r.Invocations, r.Records, r.Faults, r.Messages, r.Accepted,
		r.Sent, r.Rejected, r.Failed, r.Expired, r.Unknown, r.Resent, r.Duplicates, r.Lost)
}

// Counts are the numbers that the whole proof sums up.
func (r Result) Counts() tally.Counts {
	return tally.Counts{
		"kills": r.Kills, "crashes": r.Kills, "faults": r.Faults, "messages": r.Messages, "sent": r.Sent, "unknown": r.Unknown,
		"duplicates": r.Duplicates, "lost": r.Lost,
	}
}

// ViolationError says that the worker broke a promise.
type ViolationError struct {
	// Violations has one text for each, with what the ledger and the simulator say.
	Violations []string
}

func (e *ViolationError) Error() string {
	shown := e.Violations[:min(len(e.Violations), shownViolations)]
	text := fmt.Sprintf("the worker broke its promise %d times:\n%s", len(e.Violations), strings.Join(shown, "\n"))
	if more := len(e.Violations) - len(shown); more > 0 {
		text += fmt.Sprintf("\nand %d more", more)
	}
	return text
}

// run is one run under way.
type run struct {
	opts  Options
	stand *stand
	dmly  *simulator
	load  *load
	log   io.Writer

	killing atomic.Bool // whether processes may still be killed
	kills   atomic.Int64
	torn    atomic.Int64
	// invocations and records count what was handed to processes; queued and taken what was put on the queue and received for the first time.
	invocations, records, queued, taken atomic.Int64

	mu       sync.Mutex
	lost     map[string]bool // messages that were in a process when it was killed, by ref
	notes    []string        // what a process did that it must not
	finished []delivered     // records that were deleted, to be delivered once more
}

// Run does one run. It takes a few minutes and needs the stand-in for itself as little as any test does: it makes a table, queues and a
// secret of its own and removes them.
//
// Its error is a *[ViolationError] if the worker broke a promise, and the result says how often; any other means that the proof could
// not be made. Either names the seed.
func Run(ctx context.Context, opts Options) (result Result, err error) {
	defer func() {
		if err != nil {
			err = fmt.Errorf("kill workers with seed %d: %w", opts.Seed, err)
		}
	}()
	opts.Kills, opts.Workers = cmp.Or(opts.Kills, defaultKills), cmp.Or(opts.Workers, defaultWorkers)
	if opts.Log == nil {
		opts.Log = io.Discard
	}
	stand, err := newStand(ctx, opts.Endpoint)
	if err != nil {
		return Result{}, err
	}
	defer func() { err = errors.Join(err, stand.remove(ctx)) }()
	dmly, err := serveDMLY(ctx, opts.Seed)
	if err != nil {
		return Result{}, err
	}
	defer dmly.close()
	r := &run{
		opts: opts, stand: stand, dmly: dmly, log: opts.Log,
		load: newLoad(random(opts.Seed, loadStream)), lost: map[string]bool{},
	}
	if err := r.deliver(ctx); err != nil {
		return Result{}, err
	}
	dmly.close() // nothing is accepted any more
	return r.judge(ctx)
}

// deliver runs the workers until everything has come to rest, or nothing would bring it there.
func (r *run) deliver(ctx context.Context) error {
	ctx, fail := context.WithCancelCause(ctx)
	defer fail(nil)
	pumping, stop := context.WithCancel(ctx)
	defer stop()
	r.killing.Store(true)
	workers := make([]*worker, r.opts.Workers)
	for i := range workers {
		workers[i] = &worker{run: r, random: random(r.opts.Seed, workerStream+uint64(i))}
	}
	var running sync.WaitGroup
	for i, w := range workers {
		twin := workers[(i+1)%len(workers)]
		running.Go(func() {
			if err := w.pump(ctx, pumping.Done(), twin); err != nil {
				fail(err)
			}
		})
	}
	err := r.feed(ctx)
	if err == nil {
		err = r.settle(ctx)
	}
	stop()
	if err != nil {
		fail(err)
	}
	running.Wait()
	for _, w := range workers {
		if killed := w.end(); killed != nil {
			fail(killed)
		}
	}
	return context.Cause(ctx)
}

// note remembers what a process did that it must not.
func (r *run) note(format string, args ...any) {
	r.mu.Lock()
	defer r.mu.Unlock()
	r.notes = append(r.notes, fmt.Sprintf(format, args...))
}

// What is random has a stream of its own in each place, so that one place's draws do not depend on another's.
const (
	loadStream uint64 = iota
	dmlyStream
	workerStream // and those after it
)

func random(seed, stream uint64) *rand.Rand {
	//nolint:gosec // A run is drawn from its seed.
	return rand.New(rand.NewPCG(seed, stream))
}

// wait returns after d, or earlier with the cause of the context's end.
func wait(ctx context.Context, d time.Duration) error {
	timer := time.NewTimer(d)
	defer timer.Stop()
	select {
	case <-timer.C:
		return nil
	case <-ctx.Done():
		return context.Cause(ctx)
	}
}
