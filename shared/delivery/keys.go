package delivery

import (
	"context"
	"fmt"

	"dmlysender/shared/apikey"
)

func (s *Sender) key(ctx context.Context, workspace string) (apikey.Key, error) {
	keys, err := s.Keys.Get(ctx)
	if err != nil {
		return apikey.Key{}, fmt.Errorf("look up the DMLY API key: %w", err)
	}
	key, ok := keys.For(workspace)
	if !ok {
		return apikey.Key{}, fmt.Errorf("there is no DMLY API key for workspace %q: add it, or a default, to the secret", workspace)
	}
	return key, nil
}

// oneAccount says whether all messages are of one account.
func (s *Sender) oneAccount(ctx context.Context) bool {
	keys, err := s.Keys.Get(ctx)
	return err == nil && keys.Accounts() == 1
}

// otherKey reads the keys anew, and returns the account's if it is another one.
func (s *Sender) otherKey(ctx context.Context, refused apikey.Key) (apikey.Key, bool) {
	keys, err := s.Keys.Refresh(ctx, refused)
	if err != nil {
		return apikey.Key{}, false
	}
	key, ok := keys.OfAccount(refused.Account)
	return key, ok && key.Version() != refused.Version()
}
