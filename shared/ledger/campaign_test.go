package ledger_test

import (
	"strings"
	"testing"

	"dmlysender/shared/ledger"
	"dmlysender/shared/ledger/ledgertest"
)

func TestMemoryCountsCampaigns(t *testing.T) {
	t.Parallel()
	ledgertest.RunCampaigns(t, func(*testing.T) ledgertest.Campaigns { return &ledger.Memory{} })
}

func TestOnlyIDsOfThatFormAreACampaigns(t *testing.T) {
	t.Parallel()
	hash := strings.Repeat("a7", 13)
	for id, want := range map[string]string{
		"c.spring." + hash:                       "spring",
		"c.Spring_2026-1." + hash:                "Spring_2026-1",
		"c.." + hash:                             "",
		"c.spring." + hash + "a":                 "",
		"c.spring." + hash[1:]:                   "",
		"c.spring.a" + strings.ToUpper(hash[1:]): "",
		"c.spring.1" + hash[1:]:                  "",
		"c.spring.x." + hash:                     "",
		"c.sp#ring." + hash:                      "",
		"d.spring." + hash:                       "",
		"c.spring":                               "",
		"":                                       "",
	} {
		campaign, part, ok := ledger.CampaignOf(id)
		if campaign != want || ok != (want != "") || ok && part != hash {
			t.Errorf("%s: got %q, %q, %v, want %q", id, campaign, part, ok, want)
		}
	}
}
