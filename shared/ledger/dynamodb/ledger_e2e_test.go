//go:build e2e

package dynamodb_test

import (
	"crypto/rand"
	"errors"
	"testing"

	"dmlysender/shared/awsconf/awstest"
	"dmlysender/shared/delivery"
	"dmlysender/shared/ledger/dynamodb"
	"dmlysender/shared/ledger/ledgertest"
	"dmlysender/shared/table/tabletest"
)

func TestE2EDynamoDBIsALedger(t *testing.T) {
	t.Parallel()
	cfg := awstest.EndToEnd(t)
	ledgertest.Run(t, func(t *testing.T) ledgertest.Ledger {
		t.Helper()
		return dynamodb.Open(cfg, tabletest.New(t, cfg))
	})
}

func TestE2EDynamoDBCountsCampaigns(t *testing.T) {
	t.Parallel()
	cfg := awstest.EndToEnd(t)
	ledgertest.RunCampaigns(t, func(t *testing.T) ledgertest.Campaigns {
		t.Helper()
		return dynamodb.Open(cfg, tabletest.New(t, cfg))
	})
}

func TestE2EAMissingTableIsSaid(t *testing.T) {
	t.Parallel()
	l := dynamodb.Open(awstest.EndToEnd(t), "ledger-e2e-missing-"+rand.Text())
	if _, _, err := l.Get(t.Context(), "order-1", noon); !errors.Is(err, dynamodb.ErrTableNotFound) {
		t.Errorf("Get: got %v, want %v", err, dynamodb.ErrTableNotFound)
	}
	if _, _, err := l.Put(t.Context(), sent("order-1", "r1"), "", noon); !errors.Is(err, dynamodb.ErrTableNotFound) {
		t.Errorf("Put: got %v, want %v", err, dynamodb.ErrTableNotFound)
	}
	if _, _, err := l.Problems(t.Context(), delivery.Failed, 1, "", noon); !errors.Is(err, dynamodb.ErrTableNotFound) {
		t.Errorf("Problems: got %v, want %v", err, dynamodb.ErrTableNotFound)
	}
}

func TestE2EDynamoDBKeepsCancelKeys(t *testing.T) {
	t.Parallel()
	cfg := awstest.EndToEnd(t)
	ledgertest.RunCancelKeys(t, func(t *testing.T) delivery.CancelKeys {
		t.Helper()
		return dynamodb.Open(cfg, tabletest.New(t, cfg))
	})
}
