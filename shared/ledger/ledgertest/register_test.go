package ledgertest

import (
	"context"
	"math"
	"sync"
	"testing"
	"time"

	"github.com/anishathalye/porcupine"

	"dmlysender/shared/delivery"
	"dmlysender/shared/ledger"
)

type (
	putFunc func(ctx context.Context, item delivery.Item, over string, now time.Time) (delivery.Item, bool, error)
	getFunc func(ctx context.Context, id string, now time.Time) (delivery.Item, bool, error)
)

// flawed is a ledger of which a method was replaced.
type flawed struct {
	put putFunc
	get getFunc
}

func (f flawed) Put(ctx context.Context, item delivery.Item, over string, now time.Time) (delivery.Item, bool, error) {
	return f.put(ctx, item, over, now)
}

func (f flawed) Get(ctx context.Context, id string, now time.Time) (delivery.Item, bool, error) {
	return f.get(ctx, id, now)
}

// The flaws that a ledger might have; each makes a flawed one of a good one.
var flaws = map[string]func(*ledger.Memory) flawed{
	"none": func(l *ledger.Memory) flawed { return flawed{l.Put, l.Get} },
	"it forgets the condition": func(l *ledger.Memory) flawed {
		return flawed{get: l.Get, put: func(ctx context.Context, item delivery.Item, over string, now time.Time) (delivery.Item, bool, error) {
			standing, ok, err := l.Put(ctx, item, over, now)
			for err == nil && !ok {
				standing, ok, err = l.Put(ctx, item, standing.Revision, now)
			}
			return standing, ok, err
		}}
	},
	"it forgets the condition of a first write": func(l *ledger.Memory) flawed {
		return flawed{get: l.Get, put: func(ctx context.Context, item delivery.Item, over string, now time.Time) (delivery.Item, bool, error) {
			standing, ok, err := l.Put(ctx, item, over, now)
			for err == nil && !ok && over == "" {
				standing, ok, err = l.Put(ctx, item, standing.Revision, now)
			}
			return standing, ok, err
		}}
	},
	"it looks, and then writes": func(l *ledger.Memory) flawed {
		return flawed{get: l.Get, put: func(ctx context.Context, item delivery.Item, over string, now time.Time) (delivery.Item, bool, error) {
			standing, _, err := l.Get(ctx, item.ID, now)
			if err != nil || standing.Revision != over {
				return standing, standing.Revision == item.Revision, err
			}
			if err := (delivery.SystemClock{}).Sleep(ctx, time.Millisecond); err != nil {
				return delivery.Item{}, false, err
			}
			ok := false
			for err == nil && !ok {
				standing, ok, err = l.Put(ctx, item, standing.Revision, now)
			}
			return item, true, err
		}}
	},
	"it reads what stood before": func(l *ledger.Memory) flawed {
		var mu sync.Mutex
		before := map[string]delivery.Item{}
		return flawed{put: l.Put, get: func(ctx context.Context, id string, now time.Time) (delivery.Item, bool, error) {
			item, ok, err := l.Get(ctx, id, now)
			mu.Lock()
			defer mu.Unlock()
			stale := before[id]
			before[id] = item
			if ok && now.Before(stale.ForgetAt) {
				return stale, true, err
			}
			return item, ok, err
		}}
	},
	"it does not know its own write": func(l *ledger.Memory) flawed {
		return flawed{get: l.Get, put: func(ctx context.Context, item delivery.Item, over string, now time.Time) (delivery.Item, bool, error) {
			standing, _, err := l.Get(ctx, item.ID, now)
			if err == nil && standing.Revision == item.Revision {
				return standing, false, nil
			}
			return l.Put(ctx, item, over, now)
		}}
	},
	"it refuses what it has written": func(l *ledger.Memory) flawed {
		return flawed{get: l.Get, put: func(ctx context.Context, item delivery.Item, over string, now time.Time) (delivery.Item, bool, error) {
			before, _, _ := l.Get(ctx, item.ID, now)
			standing, ok, err := l.Put(ctx, item, over, now)
			if ok && over != "" {
				return before, false, err
			}
			return standing, ok, err
		}}
	},
	"it confirms what it has not written": func(l *ledger.Memory) flawed {
		return flawed{get: l.Get, put: func(ctx context.Context, item delivery.Item, over string, now time.Time) (delivery.Item, bool, error) {
			if standing, _, err := l.Get(ctx, item.ID, now); over != "" && standing.Revision == over {
				return item, true, err
			}
			return l.Put(ctx, item, over, now)
		}}
	},
	"it never forgets": func(l *ledger.Memory) flawed {
		return flawed{
			put: func(ctx context.Context, item delivery.Item, over string, _ time.Time) (delivery.Item, bool, error) {
				return l.Put(ctx, item, over, start)
			},
			get: func(ctx context.Context, id string, _ time.Time) (delivery.Item, bool, error) {
				return l.Get(ctx, id, start)
			},
		}
	},
	"it mixes the fields of two writes": func(l *ledger.Memory) flawed {
		return flawed{put: l.Put, get: func(ctx context.Context, id string, now time.Time) (delivery.Item, bool, error) {
			item, ok, err := l.Get(ctx, id, now)
			if ok {
				item.Owner = "1.1"
			}
			return item, ok, err
		}}
	},
}

