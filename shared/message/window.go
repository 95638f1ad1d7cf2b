package message

import (
	"fmt"
	"strings"
	"sync"
	"time"
	_ "time/tzdata" // a Lambda's image need not have the time zone database
)

// Window are the hours of the day, in a time zone, in which a message may be
// sent. From is part of the window and To is not; a window whose To is before its
// From spans midnight.
type Window struct {
	From     TimeOfDay `json:"from"`
	To       TimeOfDay `json:"to"`
	Timezone Timezone  `json:"timezone"`
}

// TimeOfDay is a number of minutes after midnight, written "HH:MM".
type TimeOfDay int

const timeOfDayForm = "15:04"

// ParseTimeOfDay reads "HH:MM", from 00:00 to 23:59.
func ParseTimeOfDay(s string) (TimeOfDay, error) {
	t, err := time.Parse(timeOfDayForm, s)
	if err != nil || len(s) != len(timeOfDayForm) { // which has hours of two digits
		return 0, fmt.Errorf("%q is not a time of day; write it as 09:00", clip(s))
	}
	return TimeOfDay(t.Hour()*60 + t.Minute()), nil
}

// String is the time as "HH:MM".
func (t TimeOfDay) String() string { return fmt.Sprintf("%02d:%02d", int(t)/60, int(t)%60) }

// MarshalText implements [encoding.TextMarshaler].
func (t TimeOfDay) MarshalText() ([]byte, error) { return []byte(t.String()), nil }

// Timezone is an entry of the IANA time zone database.
type Timezone struct{ location *time.Location }

// ParseTimezone finds a zone by its name, such as "Europe/Berlin".
func ParseTimezone(name string) (Timezone, error) {
	location, err := loadLocation(name)
	// "" and "Local" are Go's names, and would be the zone of whichever machine it is.
	if err != nil || name == "" || name == "Local" {
		return Timezone{}, fmt.Errorf("%q is not a time zone of the IANA database; write it as Europe/Berlin or UTC", clip(name))
	}
	return Timezone{location}, nil
}

// locations are the zones that were asked for: reading one takes as long as all else in a message.
var locations = struct {
	sync.Mutex
	named map[string]*time.Location
}{named: map[string]*time.Location{}}

// loadLocation is [time.LoadLocation], with a memory.
func loadLocation(name string) (*time.Location, error) {
	locations.Lock()
	location, ok := locations.named[name]
	locations.Unlock()
	if ok {
		return location, nil
	}
	location, err := time.LoadLocation(name)
	const most = 1000 // there are about 600 zones; but on a disk, one can be found by more names than it has
	locations.Lock()
	defer locations.Unlock()
	if err == nil && len(locations.named) < most {
		locations.named[strings.Clone(name)] = location
	}
	return location, err
}

// MarshalText implements [encoding.TextMarshaler].
func (z Timezone) MarshalText() ([]byte, error) { return []byte(z.location.String()), nil }

// Opens is the first moment, at or after t, that lies within the window by the clocks of its zone, whatever they skip
// or repeat for daylight saving.
func (w Window) Opens(t time.Time) time.Time {
	for at := t.In(w.Timezone.location); ; {
		if w.contains(at) {
			return at
		}
		const day = 24 * 60
		ahead := (int(w.From) - at.Hour()*60 - at.Minute() + day) % day
		opening := at.Add(time.Duration(ahead)*time.Minute - time.Duration(at.Second())*time.Second - time.Duration(at.Nanosecond()))
		_, change := at.ZoneBounds()
		if change.IsZero() || opening.Before(change) {
			return opening
		}
		at = change // the clocks are moved before that: see where they stand then
	}
}

func (w Window) contains(t time.Time) bool {
	local := t.In(w.Timezone.location)
	now := TimeOfDay(local.Hour()*60 + local.Minute())
	if w.From <= w.To {
		return w.From <= now && now < w.To
	}
	return now >= w.From || now < w.To
}
