package apikey

import "context"

// Cache keeps the keys of the DMLY API as a Secret keeps any other. It is safe for concurrent use.
type Cache struct {
	secret *Secret[Keys]
}

// NewCache returns an empty cache of what source gives and Parse reads; the first Get fetches.
func NewCache(source Source, options Options) *Cache {
	return &Cache{secret: NewSecret(source, Parse, options)}
}

// Get returns the keys, at most about five minutes old (see Options). The error is that of the source or of Parse, and comes
// only if there were never any keys; or it is that of ctx.
func (c *Cache) Get(ctx context.Context) (Keys, error) {
	return c.secret.Get(ctx)
}

// Refresh returns the keys after DMLY refused seen (401 or 403), or after none was there, which is the zero Key. They are fetched anew,
// unless the cache already has another key for that account or fetched at a refusal a moment ago (Options.RefreshEvery). If the
// account's key is still seen afterwards, the key itself is bad: compare Key.Version. With an error come the keys known before.
func (c *Cache) Refresh(ctx context.Context, seen Key) (Keys, error) {
	return c.secret.Refresh(ctx, func(keys Keys) bool {
		key, ok := keys.OfAccount(seen.Account)
		return seen.Account == "" || ok && key.version == seen.version
	})
}