func TestAFlawIsFound(t *testing.T) {
	t.Parallel()
	for name, flaw := range flaws {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			for round := range uint64(3) {
				problem := judge(record(t.Context(), flaw(&ledger.Memory{}), round))
				if found := problem != ""; found != (name != "none") {
					t.Errorf("round %d: found %v %s", round, found, problem)
				}
			}
		})
	}
}

func TestALostCallMayTakeEffectOnceOrNever(t *testing.T) {
	t.Parallel()
	// The moments of a history are those of its calls, one after the other, but a lost one does not end.
	put := func(revision, over string, a answer) porcupine.Operation {
		return porcupine.Operation{Input: call{id: "a", revision: revision, over: over, now: start, forgetAt: start.Add(time.Hour)}, Output: a}
	}
	get := func(a answer) porcupine.Operation {
		return porcupine.Operation{Input: call{id: "a", now: start}, Output: a}
	}
	lost, nothing, r1, r2 := answer{lost: true}, answer{}, answer{revision: "r1", ok: true}, answer{revision: "r2", ok: true}
	for name, tt := range map[string]struct {
		calls []porcupine.Operation
		want  bool
	}{
		"it never does":                      {[]porcupine.Operation{put("r1", "", lost), get(nothing)}, true},
		"it does at once":                    {[]porcupine.Operation{put("r1", "", lost), get(r1)}, true},
		"it does later":                      {[]porcupine.Operation{put("r1", "", lost), get(nothing), get(r1)}, true},
		"it does not before it begins":       {[]porcupine.Operation{get(r1), put("r1", "", lost)}, false},
		"it does not cease to":               {[]porcupine.Operation{put("r1", "", lost), get(r1), get(nothing)}, false},
		"it does not twice":                  {[]porcupine.Operation{put("r1", "", lost), get(r1), put("r2", "r1", r2), get(r1)}, false},
		"it does not against its condition":  {[]porcupine.Operation{put("r1", "", r1), put("r2", "r0", lost), get(r2)}, false},
		"its repeat is taken for done":       {[]porcupine.Operation{put("r1", "", lost), put("r1", "", r1), get(r1)}, true},
		"its repeat is refused after others": {[]porcupine.Operation{put("r1", "", lost), put("r2", "r1", r2), put("r1", "", answer{revision: "r2"})}, true},
		"two first writes do not both win":   {[]porcupine.Operation{put("r1", "", r1), put("r2", "", r2)}, false},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			for i, op := range tt.calls {
				tt.calls[i].Call, tt.calls[i].Return = int64(2*i), int64(2*i+1)
				if op.Output == any(lost) {
					tt.calls[i].Return = math.MaxInt64
				}
			}
			if problem := judge(tt.calls); (problem == "") != tt.want {
				t.Errorf("got %q, want it to be explained: %v", problem, tt.want)
			}
		})
	}
}
