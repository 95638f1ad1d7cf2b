package delivery

import (
	"testing"
	"time"

	"dmlysender/shared/message"
)

// A window is judged by the wall clock of its zone, over the changes to and from daylight saving.
func TestHoursAreJudgedOverDaylightSaving(t *testing.T) {
	t.Parallel()
	within := &message.Window{}
	m, err := message.Decode([]byte(`{"channel":"whatsapp","type":"template","workspace":{"id":"W"},"contact":{"id":"C"},"template":"x","deliverWithin":{"from":"02:30","to":"03:30","timezone":"Europe/Berlin"}}`), message.Defaults{})
	if err != nil {
		t.Fatal(err)
	}
	*within = *m.DeliverWithin
	for now, want := range map[string]string{
		"2026-03-28T20:00:00Z": "2026-03-29T01:00:00Z", // 02:30 does not exist; 03:00 CEST is the first moment inside
		"2026-10-24T20:00:00Z": "2026-10-25T00:30:00Z", // 02:30 CEST, the first of the two
		"2026-10-25T00:45:00Z": "2026-10-25T00:45:00Z", // 02:45 CEST
		"2026-10-25T01:15:00Z": "2026-10-25T01:30:00Z", // 02:15 CET: outside again, until the second 02:30
	} {
		at, err := time.Parse(time.RFC3339, now)
		if err != nil {
			t.Fatal(err)
		}
		d := arriving.decide(situation{record: arrival{id: "a", within: within, steps: 1}, now: at})
		got := at
		if d.verdict != claim {
			got = d.at
		}
		if got.UTC().Format(time.RFC3339) != want {
			t.Errorf("at %s it goes at %s, want %s", now, got.UTC().Format(time.RFC3339), want)
		}
	}
}
