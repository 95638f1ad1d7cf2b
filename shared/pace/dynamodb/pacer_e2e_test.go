//go:build e2e

package dynamodb_test

import (
	"crypto/rand"
	"errors"
	"testing"
	"time"

	"dmlysender/shared/awsconf/awstest"
	"dmlysender/shared/pace/dynamodb"
	"dmlysender/shared/pace/pacetest"
	"dmlysender/shared/table"
	"dmlysender/shared/table/tabletest"
)

func TestE2EDynamoDBIsAPacer(t *testing.T) {
	t.Parallel()
	cfg := awstest.EndToEnd(t)
	name := tabletest.New(t, cfg)
	pacetest.Run(t, func(t *testing.T, perMinute int) func(func() time.Time) pacetest.Pacer {
		t.Helper()
		return func(now func() time.Time) pacetest.Pacer {
			p, err := dynamodb.Open(cfg, name, perMinute, now)
			if err != nil {
				t.Fatal(err)
			}
			return p
		}
	})
}

func TestE2EAMissingTableIsSaid(t *testing.T) {
	t.Parallel()
	p, err := dynamodb.Open(awstest.EndToEnd(t), "pace-e2e-missing-"+rand.Text(), 100, clockAt(noon))
	if err != nil {
		t.Fatal(err)
	}
	for _, err := range append(writes(t, p), read(t, p)) {
		if !errors.Is(err, table.ErrNotFound) {
			t.Errorf("got %v, want %v", err, table.ErrNotFound)
		}
	}
}
