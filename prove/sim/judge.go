package sim

import (
	"context"
	"encoding/json"
	"fmt"
	"strconv"
	"strings"
	"time"

	"dmlysender/shared/delivery"
	"dmlysender/shared/hostile"
	"dmlysender/shared/message"
)

// crash notes the end of a process, and which claims it leaves behind.
func (w *World) crash(number int) {
	w.mu.Lock()
	defer w.mu.Unlock()
	w.tally.Crashes++
	for id, owner := range w.inFlight {
		if owner == number {
			w.tally.CrashesInFlight++
			delete(w.inFlight, id)
		}
	}
}

// judgeWrite looks at a write that has taken place: who may write what over what.
func (w *World) judgeWrite(l *life, before, after delivery.Item) {
	w.mu.Lock()
	if after.State == delivery.Sending {
		w.owners[after.Owner] = l.number
		w.inFlight[after.ID] = l.number
	} else if before.State == delivery.Sending {
		delete(w.inFlight, after.ID)
	}
	owner := w.owners[before.Owner]
	w.mu.Unlock()
	if broken := brokenBy(before, after, owner == l.number, l.clock.Now()); broken != "" && before.ID != "" {
		w.broken("message %s: life %d wrote %s (generation %d, owner %q) over %s of life %d (generation %d, owner %q): %s",
			after.ID, l.number, after.State, after.Generation, after.Owner, before.State, owner, before.Generation, before.Owner, broken)
	}
}

// brokenBy says which promise a write breaks, if it breaks one. ours says that the life which writes made the last claim.
func brokenBy(before, after delivery.Item, ours bool, now time.Time) string {
	if after.Generation < before.Generation {
		return "a later generation stands"
	}
	if before.State == delivery.Sending {
		gaveUp := after.State == delivery.Unknown || after.State == delivery.Waiting
		switch {
		case after.State == delivery.Sending:
			return "a claim is not taken over"
		case !ours && !gaveUp:
			return "only the owner knows what came of a claim"
		case !ours && now.Before(before.Lease):
			return "the lease was alive"
		}
	}
	if before.Generation != after.Generation {
		return ""
	}
	switch {
	case after.State != delivery.Sending && before.Owner != "" && after.Owner != before.Owner:
		return "an owner whose token was replaced changes nothing"
	case before.State.Final() && before.State != delivery.Unknown && after.State != before.State:
		return "what rests needs a new generation"
	case after.State.Final() && after.State == before.State && !after.Dropped:
		return "an outcome is written once, as each write of one becomes an event"
	default:
		return ""
	}
}

// judgeDelete looks at a record that is acknowledged: it must stand in the ledger, at rest, or be on the queue in another record.
func (w *World) judgeDelete(lane delivery.Lane, r hostile.Received[delivery.Record]) {
	id := r.Body.ID
	if id == "" {
		id = idIn(r.Body.Body, r.ID)
	}
	item, ok, err := w.ledger.Get(context.Background(), id, time.Now())
	if err != nil || !ok {
		w.broken("message %s was acknowledged and stands nowhere (%v)", id, err)
		return
	}
	if item.State.Final() || r.Body.Generation > 0 && r.Body.Generation < item.Generation {
		return
	}
	if w.holds(id) {
		return
	}
	if !w.queues[lane].Has(func(other delivery.Record) bool { return other.ID == id || idIn(other.Body, "") == id }) {
		w.broken("message %s was acknowledged while it was %s", id, item.State)
	}
}

func idIn(body []byte, otherwise string) string {
	var fields struct {
		ID string `json:"id"`
	}
	if err := json.Unmarshal(body, &fields); err != nil || !message.ValidID(fields.ID) {
		return otherwise
	}
	return fields.ID
}

// judge looks at the end of all things.
func (w *World) judge() {
	accepted := w.accepted()
	for _, s := range w.specs {
		if !w.refused(s) {
			w.judgeMessage(s, accepted)
		} else if n := s.times(accepted); n > 0 {
			w.broken("message %s was refused, and is at DMLY %d times", s.id, n)
		}
	}
	if over := w.overRate(); over != "" && w.trouble.Skew == 0 {
		w.broken("%s", over)
	}
}

// accepted is how often DMLY has accepted each content so far.
func (w *World) accepted() map[string]int {
	accepted := map[string]int{}
	for _, m := range w.dmly.Messages() {
		var body struct {
			TextMessage string `json:"textMessage"`
			Template    string `json:"template"`
		}
		if err := json.Unmarshal(m.Body, &body); err != nil {
			w.broken("DMLY accepted what is not JSON: %v", err)
		}
		accepted[body.TextMessage+body.Template]++
	}
	return accepted
}

