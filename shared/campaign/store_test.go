package campaign_test

import (
	"testing"

	"dmlysender/shared/campaign"
	"dmlysender/shared/campaign/storetest"
)

func TestMemoryIsAStore(t *testing.T) {
	t.Parallel()
	storetest.Run(t, func(*testing.T) campaign.Store { return &campaign.Memory{} })
}
