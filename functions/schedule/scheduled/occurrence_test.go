package scheduled_test

import (
	"encoding/json"
	"slices"
	"strings"
	"testing"

	"dmlysender/functions/internal/handlertest"
	"dmlysender/shared/delivery"
	"dmlysender/shared/message"
)

func TestScheduleQueuesMessagesUnderIDsWithTheOccurrence(t *testing.T) {
	t.Parallel()
	reminder := msg(fields{"id": "appointment-77-reminder"})
	for name, event := range map[string]string{
		"Scheduler":       input("2026-12-01T08:00:00Z", reminder),
		"in another zone": input("2026-12-01T09:00:00+01:00", reminder),
		"with a fraction": input("2026-12-01T08:00:00.000Z", reminder),
		"classic rule":    classic("2026-12-01T08:00:00Z", reminder),
		"further fields":  handlertest.JSON(fields{"occurrence": occurrence, "messages": []any{reminder}, "owner": "clinic"}),
		"both in one":     handlertest.JSON(fields{"occurrence": occurrence, "messages": []any{reminder}, "detail-type": "Scheduled Event", "time": "2001-01-01T00:00:00Z"}),
		"white space":     strings.Replace(input(occurrence, reminder), "{", "\n { ", 1),
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			r := newRig(t)
			response := r.schedule(event)
			want := "appointment-77-reminder" + atUTC
			if got := response.Occurrence; got != "2026-12-01T08:00:00Z" {
				t.Errorf("occurrence: got %s", got)
			}
			if got := response.Queued; !slices.Equal(got, []string{want}) || response.Refused != nil {
				t.Errorf("got queued %q and refused %v, want queued %q", got, response.Refused, want)
			}
			queued := r.normal.Enqueued()
			if len(queued) != 1 {
				t.Fatalf("queued: got %d records, want 1", len(queued))
			}
			one := queued[0]
			m, err := message.Decode(one.Body, message.Defaults{})
			if err != nil || m.ID != want || one.ID != want || one.Group != "W1" || one.Delay != 0 {
				t.Errorf("got record %s of group %q, delayed %v, with message %s, %v; want both ids %s of W1", one.ID, one.Group, one.Delay, m.ID, err, want)
			}
			r.work()
			r.WantState(want, delivery.Sent)
		})
	}
}

func TestScheduleSendsAnOccurrenceThatIsDeliveredTwiceOnce(t *testing.T) {
	t.Parallel()
	r := newRig(t)
	one := msg(fields{"id": "appointment-77-reminder"})
	r.schedule(input(occurrence, one))
	r.schedule(input("2026-12-01T08:00:00Z", one)) // before the worker has seen the first
	r.work()
	r.WantSent(1)
	r.schedule(classic("2026-12-01T08:00:00Z", one)) // and after
	r.work()
	r.WantSent(1)
	r.WantState("appointment-77-reminder"+atUTC, delivery.Sent)
}

func TestScheduleSendsTheNextOccurrenceAgain(t *testing.T) {
	t.Parallel()
	r := newRig(t)
	named, nameless := msg(fields{"id": "daily-digest"}), msg(nil)
	r.schedule(input("2026-12-01T08:00:00Z", named, nameless))
	r.schedule(input("2026-12-02T08:00:00Z", named, nameless))
	r.schedule(input("2026-12-02T08:00:01Z", named, nameless))
	r.work()
	r.WantSent(6)
}

func TestScheduleNamesMessagesThatHaveNoID(t *testing.T) {
	t.Parallel()
	r := newRig(t)
	first := r.schedule(input(occurrence, msg(nil), msg(fields{"textMessage": "Another."}), msg(nil)))
	ids := slices.Clone(first.Queued)
	for _, id := range ids {
		if !message.ValidID(id) || !strings.HasSuffix(id, atUTC) {
			t.Errorf("got id %q, want one that ends in %s", id, atUTC)
		}
	}
	slices.Sort(ids)
	if got := len(slices.Compact(ids)); got != 3 {
		t.Errorf("different ids: got %d of %q, want 3", got, first.Queued)
	}
	if second := r.schedule(input(occurrence, msg(nil), msg(fields{"textMessage": "Another."}), msg(nil))); !slices.Equal(first.Queued, second.Queued) {
		t.Errorf("delivered again: got %q, want %q", second.Queued, first.Queued)
	}
	other := r.schedule(input(occurrence, msg(fields{"textMessage": "Of another schedule."})))
	if slices.Contains(first.Queued, other.Queued[0]) {
		t.Errorf("another schedule's message has the same id %s", other.Queued[0])
	}
	r.work()
	r.WantSent(4)
}

func TestScheduleQueuesByPriority(t *testing.T) {
	t.Parallel()
	r := newRig(t)
	r.schedule(input(occurrence,
		msg(fields{"id": "a", "priority": "bulk"}), msg(fields{"id": "b"}),
		msg(fields{"id": "c", "priority": "normal"}), msg(fields{"id": "d", "priority": "bulk"})))
	r.normal.WantEnqueued(t, "b"+atUTC, "c"+atUTC)
	r.bulk.WantEnqueued(t, "a"+atUTC, "d"+atUTC)
	r.work()
	r.WantSent(4)
}

func TestScheduleUsesTheStacksWorkspaceWhereAMessageNamesNone(t *testing.T) {
	t.Parallel()
	r := newRig(t)
	r.handler.Defaults = message.Defaults{Workspace: "W9"}
	r.schedule(input(occurrence, msg(fields{"workspace": nil}), msg(nil)))
	var groups []string
	for _, one := range r.normal.Enqueued() {
		groups = append(groups, one.Group)
	}
	if want := []string{"W9", "W1"}; !slices.Equal(groups, want) {
		t.Errorf("groups: got %q, want %q", groups, want)
	}
	r.work() // which has no default: the workspace is in the record
	r.WantSent(2)
}

func TestScheduleWithoutMessagesSucceedsAndSaysSo(t *testing.T) {
	t.Parallel()
	for name, event := range map[string]string{
		"an empty list":     input(occurrence),
		"none":              `{"occurrence": "2026-12-01T08:00:00Z"}`,
		"null":              `{"occurrence": "2026-12-01T08:00:00Z", "messages": null}`,
		"a rule's own":      classic("2026-12-01T08:00:00Z"),
		"an empty detail":   `{"detail-type": "Scheduled Event", "time": "2026-12-01T08:00:00Z", "detail": {}}`,
		"messages outside":  `{"detail-type": "Scheduled Event", "time": "2026-12-01T08:00:00Z", "detail": {}, "messages": [{}]}`,
		"detail is missing": `{"detail-type": "Scheduled Event", "time": "2026-12-01T08:00:00Z"}`,
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			r := newRig(t)
			got, err := json.Marshal(r.schedule(event))
			if want := `{"occurrence":"2026-12-01T08:00:00Z","queued":[]}`; err != nil || string(got) != want {
				t.Errorf("got %s, %v, want %s", got, err, want)
			}
			if got := r.Logs.String(); !strings.Contains(got, `"level":"WARN"`) || !strings.Contains(got, "the event has no messages") {
				t.Errorf("the log does not warn:\n%s", got)
			}
			r.normal.WantEnqueued(t)
			r.bulk.WantEnqueued(t)
		})
	}
}
