package campaign_test

import (
	"fmt"
	"testing"
	"time"

	"dmlysender/shared/campaign"
	"dmlysender/shared/delivery"
)

// another starts a campaign to so many under an id of its own.
func (w *world) another(id string, n int, members string) {
	w.t.Helper()
	w.clock.advance(time.Second)
	d := definition(w.t, members)
	d.ID, d.Audience.File = id, id+".csv"
	w.files.put("audiences/"+id+".csv", csv(n))
	w.start(d)
}

// What a campaign leaves of its share is given to those that want more: otherwise one would wait for others that send nothing.
func TestCampaignsThatSendNothingTakeNoShare(t *testing.T) {
	t.Parallel()
	for name, tt := range map[string]struct {
		members string
		do      func(w *world, id string) (campaign.Status, error)
	}{
		"paused": {"", func(w *world, id string) (campaign.Status, error) { return w.service.Pause(w.t.Context(), id, "ops") }},
		"small":  {`,"ratePerMinute":1`, nil},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			w := newWorld(t)
			w.begin(600, "")
			for i := range 9 {
				id := fmt.Sprint("other", i)
				w.another(id, 10, tt.members)
				if tt.do != nil {
					if _, err := tt.do(w, id); err != nil {
						t.Fatal(err)
					}
				}
			}
			w.tick()
			others := w.queued() - w.status().Fed
			if fed := w.status().Fed; fed+others != 500 || fed < 400 {
				t.Errorf("%d are fed, and %d of the others", fed, others)
			}
		})
	}
}

func TestCampaignsThatWantMoreShareAlike(t *testing.T) {
	t.Parallel()
	w := newWorld(t)
	w.begin(400, "")
	w.another("other", 400, "")
	w.another("third", 100, `,"ratePerMinute":6`)
	w.tick()
	other, err := w.service.Status(t.Context(), "other")
	if err != nil {
		t.Fatal(err)
	}
	if fed := w.status().Fed; w.queued() != 500 || fed < 200 || other.Fed < 200 {
		t.Errorf("%d and %d are fed, %d in all", fed, other.Fed, w.queued())
	}
	if n := w.queued(); n != w.lines[delivery.BulkLane].len() {
		t.Errorf("%d of %d are on the bulk queue", w.lines[delivery.BulkLane].len(), n)
	}
}
