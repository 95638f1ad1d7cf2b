package ledger

import (
	"context"
	"strings"
	"time"

	"dmlysender/shared/delivery"
)

// hashLength is how long the last part of the id of a campaign's message is.
const hashLength = 26

// CampaignOf takes the id of a campaign's message apart: "c.<campaign>.<26 characters a-z2-7>". ok is false for every other id.
func CampaignOf(id string) (campaign, hash string, ok bool) {
	rest, isOne := strings.CutPrefix(id, "c.")
	campaign, hash, _ = strings.Cut(rest, ".")
	if !isOne || campaign == "" || len(hash) != hashLength || strings.ContainsFunc(hash, notInHash) || strings.ContainsFunc(campaign, notInCampaign) {
		return "", "", false
	}
	return campaign, hash, true
}

func notInHash(r rune) bool { return (r < 'a' || r > 'z') && (r < '2' || r > '7') }

func notInCampaign(r rune) bool {
	return (r < 'a' || r > 'z') && (r < 'A' || r > 'Z') && (r < '0' || r > '9') && r != '_' && r != '-'
}

// Counts says how many messages of a campaign stand in each state, exactly: those whose id is one of the campaign's (see
// [CampaignOf]) and whose ForgetAt has not passed at now. A state in which there is none is not in it.
func (m *Memory) Counts(ctx context.Context, campaign string, now time.Time) (map[delivery.State]int, error) {
	if err := ctx.Err(); err != nil {
		return nil, err
	}
	m.mu.Lock()
	defer m.mu.Unlock()
	counts := map[delivery.State]int{}
	for id := range m.items {
		item, found := m.live(id, now)
		if of, _, ok := CampaignOf(id); found && ok && of == campaign {
			counts[item.State]++
		}
	}
	return counts, nil
}

// States looks up many messages at once, as Get does. Those that are not there are not in the answer.
func (m *Memory) States(ctx context.Context, ids []string, now time.Time) (map[string]delivery.Item, error) {
	items := map[string]delivery.Item{}
	for _, id := range ids {
		item, found, err := m.Get(ctx, id, now)
		if err != nil {
			return nil, err
		}
		if found {
			items[id] = item
		}
	}
	return items, nil
}
