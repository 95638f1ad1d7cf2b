package httpapi

import (
	"strconv"
	"strings"
	"time"
)

// maxWait is the longest that a caller can have an answer wait for the sending: API Gateway gives up after 30 seconds.
const maxWait = 20 * time.Second

// preference is when a caller wants to be answered.
type preference struct {
	// wait is how long the answer may wait for the sending; 0 means that it comes at once.
	wait time.Duration
	// applied is what the answer says of it; empty if the caller asked for nothing.
	applied string
}

// preferred reads the Prefer headers (RFC 7240), or returns what holds without one. The first wait and the first
// respond-async count; what is not understood is ignored, as the RFC has it.
func (r *SendHeader) preferred(otherwise time.Duration) preference {
	async, wait := false, time.Duration(-1)
	for _, one := range strings.Split(strings.Join(r.all.Values("Prefer"), ","), ",") {
		one, _, _ = strings.Cut(one, ";") // its parameters
		name, value, _ := strings.Cut(one, "=")
		switch strings.ToLower(strings.TrimSpace(name)) {
		case "respond-async":
			async = true
		case "wait":
			seconds, err := strconv.ParseUint(strings.Trim(strings.TrimSpace(value), `"`), 10, 64)
			if err == nil && wait < 0 {
				wait = time.Duration(min(seconds, uint64(maxWait/time.Second))) * time.Second
			}
		}
	}
	switch {
	case wait > 0: // with respond-async, too: at most so long, and then as if it had been asked for alone
		return preference{wait: wait, applied: "wait=" + strconv.Itoa(int(wait.Seconds()))}
	case async || wait == 0:
		return preference{applied: "respond-async"}
	default:
		return preference{wait: otherwise}
	}
}
