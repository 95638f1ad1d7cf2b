package gcra

import "time"

// State is what is kept of an account. The zero value is an account of which nothing is known.
type State struct {
	// TAT is when the account's next message is due.
	TAT     time.Time
	Refusal Refusal
}

// Refusal is the pause that follows when DMLY refused the account's key. Only the last key that was refused is kept: the
// ones before it are not in use any more.
type Refusal struct {
	KeyVersion string
	// Until is when the pause ends, or ended.
	Until time.Time
	// Length is how long it is, or was.
	Length time.Duration
}

const (
	firstPause   = time.Minute
	longestPause = 15 * time.Minute
	// closely is how soon after a pause another refusal means that the key is still refused.
	closely = 15 * time.Minute
)

// Holds reports whether the account has to wait as long as it has this key.
func (r Refusal) Holds(keyVersion string, now time.Time) bool {
	return r.KeyVersion == keyVersion && now.Before(r.Until)
}

// Next is the pause for a refusal that comes while none holds for the key.
func (r Refusal) Next(keyVersion string, now time.Time) Refusal {
	length := firstPause
	if r.KeyVersion == keyVersion && r.Length > 0 && !now.After(r.Until.Add(closely)) {
		length = min(2*r.Length, longestPause)
	}
	return Refusal{KeyVersion: keyVersion, Until: now.Add(length), Length: length}
}

// longestDelay is how long DMLY can make an account wait by one answer. What it asks for beyond that it has to ask again.
const longestDelay = 15 * time.Minute

// Delayed is until when an account waits that was asked to wait until a moment: no longer than 15 minutes. It is rounded
// up, so that nothing goes out before.
func Delayed(until, now time.Time) time.Time {
	rounded := until.Truncate(Resolution)
	if rounded.Before(until) {
		rounded = rounded.Add(Resolution)
	}
	return earlier(rounded, now.Add(longestDelay))
}
