package dmly

import (
	"encoding/json"
	"fmt"
	"time"
)

// The reference gives "YYYY-MM-DD HH:mm:ss" as the form, and an example without
// seconds. Both are read; the long one is written.
const (
	scheduleLong  = "2006-01-02 15:04:05"
	scheduleShort = "2006-01-02 15:04"
)

// ScheduleDateTime is when DMLY itself is to deliver a message. It is a date and
// a time of day without a zone: the reference names none. DMLY's sibling product
// takes UTC, and so does [ScheduleAt].
//
// A message handed over with a ScheduleDateTime cannot be recalled. The zero
// value means "now" and is left out of the request.
type ScheduleDateTime struct {
	wall time.Time
}

// ScheduleAt is the instant t, in UTC, to the second.
func ScheduleAt(t time.Time) ScheduleDateTime {
	return ScheduleDateTime{wall: t.UTC().Truncate(time.Second)}
}

// ParseScheduleDateTime reads "YYYY-MM-DD HH:mm:ss" or "YYYY-MM-DD HH:mm".
func ParseScheduleDateTime(s string) (ScheduleDateTime, error) {
	for _, layout := range []string{scheduleLong, scheduleShort} {
		// time.Parse also takes fractions of a second and spaces for digits, which have
		// no place here.
		if t, err := time.Parse(layout, s); err == nil && t.Format(layout) == s && !t.IsZero() {
			return ScheduleDateTime{wall: t}, nil
		}
	}
	return ScheduleDateTime{}, fmt.Errorf("%q is not a date and time as DMLY takes it, for example \"2026-02-18 10:30:00\"", shorten(s))
}

// IsZero reports whether no time is set.
func (s ScheduleDateTime) IsZero() bool { return s.wall.IsZero() }

// Time is the instant, reading the time of day as UTC.
func (s ScheduleDateTime) Time() time.Time { return s.wall }

// String is the long form, or "" for the zero value.
func (s ScheduleDateTime) String() string {
	if s.IsZero() {
		return ""
	}
	return s.wall.Format(scheduleLong)
}

// MarshalJSON implements [json.Marshaler].
func (s ScheduleDateTime) MarshalJSON() ([]byte, error) { return json.Marshal(s.String()) }

// UnmarshalJSON implements [json.Unmarshaler]. An empty string is the zero value.
func (s *ScheduleDateTime) UnmarshalJSON(data []byte) error {
	var text string
	if err := json.Unmarshal(data, &text); err != nil {
		return fmt.Errorf("decode scheduleDateTime: %w", err)
	}
	if text == "" {
		*s = ScheduleDateTime{}
		return nil
	}
	parsed, err := ParseScheduleDateTime(text)
	if err != nil {
		return err
	}
	*s = parsed
	return nil
}
