package apikey

import (
	"context"
	"fmt"
	"strings"
)

// Source fetches the text of a secret. It is called by one goroutine at a time for each cache, must obey ctx, and must keep
// the secret out of its errors.
type Source func(ctx context.Context) (secret string, err error)

// Env returns a Source that reads the environment variable name through getenv (usually os.Getenv): for local use, where
// no secret store is at hand. It fails if the variable is empty.
func Env(getenv func(string) string, name string) Source {
	return func(context.Context) (string, error) {
		value := getenv(name)
		if strings.TrimSpace(value) == "" {
			return "", fmt.Errorf("read a secret from the environment: %s is empty: set it to the key", name)
		}
		return value, nil
	}
}
