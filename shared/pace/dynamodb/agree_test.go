package dynamodb_test

import (
	"slices"
	"testing"
	"time"

	"pgregory.net/rapid"

	"dmlysender/shared/delivery"
	"dmlysender/shared/pace"
	"dmlysender/shared/pace/pacetest"
)

// pair is DynamoDB, asked by several workers, and memory, which knows all that they know.
type pair struct {
	now     time.Time
	workers []pacetest.Pacer
	memory  *pace.Memory
}

func newPair(t *testing.T, rt *rapid.T) *pair {
	t.Helper()
	p := &pair{now: noon}
	clock := func() time.Time { return p.now }
	half := func() float64 { return 0.5 }
	perMinute := rapid.OneOf(rapid.IntRange(1, 100), rapid.IntRange(1, 6000)).Draw(rt, "a minute")
	memory, err := pace.NewMemory(perMinute, clock)
	if err != nil {
		rt.Fatal(err)
	}
	memory.Float64 = half
	p.memory = memory
	f := &fast{}
	for range rapid.IntRange(1, 3).Draw(rt, "workers") {
		worker := f.open(t, perMinute, clock)
		worker.Float64 = half
		p.workers = append(p.workers, worker)
	}
	return p
}

func (p *pair) worker(t *rapid.T) delivery.Pacer {
	return rapid.SampledFrom(p.workers).Draw(t, "worker")
}

func (p *pair) reserve(t *rapid.T) {
	who := account
	who.KeyVersion = rapid.SampledFrom([]string{"v1", "v2"}).Draw(t, "key")
	lane := rapid.SampledFrom([]delivery.Lane{delivery.NormalLane, delivery.BulkLane}).Draw(t, "lane")
	n := rapid.IntRange(1, 12).Draw(t, "n")
	until := p.now.Add(time.Duration(rapid.Int64Range(-int64(time.Second), int64(time.Minute)).Draw(t, "until")))
	got, err := p.worker(t).Reserve(t.Context(), who, lane, n, until)
	if err != nil {
		t.Fatal(err)
	}
	want, err := p.memory.Reserve(t.Context(), who, lane, n, until)
	if err != nil {
		t.Fatal(err)
	}
	if !slices.EqualFunc(got.Slots, want.Slots, time.Time.Equal) {
		t.Fatalf("slots\n got %v\nwant %v", got.Slots, want.Slots)
	}
	// One of several workers may not know yet for how long there is nothing, but does know that there is nothing.
	if len(p.workers) == 1 && (!got.RetryAt.Equal(want.RetryAt) || got.KeyRefused != want.KeyRefused) {
		t.Fatalf("got %+v, want %+v", got, want)
	}
}

func (p *pair) outlook(t *rapid.T) {
	who := account
	who.KeyVersion = rapid.SampledFrom([]string{"v1", "v2"}).Draw(t, "key")
	got, err := rapid.SampledFrom(p.workers).Draw(t, "worker").Outlook(t.Context(), who)
	if err != nil {
		t.Fatal(err)
	}
	want, err := p.memory.Outlook(t.Context(), who)
	if err != nil {
		t.Fatal(err)
	}
	if !got.Next.Equal(want.Next) || got.Interval != want.Interval || !got.RefusedUntil.Equal(want.RefusedUntil) {
		t.Fatalf("got %+v, want %+v", got, want)
	}
}

func (p *pair) delay(t *rapid.T) {
	until := p.now.Add(time.Duration(rapid.Int64Range(-int64(time.Minute), int64(20*time.Minute)).Draw(t, "delay")))
	for _, pacer := range []delivery.Pacer{p.worker(t), p.memory} {
		if err := pacer.Delay(t.Context(), account.Name, until); err != nil {
			t.Fatal(err)
		}
	}
}

func (p *pair) refuse(t *rapid.T) {
	got, err := p.worker(t).Refuse(t.Context(), account)
	if err != nil {
		t.Fatal(err)
	}
	if want, err := p.memory.Refuse(t.Context(), account); err != nil || !got.Equal(want) {
		t.Fatalf("paused until %v, want %v (%v)", got, want, err)
	}
}

func TestDynamoDBGivesWhatMemoryGives(t *testing.T) {
	t.Parallel()
	rapid.Check(t, func(rt *rapid.T) {
		p := newPair(t, rt)
		rt.Repeat(map[string]func(*rapid.T){
			"reserve": p.reserve, "reserve more": p.reserve, "delay": p.delay, "refuse": p.refuse, "outlook": p.outlook,
			"some seconds": func(t *rapid.T) {
				p.now = p.now.Add(time.Duration(rapid.Int64Range(0, int64(20*time.Second)).Draw(t, "seconds")))
			},
			"some minutes": func(t *rapid.T) {
				p.now = p.now.Add(time.Duration(rapid.Int64Range(0, int64(20*time.Minute)).Draw(t, "minutes")))
			},
		})
	})
}
