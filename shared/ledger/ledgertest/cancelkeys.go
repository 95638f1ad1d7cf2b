package ledgertest

import (
	"fmt"
	"slices"
	"testing"
	"time"

	"dmlysender/shared/delivery"
)

// RunCancelKeys runs the suite of those that remember what waits under a cancelKey. open returns one that remembers nothing.
func RunCancelKeys(t *testing.T, open func(t *testing.T) delivery.CancelKeys) {
	t.Helper()
	run(t, open, map[string]func(*testing.T, delivery.CancelKeys){
		"finds what was kept, and each key's for itself": findsUnder,
		"gives many in pages":                            findsInPages,
		"forgets what is past its time":                  forgetsUnder,
	})
}

func keep(t *testing.T, k delivery.CancelKeys, cancelKey, id string, until time.Time) {
	t.Helper()
	if err := k.Keep(t.Context(), cancelKey, id, until); err != nil {
		t.Fatalf("Keep(%s, %s): %v", cancelKey, id, err)
	}
}

// under fails the test if there are other pages under the key.
func under(t *testing.T, k delivery.CancelKeys, cancelKey string, n int, now time.Time, want ...[]string) {
	t.Helper()
	var got [][]string
	for cursor := ""; ; {
		ids, next, err := k.Under(t.Context(), cancelKey, n, cursor, now)
		if err != nil {
			t.Fatalf("Under(%s): %v", cancelKey, err)
		}
		slices.Sort(ids)
		if len(ids) > 0 {
			got = append(got, ids)
		}
		if next == "" || len(got) > 100 {
			break
		}
		cursor = next
	}
	if !slices.EqualFunc(got, want, slices.Equal) {
		t.Errorf("under %s are %q, want %q", cancelKey, got, want)
	}
}

func findsUnder(t *testing.T, k delivery.CancelKeys) {
	t.Helper()
	until := start.Add(time.Hour)
	under(t, k, "order-42", 10, start)
	for range 2 { // again changes nothing
		keep(t, k, "order-42", "a", until)
	}
	keep(t, k, "order-42", "b", until)
	keep(t, k, "order-4", "c", until)
	keep(t, k, "ORDER-42", "d", until)
	under(t, k, "order-42", 10, start, []string{"a", "b"})
	under(t, k, "order-4", 10, start, []string{"c"})
	under(t, k, "order", 10, start)
}

func findsInPages(t *testing.T, k delivery.CancelKeys) {
	t.Helper()
	var want [][]string
	for page := range 3 {
		var ids []string
		for i := range 4 {
			ids = append(ids, fmt.Sprintf("m-%d-%d", page, i))
		}
		for _, id := range ids {
			keep(t, k, "order-42", id, start.Add(time.Hour))
		}
		want = append(want, ids)
	}
	under(t, k, "order-42", 4, start, want...)
	under(t, k, "order-42", 12, start, slices.Concat(want...))
	keep(t, k, "order-42", "n", start.Add(time.Hour))
	under(t, k, "order-42", 12, start, slices.Concat(want...), []string{"n"})
}

func forgetsUnder(t *testing.T, k delivery.CancelKeys) {
	t.Helper()
	for i := range 9 {
		keep(t, k, "order-42", fmt.Sprint("m", i), start.Add(time.Duration(i%3)*time.Hour))
	}
	keep(t, k, "order-42", "m0", start.Add(3*time.Hour)) // for longer than before
	keep(t, k, "order-42", "m0", start)
	under(t, k, "order-42", 4, start.Add(time.Hour), []string{"m0", "m2", "m5", "m8"})
	under(t, k, "order-42", 3, start.Add(2*time.Hour), []string{"m0"})
	under(t, k, "order-42", 3, start.Add(3*time.Hour))
}
