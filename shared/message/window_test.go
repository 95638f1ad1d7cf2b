package message_test

import (
	"testing"
	"time"

	"dmlysender/shared/message"
)

func window(t *testing.T, from, to, zone string) message.Window {
	t.Helper()
	start, err := message.ParseTimeOfDay(from)
	if err != nil {
		t.Fatal(err)
	}
	end, err := message.ParseTimeOfDay(to)
	if err != nil {
		t.Fatal(err)
	}
	tz, err := message.ParseTimezone(zone)
	if err != nil {
		t.Fatal(err)
	}
	return message.Window{From: start, To: end, Timezone: tz}
}

func TestWindowOpensByTheWallClockOfItsZone(t *testing.T) {
	t.Parallel()
	tests := map[string]struct {
		from, to, zone string
		at, want       string
	}{
		"inside":                         {"09:00", "20:00", "Europe/Berlin", "2026-12-01T08:00:00Z", "2026-12-01T08:00:00Z"},
		"a minute early":                 {"09:00", "20:00", "Europe/Berlin", "2026-12-01T07:59:00Z", "2026-12-01T08:00:00Z"},
		"the end is outside":             {"09:00", "20:00", "Europe/Berlin", "2026-12-01T19:00:00Z", "2026-12-02T08:00:00Z"},
		"last second":                    {"09:00", "20:00", "Europe/Berlin", "2026-12-01T18:59:59Z", "2026-12-01T18:59:59Z"},
		"over midnight, late":            {"22:00", "06:00", "UTC", "2026-12-01T23:00:00Z", "2026-12-01T23:00:00Z"},
		"over midnight, early":           {"22:00", "06:00", "UTC", "2026-12-01T05:59:00Z", "2026-12-01T05:59:00Z"},
		"over midnight, day":             {"22:00", "06:00", "UTC", "2026-12-01T06:00:00Z", "2026-12-01T22:00:00Z"},
		"another day there":              {"09:00", "20:00", "Pacific/Auckland", "2026-12-01T07:30:00Z", "2026-12-01T20:00:00Z"},
		"the night the clocks go on":     {"09:00", "20:00", "Europe/Berlin", "2026-03-28T20:00:00Z", "2026-03-29T07:00:00Z"},
		"the night the clocks go back":   {"09:00", "20:00", "Europe/Berlin", "2026-10-24T20:00:00Z", "2026-10-25T08:00:00Z"},
		"opening in the skipped hour":    {"02:30", "04:00", "Europe/Berlin", "2026-03-29T00:00:00Z", "2026-03-29T01:00:00Z"},
		"window within the skipped hour": {"02:10", "02:50", "Europe/Berlin", "2026-03-29T00:00:00Z", "2026-03-30T00:10:00Z"},
		"what is left of a skipped hour": {"02:30", "03:30", "Europe/Berlin", "2026-03-28T20:00:00Z", "2026-03-29T01:00:00Z"},
		"between its two occurrences":    {"02:15", "02:45", "Europe/Berlin", "2026-10-25T01:05:30Z", "2026-10-25T01:15:00Z"},
		"a change of half an hour":       {"01:40", "01:50", "Australia/Lord_Howe", "2026-04-04T14:55:00Z", "2026-04-04T15:10:00Z"},
		"the repeated hour, second time": {"02:00", "03:00", "Europe/Berlin", "2026-10-25T01:30:00Z", "2026-10-25T01:30:00Z"},
	}
	for name, tc := range tests {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			at, err := time.Parse(time.RFC3339, tc.at)
			if err != nil {
				t.Fatal(err)
			}
			if got := window(t, tc.from, tc.to, tc.zone).Opens(at).UTC().Format(time.RFC3339); got != tc.want {
				t.Errorf("opens at %s, want %s", got, tc.want)
			}
		})
	}
}

func TestTimezonesOfThisMachineAreRefused(t *testing.T) {
	t.Parallel()
	for _, name := range []string{"", "Local", "Mars/Olympus", "../etc/passwd"} {
		if _, err := message.ParseTimezone(name); err == nil {
			t.Errorf("%q was taken", name)
		}
	}
}