// times is how often one of the message's contents was accepted.
func (s *spec) times(accepted map[string]int) (n int) {
	for _, text := range s.texts {
		n += accepted[text]
	}
	return n
}

// refused says whether a message came when its time had passed, and was not taken.
func (w *World) refused(s *spec) bool {
	_, ok, err := w.ledger.Get(context.Background(), s.id, time.Now())
	return s.refused && !ok && err == nil
}

func (w *World) judgeMessage(s *spec, accepted map[string]int) {
	item, ok, err := w.ledger.Get(context.Background(), s.id, time.Now())
	if err != nil || !ok || !item.State.Final() {
		w.tally.Lost++
		w.broken("message %s is lost: it stands as %q (found %v, %v); %s", s.id, item.State, ok, err, w.story(s, item, 0))
		return
	}
	times := s.times(accepted)
	allowed := 1 + s.orders
	if s.resend {
		allowed *= 2
	}
	if times > allowed {
		w.tally.Duplicates += times - allowed
		w.broken("message %s reached DMLY %d times, ordered were %d; %s", s.id, times, allowed, w.story(s, item, times))
	}
	w.tally.count(item.State)
	w.judgeTime(s, w.story(s, item, times))
	if item.State == delivery.Sent && times == 0 && !strings.Contains(item.Reason, "settled as sent") {
		w.broken("message %s is sent, and DMLY has it not; %s", s.id, w.story(s, item, times))
	}
	unsent := item.State == delivery.Rejected || item.State == delivery.Failed || item.State == delivery.Expired || item.State == delivery.Cancelled
	if unsent && times > 0 && item.Generation == 1 {
		w.broken("message %s is %s, and DMLY has it; %s", s.id, item.State, w.story(s, item, times))
	}
	if s.cancelled && (item.State != delivery.Cancelled || times > s.reached) {
		w.broken("message %s was cancelled, and then it was %s, and sent %d times; %s", s.id, item.State, times-s.reached, w.story(s, item, times))
	}
	if s.malformed && item.State != delivery.Rejected {
		w.broken("message %s is malformed, and %s", s.id, item.State)
	}
}

// judgeTime looks at when the message was sent.
func (w *World) judgeTime(s *spec, story string) {
	if s.orders > 0 { // what was sent before a person ordered it once more may have had another time
		return
	}
	if at, ok := w.firstOf(s); ok && at.Before(s.goesAt().Add(-w.trouble.Skew)) {
		w.broken("message %s was to go at %v, and reached DMLY at %v; %s", s.id, s.goesAt(), at, story)
	}
}

// goesAt is when the message may go by what its sender and whoever moved it were told.
func (s *spec) goesAt() time.Time {
	if s.moved || s.way == byDropIn { // not confirmed, the one time counts or the other; and DMLY's own form has none
		return s.confirmed
	}
	return s.sendAt
}

// firstOf is when DMLY first accepted the message.
func (w *World) firstOf(s *spec) (time.Time, bool) {
	for _, m := range w.dmly.Messages() {
		for _, text := range s.texts {
			if strings.Contains(string(m.Body), `"`+text+`"`) {
				return m.Time, true
			}
		}
	}
	return time.Time{}, false
}

// count adds a message that came to rest.
func (t *Tally) count(state delivery.State) {
	switch state {
	case delivery.Sent:
		t.Sent++
	case delivery.Unknown:
		t.Unknown++
	case delivery.Rejected:
		t.Rejected++
	case delivery.Failed:
		t.Failed++
	case delivery.Expired:
		t.Expired++
	case delivery.Cancelled:
		t.Cancelled++
	case delivery.Accepted, delivery.Scheduled, delivery.Sending, delivery.Waiting:
	}
}

// story is what is known of a message that broke a promise.
func (w *World) story(s *spec, item delivery.Item, times int) string {
	var b strings.Builder
	fmt.Fprintf(&b, "%d orders, resend %v, way %d, at DMLY %d times, history:", s.orders, s.resend, s.way, times)
	for _, h := range item.History {
		fmt.Fprintf(&b, "\n    %s %s %d %s", h.At.UTC().Format("15:04:05.000"), h.State, h.Attempt, h.Reason)
	}
	return b.String()
}

// overRate says when DMLY got more in a minute than the account's rate, if it did.
func (w *World) overRate() string {
	messages := w.dmly.Messages()
	for i := w.perMinute; i < len(messages); i++ {
		if d := messages[i].Time.Sub(messages[i-w.perMinute].Time); d < time.Minute {
			return strconv.Itoa(w.perMinute+1) + " messages within " + d.String()
		}
	}
	return ""
}
