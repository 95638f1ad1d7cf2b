package main

import (
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"math/rand/v2"
	"slices"
	"strings"
	"time"

	"dmlysender/bench/figures"
	"dmlysender/bench/rig"
	"dmlysender/shared/awsconf"
	"dmlysender/shared/delivery"
	"dmlysender/shared/dmlytest"
	"dmlysender/shared/ledger/dynamodb"
)

// warmUp batches come first and do not count: they open the connections and fetch the key.
const warmUp = 5

// pairs are what was measured of worker and bare loop side by side.
type pairs struct {
	workerTimes, bareTimes []time.Duration // Of a batch.
	workerCPU, bareCPU     []time.Duration // Of a message, one for each process.
}

// worker is the median of a batch.
func (p pairs) worker() time.Duration { return figures.Median(p.workerTimes) }

// cost is what a message costs with a ledger.
type cost struct {
	ledger string
	// calls of DynamoDB.
	calls float64
	// objects and bytes are what is allocated: by everything in the process, the HTTP clients and the Lambda library included.
	objects, bytes float64
}

// results are all that was measured.
type results struct {
	plan       plan
	slow, fast pairs
	// write is a ledger's round trip: one Put by a client that is warm and alone.
	write time.Duration
	costs []cost
}

func (b *bench) measure(ctx context.Context) (results, error) {
	r := results{plan: b.plan}
	var err error
	if r.slow, r.write, err = b.slow(ctx); err != nil {
		return r, err
	}
	if r.fast, err = b.fast(ctx); err != nil {
		return r, err
	}
	for _, ledger := range []string{"memory:", "dynamodb:" + b.Name} {
		c, err := b.count(ctx, ledger)
		if err != nil {
			return r, err
		}
		r.costs = append(r.costs, c)
	}
	return r, nil
}

// slow measures with a DMLY that takes its time, and the ledger between the batches.
func (b *bench) slow(ctx context.Context) (p pairs, write time.Duration, err error) {
	b.DMLY.Inject(dmlytest.Fault{Latency: b.plan.dmly.String(), Times: -1})
	defer b.DMLY.ClearFaults()
	writeOnce, err := b.ledgerWrites()
	if err != nil {
		return p, 0, err
	}
	var writes []time.Duration
	err = b.pair(ctx, &p, b.plan.slowRounds, func() error {
		took, err := writeOnce(ctx)
		writes = append(writes, took)
		return err
	})
	if err != nil {
		return p, 0, err
	}
	return p, figures.Median(writes), nil
}

// fast measures with a DMLY that answers at once.
func (b *bench) fast(ctx context.Context) (p pairs, err error) {
	for range b.plan.processes {
		if err := b.pair(ctx, &p, b.plan.fastRounds, func() error { return nil }); err != nil {
			return p, err
		}
	}
	return p, nil
}

// pair starts worker and bare loop, has them send batches in turn, and ends both. afterwards is called after each round.
func (b *bench) pair(ctx context.Context, p *pairs, rounds int, afterwards func() error) error {
	worker, err := b.Start(ctx, b.Worker(b.binaries["worker"]))
	if err != nil {
		return err
	}
	bare, err := b.Start(ctx, b.Bare(b.binaries["bare"]))
	if err != nil {
		return errors.Join(err, worker.End())
	}
	err = b.inTurn(ctx, p, worker, bare, rounds, afterwards)
	if err := errors.Join(err, worker.End(), bare.End()); err != nil {
		return err
	}
	p.workerCPU, p.bareCPU = append(p.workerCPU, worker.CPU()), append(p.bareCPU, bare.CPU())
	return nil
}

