package ledgertest

import (
	"context"
	"fmt"
	"math"
	"math/rand/v2"
	"sync"
	"sync/atomic"
	"testing"
	"time"

	"github.com/anishathalye/porcupine"

	"dmlysender/shared/delivery"
)

const (
	clients = 4
	// calls is how many each client makes.
	calls = 60
	// maxLost is how many answers are lost of each id; each of them doubles the orders there are.
	maxLost = 5
)

func isLinearizable(t *testing.T, l delivery.Ledger) {
	t.Helper()
	for round := range uint64(3) {
		if problem := judge(record(t.Context(), l, round)); problem != "" {
			t.Errorf("round %d: %s", round, problem)
		}
	}
}

// history is what clients ask of a ledger at the same time, and what they are told.
type history struct {
	ledger delivery.Ledger
	ids    []string
	// moment counts beginnings and ends.
	moment atomic.Int64
	late   sync.WaitGroup

	mu         sync.Mutex
	operations []porcupine.Operation
	written    map[string]delivery.Item // by revision
	lost       map[string]int           // by id
}

// record has clients write and read two ids of this round at the same time. In some calls the clock is an hour ahead, by
// which time the items of the others are forgotten. The round seeds the choices; the order is left to chance.
func record(ctx context.Context, l delivery.Ledger, round uint64) []porcupine.Operation {
	h := &history{
		ledger: l, ids: []string{fmt.Sprintf("one-%d", round), fmt.Sprintf("two-%d", round)},
		written: map[string]delivery.Item{}, lost: map[string]int{},
	}
	var wg sync.WaitGroup
	for n := range clients {
		c := &client{
			history: h, number: n, rand: rand.New(rand.NewPCG(round, uint64(n))), //nolint:gosec // chance for a test
			seen: map[string]string{}, last: map[string]call{},
		}
		wg.Go(func() {
			for range calls {
				c.step(ctx)
			}
		})
	}
	wg.Wait()
	h.late.Wait()
	return h.operations
}

// client is one of the clients.
type client struct {
	*history
	number int
	rand   *rand.Rand
	count  int
	seen   map[string]string // the revision that it saw last, by id
	last   map[string]call   // its last Put, by id
}

// step makes one call.
func (c *client) step(ctx context.Context) {
	id := c.ids[c.rand.IntN(len(c.ids))]
	now := start
	if c.rand.IntN(8) == 0 {
		now = now.Add(time.Hour)
	}
	c.count++
	put := call{id: id, revision: fmt.Sprintf("%d.%d", c.number, c.count), over: c.seen[id], now: now, forgetAt: now.Add(time.Hour)}
	switch c.rand.IntN(10) {
	case 0, 1, 2:
		c.get(ctx, call{id: id, now: now})
		return
	case 3, 4: // a first write, though something may stand there
		put.over = ""
	case 5: // as after an answer that was lost
		if last, ok := c.last[id]; ok {
			put = last
		}
	}
	c.last[id] = put
	c.put(ctx, put)
}

func (c *client) get(ctx context.Context, read call) {
	began := c.moment.Add(1)
	item, ok, err := c.ledger.Get(ctx, read.id, read.now)
	if err == nil { // one that failed says nothing and does nothing
		c.note(read, began, item, ok)
	}
}

// put makes a call whose answer may be lost: before it took effect, after, or while it is still under way.
func (c *client) put(ctx context.Context, p call) {
	item := p.item()
	c.mu.Lock()
	c.written[p.revision] = item
	lose := c.lost[p.id] < maxLost && c.rand.IntN(10) == 0
	if lose {
		c.lost[p.id]++
	}
	c.mu.Unlock()
	began := c.moment.Add(1)
	write := func() (delivery.Item, bool, error) { return c.ledger.Put(ctx, item, p.over, p.now) }
	if !lose {
		standing, ok, err := write()
		if err != nil {
			c.lose(p, began)
			return
		}
		c.note(p, began, standing, ok)
		return
	}
	switch c.rand.IntN(3) {
	case 0: // it never arrived
	case 1:
		_, _, _ = write()
	default:
		c.late.Go(func() { _, _, _ = write() })
	}
	c.lose(p, began)
}

// item is what the call writes.
func (c call) item() delivery.Item {
	item := whole(c.id, c.revision)
	item.Owner, item.Reason, item.ForgetAt = c.revision, c.revision+" over "+c.over, c.forgetAt
	return item
}

func (c *client) note(asked call, began int64, item delivery.Item, ok bool) {
	ended := c.moment.Add(1)
	if item.Revision != "" {
		c.seen[asked.id] = item.Revision
	} else {
		delete(c.seen, asked.id)
	}
	c.mu.Lock()
	defer c.mu.Unlock()
	c.add(asked, began, told(item, ok, c.written[item.Revision]), ended)
}

// lose notes a call that may take effect at any time from its beginning on.
func (c *client) lose(asked call, began int64) {
	c.mu.Lock()
	defer c.mu.Unlock()
	c.add(asked, began, answer{lost: true}, math.MaxInt64)
}

func (c *client) add(asked call, began int64, a answer, ended int64) {
	c.operations = append(c.operations, porcupine.Operation{ClientId: c.number, Input: asked, Call: began, Output: a, Return: ended})
}
