//go:build e2e

package dynamodb_test

import (
	"crypto/rand"
	"errors"
	"testing"
	"time"

	"dmlysender/shared/awsconf/awstest"
	"dmlysender/shared/campaign"
	"dmlysender/shared/campaign/dynamodb"
	"dmlysender/shared/campaign/storetest"
	"dmlysender/shared/table"
	"dmlysender/shared/table/tabletest"
)

func TestE2EDynamoDBIsAStoreOfCampaigns(t *testing.T) {
	t.Parallel()
	cfg := awstest.EndToEnd(t)
	storetest.Run(t, func(t *testing.T) campaign.Store {
		t.Helper()
		return dynamodb.Open(cfg, tabletest.New(t, cfg))
	})
}

func TestE2EAMissingTableIsSaid(t *testing.T) {
	t.Parallel()
	s := dynamodb.Open(awstest.EndToEnd(t), "campaigns-e2e-missing-"+rand.Text())
	if _, _, err := s.Get(t.Context(), "spring", time.Now()); !errors.Is(err, table.ErrNotFound) {
		t.Errorf("Get: got %v, want %v", err, table.ErrNotFound)
	}
	if _, err := s.Active(t.Context()); !errors.Is(err, table.ErrNotFound) {
		t.Errorf("Active: got %v, want %v", err, table.ErrNotFound)
	}
}
