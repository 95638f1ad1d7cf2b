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
	defaultKills    = 200
	defaultAPIKills = 100
	defaultWorkers  = 4
	// callers is how many processes of the api work at the same time.
	callers = 2
	// killLimit bounds the time with kills, settleLimit the time without them until all is quiet. A message with ifUnknown "resend" that
	// lost its worker twice takes about two minutes to come to rest.
	killLimit   = 15 * time.Minute
	settleLimit = 5 * time.Minute
	// shownViolations is how many are spelled out.
	shownViolations = 25
)

// Options say what to run. Worker, API and Endpoint are required.
type Options struct {
	// Worker and API are the paths of the functions' binaries, built for this machine.
	Worker, API string
	// Endpoint is the URL of an AWS stand-in with DynamoDB, SQS and Secrets Manager.
	Endpoint string
	// Seed is what everything random is drawn from.
	Seed uint64
	// Kills is how many workers have to be ended in the middle of an invocation, default 200; APIKills is how many apis, default 100.
	Kills, APIKills int
	// Workers is how many workers work at the same time; default 4.
	Workers int
	// Log gets a line now and then; nil for none.
	Log io.Writer
}

// Result is what a run came to.
type Result struct {
	// Kills is how often a worker ended by SIGKILL with an invocation under way. Torn is how many of them left at least one message
	// claimed, that is between its claim and the record of what became of it.
	Kills, Torn int
	// APIKills is how often an api did. Of those that were the first to hear of their message, APIEarly left nothing in the ledger, APITorn
	// left it claimed, and APILate came after it was written down as accepted, or as what became of it, and before the answer.
	APIKills, APIEarly, APITorn, APILate int
	// Invocations is how many batches were handed to a worker, Records how many records they had, Calls how many calls an api got.
	Invocations, Records, Calls int
	// Messages is how many messages were put on the queue or came in a call, Accepted how many of them DMLY accepted.
	Messages, Accepted int
	// Carried is how many were sent though no answer ever told their caller: by the record that was queued before. Stranded is how many
	// were written down as accepted and not queued, by a process that was killed in between; nobody was told that they were accepted.
	Carried, Stranded int
	// Sent, Rejected, Failed, Expired and Unknown are where they came to rest; Resent is how many used their ifUnknown "resend".
	Sent, Rejected, Failed, Expired, Unknown, Resent int
	// Duplicates is how many messages DMLY accepted more often than allowed, Lost how many did not come to rest that had to.
	Duplicates, Lost int
	// Faults is how often DMLY deviated from a plain answer as planned.
	Faults int
}

// String has the numbers by name, on one line.
func (r Result) String() string {
	return fmt.Sprintf("kills=%d torn=%d apiKills=%d apiEarly=%d apiTorn=%d apiLate=%d invocations=%d records=%d calls=%d faults=%d messages=%d accepted=%d "+
		"carried=%d stranded=%d sent=%d rejected=%d failed=%d expired=%d unknown=%d resent=%d duplicates=%d lost=%d",
		r.Kills, r.Torn, r.APIKills, r.APIEarly, r.APITorn, r.APILate, r.Invocations, r.Records, r.Calls, r.Faults, r.Messages, r.Accepted,
		r.Carried, r.Stranded, r.Sent, r.Rejected, r.Failed, r.Expired, r.Unknown, r.Resent, r.Duplicates, r.Lost)
}

// Counts are the numbers that the whole proof sums up.
func (r Result) Counts() tally.Counts {
	kills := r.Kills + r.APIKills
	return tally.Counts{
		"kills": kills, "crashes": kills, "faults": r.Faults, "messages": r.Messages, "sent": r.Sent, "unknown": r.Unknown,
		"duplicates": r.Duplicates, "lost": r.Lost,
	}
}

// ViolationError says that a function broke a promise.
type ViolationError struct {
	// Violations has one text for each, with what the ledger and the simulator say.
	Violations []string
}

