package ledgertest

import (
	"crypto/sha256"
	"encoding/base32"
	"maps"
	"strconv"
	"strings"
	"testing"
	"time"

	"dmlysender/shared/campaign"
	"dmlysender/shared/delivery"
)

// Campaigns is a ledger that tells how campaigns stand.
type Campaigns interface {
	delivery.Ledger
	campaign.Ledger
}

// RunCampaigns runs the suite of ledgers that tell how campaigns stand. open returns an empty one.
func RunCampaigns(t *testing.T, open func(t *testing.T) Campaigns) {
	t.Helper()
	run(t, open, map[string]func(*testing.T, Campaigns){
		"keeps a campaign's messages as any other":     keepsCampaigns,
		"counts exactly, and each campaign for itself": countsExactly,
		"counts what stands at that moment":            countsNothingForgotten,
		"looks many messages up":                       looksManyUp,
	})
}

// member is the id of the n-th message of a campaign.
func member(campaign string, n int) string {
	sum := sha256.Sum256([]byte(strconv.Itoa(n)))
	return "c." + campaign + "." + strings.ToLower(base32.StdEncoding.EncodeToString(sum[:])[:26])
}

func standing(id string, state delivery.State) delivery.Item {
	item := whole(id, "r1")
	item.State = state
	return item
}

func keepsCampaigns(t *testing.T, l Campaigns) {
	t.Helper()
	for n := range 40 {
		item := whole(member("Spring_26-1", n), "r1")
		if _, ok := put(t, l, item, "", start); !ok {
			t.Fatalf("the first write of %s was refused", item.ID)
		}
		got, ok := get(t, l, item.ID, start)
		if !ok {
			t.Fatalf("%s was not found", item.ID)
		}
		same(t, got, item)
	}
}

func counts(t *testing.T, l Campaigns, campaign string, now time.Time, want map[delivery.State]int) {
	t.Helper()
	got, err := l.Counts(t.Context(), campaign, now)
	if err != nil || !maps.Equal(got, want) {
		t.Errorf("%s: got %v, %v, want %v", campaign, got, err, want)
	}
}

func countsExactly(t *testing.T, l Campaigns) {
	t.Helper()
	counts(t, l, "spring", start, map[delivery.State]int{})
	want := map[delivery.State]int{}
	for n := range 100 {
		state := delivery.States()[n*n%len(delivery.States())]
		put(t, l, standing(member("spring", n), state), "", start)
		want[state]++
	}
	put(t, l, standing(member("spring-2", 1), delivery.Sent), "", start)
	put(t, l, standing(member("sprin", 1), delivery.Failed), "", start)
	put(t, l, standing("spring", delivery.Failed), "", start)
	put(t, l, standing("conflict:"+member("spring", 1)+":0f0f0f0f", delivery.Rejected), "", start)
	counts(t, l, "spring", start, want)
	counts(t, l, "spring-2", start, map[delivery.State]int{delivery.Sent: 1})
	counts(t, l, "sprin", start, map[delivery.State]int{delivery.Failed: 1})

	moved := standing(member("spring", 0), delivery.Cancelled)
	moved.Revision = "r2"
	put(t, l, moved, "r1", start)
	want[delivery.States()[0]]--
	want[delivery.Cancelled]++
	counts(t, l, "spring", start, want)
}

func countsNothingForgotten(t *testing.T, l Campaigns) {
	t.Helper()
	for n := range 4 {
		item := standing(member("spring", n), delivery.Sent)
		item.ForgetAt = start.Add(time.Duration(n) * time.Hour)
		put(t, l, item, "", start.Add(-time.Hour))
	}
	counts(t, l, "spring", start, map[delivery.State]int{delivery.Sent: 3})
	counts(t, l, "spring", start.Add(2*time.Hour), map[delivery.State]int{delivery.Sent: 1})
	counts(t, l, "spring", start.Add(3*time.Hour), map[delivery.State]int{})
}

func looksManyUp(t *testing.T, l Campaigns) {
	t.Helper()
	const n = 230
	var ids []string
	for i := range n {
		id := member("spring", i)
		ids = append(ids, id, id) // asking twice is no error
		if i%3 > 0 {
			item := standing(id, delivery.States()[i%len(delivery.States())])
			item.Generation, item.TakenBack = i, "run 1"
			put(t, l, item, "", start)
		}
	}
	put(t, l, standing("order-1", delivery.Sent), "", start)
	gone := standing("order-2", delivery.Sent)
	gone.ForgetAt = start
	put(t, l, gone, "", start.Add(-time.Hour))
	ids = append(ids, "order-1", "order-2", "order-3")
	got, err := l.States(t.Context(), ids, start)
	if err != nil || len(got) != n-(n+2)/3+1 {
		t.Fatalf("got %d, %v", len(got), err)
	}
	for id, item := range got {
		want, _ := get(t, l, id, start)
		if item.ID != id || item.State != want.State || item.Generation != want.Generation || item.Fingerprint != want.Fingerprint ||
			item.Revision != want.Revision || item.TakenBack != want.TakenBack || len(item.Refused) != len(want.Refused) || item.Place() != want.Place() {
			t.Errorf("%s: got %+v, want %+v", id, item, want)
		}
	}
	if got, err := l.States(t.Context(), nil, start); err != nil || len(got) != 0 {
		t.Errorf("of none: got %v, %v", got, err)
	}
}
