package scheduled_test

import (
	"slices"
	"testing"

	"dmlysender/functions/internal/handlertest"
	"dmlysender/shared/delivery"
)

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
	if files := handlertest.SampleFiles(t, "schedule"); len(files) != len(samples) {
		t.Errorf("samples: got %q, want %d", files, len(samples))
	}
	for file, want := range samples {
		t.Run(file, func(t *testing.T) {
			t.Parallel()
			r := newRig(t)
			response := r.schedule(string(handlertest.Sample(t, "schedule", file)))
			if !slices.Equal(response.Queued, want.ids) || response.Refused != nil {
				t.Errorf("got %+v, want %q queued", response, want.ids)
			}
			r.work()
			var got []string
			for _, m := range r.Sim.Messages() {
				got = append(got, m.Operation)
			}
			if !slices.Equal(got, want.operations) {
				t.Errorf("operations: got %q, want %q", got, want.operations)
			}
			for _, id := range want.ids {
				r.WantState(id, delivery.Sent)
			}
		})
	}
}