// inTurn sends a batch with each, whoever is first being drawn by lot: what else the machine does at that moment falls on both alike.
// DMLY must have got every message once.
func (b *bench) inTurn(ctx context.Context, p *pairs, worker, bare *rig.Runner, rounds int, afterwards func() error) error {
	//nolint:gosec // The same orders in every run make runs comparable.
	random := rand.New(rand.NewPCG(1, 2))
	before := len(b.DMLY.Messages())
	turns := []struct {
		runner *rig.Runner
		times  *[]time.Duration
	}{{worker, &p.workerTimes}, {bare, &p.bareTimes}}
	for round := range warmUp + rounds {
		if random.IntN(2) == 0 {
			slices.Reverse(turns)
		}
		for _, turn := range turns {
			took, _, err := turn.runner.Batch(ctx)
			if err != nil {
				return err
			}
			if round >= warmUp {
				*turn.times = append(*turn.times, took)
			}
		}
		if err := afterwards(); err != nil {
			return err
		}
	}
	if got, want := len(b.DMLY.Messages())-before, len(turns)*(warmUp+rounds)*rig.BatchSize; got != want {
		return fmt.Errorf("DMLY got %d messages, and should have got %d: the figures are of something else", got, want)
	}
	return nil
}

// ledgerWrites returns a function that writes to the ledger once, where nothing stands, and tells how long that took.
func (b *bench) ledgerWrites() (func(context.Context) (time.Duration, error), error) {
	env := map[string]string{
		"AWS_REGION": rig.Region, "AWS_ACCESS_KEY_ID": "AKIDEXAMPLE", "AWS_SECRET_ACCESS_KEY": "none", "AWS_ENDPOINT_URL": b.AWSURL,
	}
	cfg, err := awsconf.FromEnv(func(name string) string { return env[name] })
	if err != nil {
		return nil, err
	}
	ledger := dynamodb.Open(cfg, b.Name)
	return func(ctx context.Context) (time.Duration, error) {
		id, now := fmt.Sprintf("write-%d", b.ID()), time.Now()
		item := delivery.Item{
			ID: id, Workspace: "W1", Fingerprint: "1:5f2b", Revision: id, State: delivery.Sending, Generation: 1, Attempts: 1,
			History: []delivery.Transition{{At: now, State: delivery.Sending, Attempt: 1}}, ForgetAt: now.Add(time.Hour),
		}
		begin := time.Now()
		_, ok, err := ledger.Put(ctx, item, "", now)
		took := time.Since(begin)
		if err == nil && !ok {
			err = fmt.Errorf("something stands under %s", id)
		}
		return took, err
	}, nil
}

// count has the counting worker send batches with a ledger, and returns what a message of the median batch costs.
func (b *bench) count(ctx context.Context, ledger string) (c cost, err error) {
	counted, err := b.Start(ctx, b.counted(ledger))
	if err != nil {
		return c, err
	}
	defer func() { err = errors.Join(err, counted.End()) }()
	type total struct {
		calls          int
		Objects, Bytes float64
	}
	var totals []total
	for range warmUp + b.plan.countedBatches {
		_, answer, err := counted.Batch(ctx)
		if err != nil {
			return c, err
		}
		t := total{calls: b.dynamoDBCalls()}
		if err := json.Unmarshal(answer, &t); err != nil {
			return c, fmt.Errorf("read what %s counted: %w", counted.Name, err)
		}
		totals = append(totals, t)
	}
	of := func(count func(total) float64) float64 {
		var each []float64
		for i := warmUp; i < len(totals); i++ {
			each = append(each, (count(totals[i])-count(totals[i-1]))/rig.BatchSize)
		}
		return figures.Median(each)
	}
	return cost{
		ledger:  ledger,
		calls:   of(func(t total) float64 { return float64(t.calls) }),
		objects: of(func(t total) float64 { return t.Objects }),
		bytes:   of(func(t total) float64 { return t.Bytes }),
	}, nil
}

func (b *bench) dynamoDBCalls() int {
	n := 0
	for target, calls := range b.AWS.Calls() {
		if strings.HasPrefix(target, "DynamoDB_") {
			n += calls
		}
	}
	return n
}
