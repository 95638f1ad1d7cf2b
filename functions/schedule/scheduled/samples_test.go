package scheduled_test

import (
	"os"
	"path/filepath"
	"slices"
	"testing"

	"dmlysender/shared/delivery"
)

const samplesDir = "../../../events/schedule"

// TestScheduleSendsEachSample also tells when a sample comes without being listed here.
func TestScheduleSendsEachSample(t *testing.T) {
	t.Parallel()
	// The ids and the operations of each file.
	samples := map[string]struct{ ids, operations []string }{
		"reminder.json": {
			[]string{"appointment-77-reminder" + atUTC, "appointment-78-reminder" + atUTC},
			[]string{"whatsapp/sendtemplate", "telegram/sendtemplate"},
		},
		"classic-rule.json": {[]string{"daily-digest" + atUTC}, []string{"messenger/sendtext"}},
	}
	files, err := filepath.Glob(filepath.Join(samplesDir, "*.json"))
	if err != nil || len(files) != len(samples) {
		t.Errorf("samples: got %q, %v, want %d", files, err, len(samples))
	}
	for file, want := range samples {
		t.Run(file, func(t *testing.T) {
			t.Parallel()
			event, err := os.ReadFile(filepath.Join(samplesDir, file))
			if err != nil {
				t.Fatal(err)
			}
			r := newRig(t)
			response := r.schedule(string(event))
			if !slices.Equal(response.Queued, want.ids) || response.Refused != nil {
				t.Errorf("got %+v, want %q queued", response, want.ids)
			}
			r.work()
			var got []string
			for _, m := range r.sim.Messages() {
				got = append(got, m.Operation)
			}
			if !slices.Equal(got, want.operations) {
				t.Errorf("operations: got %q, want %q", got, want.operations)
			}
			for _, id := range want.ids {
				r.wantState(id, delivery.Sent)
			}
		})
	}
}
