package ledger_test

import (
	"testing"

	"dmlysender/shared/delivery"
	"dmlysender/shared/ledger"
	"dmlysender/shared/ledger/ledgertest"
)

func TestMemoryIsALedger(t *testing.T) {
	t.Parallel()
	ledgertest.Run(t, func(*testing.T) delivery.Ledger { return &ledger.Memory{} })
}
