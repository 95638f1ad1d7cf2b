package ledger_test

import (
	"testing"
	"time"

	"dmlysender/shared/delivery"
	"dmlysender/shared/ledger"
	"dmlysender/shared/ledger/ledgertest"
)

var noon = time.Date(2026, 11, 23, 12, 0, 0, 0, time.UTC)

func TestMemoryIsALedger(t *testing.T) {
	t.Parallel()
	ledgertest.Run(t, func(*testing.T) ledgertest.Ledger { return &ledger.Memory{} })
}

func TestMemoryKeepsCancelKeys(t *testing.T) {
	t.Parallel()
	ledgertest.RunCancelKeys(t, func(*testing.T) delivery.CancelKeys { return &ledger.Memory{} })
}

func TestMemoryDoesWhatAMapWouldDo(t *testing.T) {
	t.Parallel()
	ledgertest.Explore(t, func() ledgertest.Ledger { return &ledger.Memory{} })
}

func TestNobodyChangesWhatMemoryHolds(t *testing.T) {
	t.Parallel()
	l := &ledger.Memory{}
	item := delivery.Item{
		ID: "a", Revision: "r1", State: delivery.Unknown, Content: []byte("kept"), Refused: []string{"kept"},
		History: []delivery.Transition{{State: delivery.Unknown, Reason: "kept"}}, ForgetAt: noon.Add(time.Hour),
	}
	spoil := func(i delivery.Item) {
		i.Content[0], i.Refused[0], i.History[0].Reason = 'x', "x", "x"
	}
	written, _, err := l.Put(t.Context(), item, "", noon)
	if err != nil {
		t.Fatal(err)
	}
	spoil(item)
	spoil(written)
	refused, _, err := l.Put(t.Context(), delivery.Item{ID: "a", Revision: "r2"}, "", noon)
	if err != nil {
		t.Fatal(err)
	}
	spoil(refused)
	read, _, err := l.Get(t.Context(), "a", noon)
	if err != nil {
		t.Fatal(err)
	}
	spoil(read)
	listed, _, err := l.Problems(t.Context(), delivery.Unknown, 1, "", noon)
	if err != nil || len(listed) != 1 {
		t.Fatalf("listed %d, %v", len(listed), err)
	}
	spoil(listed[0])
	got, _, err := l.Get(t.Context(), "a", noon)
	if err != nil || string(got.Content) != "kept" || got.Refused[0] != "kept" || got.History[0].Reason != "kept" {
		t.Errorf("got %+v, %v", got, err)
	}
}
