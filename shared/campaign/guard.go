package campaign

import (
	"cmp"
	"context"
	"fmt"
	"slices"
	"strings"

	"dmlysender/shared/apikey"
	"dmlysender/shared/campaign/plan"
	"dmlysender/shared/delivery"
)

// fewest is the number that a share of the last messages is at least taken of, so that one of three is no burst. A smaller
// canary is taken as it is.
const fewest = 20

// forgotten is why a campaign pauses whose messages would have to be looked up.
const forgotten = "whom it was sent to before is remembered for 30 days, and these are over, so that it could be sent again; " +
	"cancel it, and start another one for those who are still to get it"

// tooMany says why a campaign has to pause, by what came of its last messages, or nothing.
func tooMany(recent string, ramp plan.Ramp) (reason string) {
	of := max(len(recent), fewest)
	if canary := ramp.Canary; canary > 0 && canary < fewest {
		of = max(len(recent), canary)
	}
	most := cmp.Or(ramp.MaxRejectedPercent, 20)
	if n := strings.Count(recent, outcome(delivery.Rejected)); n*100 > most*of {
		return fmt.Sprintf("%d of the last %d messages that came to rest were rejected, and %d %% may be; see why, then resume or cancel it", n, len(recent), most)
	}
	most = cmp.Or(ramp.MaxUnknown, 5)
	if n := strings.Count(recent, outcome(delivery.Unknown)); n > most {
		return fmt.Sprintf("%d of the last %d messages that came to rest are unknown, and %d may be; find out what became of them, then resume or cancel it", n, len(recent), most)
	}
	return ""
}

// keyRefused says which account of these workspaces cannot send, or nothing. What it says goes by keys that were read just now: whoever
// stores the right one resumes the campaign at once.
func (s *Service) keyRefused(ctx context.Context, workspaces []string) (reason string, err error) {
	keys, err := s.Keys.Get(ctx)
	if err != nil {
		return "", fmt.Errorf("look up the DMLY API keys: %w", err)
	}
	reason, wrong, err := s.wrongKey(ctx, keys, workspaces)
	if err != nil || reason == "" {
		return "", err
	}
	if keys, err = s.Keys.Refresh(ctx, wrong); err != nil {
		return "", fmt.Errorf("look up the DMLY API keys: %w", err)
	}
	reason, _, err = s.wrongKey(ctx, keys, workspaces)
	return reason, err
}

// wrongKey is the first key with which one of these workspaces cannot send, and why; the zero value is one that is not there.
func (s *Service) wrongKey(ctx context.Context, keys apikey.Keys, workspaces []string) (reason string, wrong apikey.Key, err error) {
	for _, workspace := range workspaces {
		key, ok := keys.For(workspace)
		if !ok {
			return fmt.Sprintf("there is no DMLY API key for workspace %q: add it, or a default, to the secret, then resume it", workspace), apikey.Key{}, nil
		}
		outlook, err := s.Pace.Outlook(ctx, delivery.Account{Name: key.Account, KeyVersion: key.Version()})
		if err != nil {
			return "", apikey.Key{}, fmt.Errorf("look up the pace of account %s: %w", key.Account, err)
		}
		if outlook.RefusedUntil.After(s.Clock.Now()) {
			return fmt.Sprintf("DMLY refused the API key of account %q: store the right one, then resume it", key.Account), key, nil
		}
	}
	return "", apikey.Key{}, nil
}

// keeps says whether a message that rests as rejected or failed stays so when one with this fingerprint arrives, because it is the
// same, or was refused before.
func keeps(i delivery.Item, fingerprint string) bool {
	return i.Fingerprint == fingerprint || slices.Contains(i.Refused, fingerprint)
}