func (e *ViolationError) Error() string {
	shown := e.Violations[:min(len(e.Violations), shownViolations)]
	text := fmt.Sprintf("a promise was broken %d times:\n%s", len(e.Violations), strings.Join(shown, "\n"))
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
	log   io.Writer
	// load is what comes by the queue. Each caller has its own; loads are all, to be read when nobody makes messages any more.
	load  *load
	loads []*load

	workers, apis toll
	// early and late count what apis left behind that were killed before their message was claimed, and after its outcome was recorded.
	early, late atomic.Int64
	// invocations, records and calls count what was handed to processes; queued and taken what was put on the queue by feed and received
	// for the first time.
	invocations, records, calls, queued, taken atomic.Int64

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
			err = fmt.Errorf("kill functions with seed %d: %w", opts.Seed, err)
		}
	}()
	opts.Kills, opts.APIKills = cmp.Or(opts.Kills, defaultKills), cmp.Or(opts.APIKills, defaultAPIKills)
	opts.Workers = cmp.Or(opts.Workers, defaultWorkers)
	if opts.Log == nil {
		opts.Log = io.Discard
	}
	stand, err := newStand(ctx, opts.Endpoint)
	if err != nil {
		return Result{}, err
	}
	defer func() { err = errors.Join(err, stand.remove(ctx)) }()
	dmly, err := serveDMLY(ctx, opts.Seed, opts.Workers+callers)
	if err != nil {
		return Result{}, err
	}
	defer dmly.close()
	r := &run{
		opts: opts, stand: stand, dmly: dmly, log: opts.Log,
		load: newLoad("ref", random(opts.Seed, loadStream)), lost: map[string]bool{},
	}
	r.workers.want, r.apis.want, r.loads = int64(opts.Kills), int64(opts.APIKills), []*load{r.load}
	if err := r.deliver(ctx); err != nil {
		return Result{}, err
	}
	dmly.close() // nothing is accepted any more
	return r.judge(ctx)
}

// deliver runs the functions until everything has come to rest, or nothing would bring it there.
func (r *run) deliver(ctx context.Context) error {
	ctx, fail := context.WithCancelCause(ctx)
	defer fail(nil)
	pumping, stop := context.WithCancel(ctx)
	defer stop()
	var working, calling sync.WaitGroup
	workers, all := make([]*worker, r.opts.Workers), []*place{}
	for i := range workers {
		workers[i] = &worker{r.place(callers+i, "worker", r.opts.Worker, random(r.opts.Seed, workerStream+uint64(i)))}
		all = append(all, &workers[i].place)
	}
	for i, w := range workers {
		twin := workers[(i+1)%len(workers)]
		start(&working, fail, func() error { return w.pump(ctx, pumping.Done(), twin) })
	}
	callers := r.newCallers()
	for i, c := range callers {
		twin := callers[(i+1)%len(callers)]
		start(&calling, fail, func() error { return c.pump(ctx, twin) })
		all = append(all, &c.place)
	}
	err := r.feed(ctx)
	calling.Wait()
	if err == nil {
		err = r.meetFlaws(ctx)
	}
	if err == nil {
		err = r.settle(ctx)
	}
	stop()
	if err != nil {
		fail(err)
	}
	working.Wait()
	for _, p := range all {
		if killed := p.end(); killed != nil {
			fail(killed)
		}
	}
	return context.Cause(ctx)
}

// start runs f until it ends; its error ends everything.
func start(group *sync.WaitGroup, fail context.CancelCauseFunc, f func() error) {
	group.Go(func() {
		if err := f(); err != nil {
			fail(err)
		}
	})
}

// newCallers makes the callers and their loads.
func (r *run) newCallers() []*caller {
	all := make([]*caller, callers)
	for i := range all {
		stream := callerStream + uint64(2*i)
		all[i] = &caller{
			place: r.place(i, "api", r.opts.API, random(r.opts.Seed, stream)),
			load:  newLoad(fmt.Sprintf("call-%d", i), random(r.opts.Seed, stream+1)),
		}
		r.loads = append(r.loads, all[i].load)
	}
	return all
}

// messages are all of them. No caller may be making any.
func (r *run) messages() (all []*message) {
	for _, l := range r.loads {
		all = append(all, l.messages...)
	}
	return all
}

// died remembers that a process died over messages.
func (r *run) died(refs ...string) {
	r.mu.Lock()
	defer r.mu.Unlock()
	for _, ref := range refs {
		r.lost[ref] = true
	}
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
	workerStream        // and those after it, up to
	callerStream = 1000 // and those after it
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
