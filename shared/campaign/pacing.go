package campaign

import (
	"bytes"
	"encoding/json"
	"math"
	"time"

	"dmlysender/shared/campaign/plan"
	"dmlysender/shared/delivery"
	"dmlysender/shared/message"
)

// feedAhead is how far ahead of what can be sent the queue is filled: enough that a late Tick leaves nobody idle, and little
// enough that a pause is soon felt. A record may be delayed on the queue for three times that.
const feedAhead = 5 * time.Minute

// pacing is all that the number of rows depends on that are fed at one moment.
type pacing struct {
	now time.Time
	// perMinute is how many messages the account may send, and own how many the campaign may; 0 if it says nothing.
	perMinute, own int
	// depth is how many records stand on the queue already.
	depth int
	// sharers is how many campaigns want what room there was, this one included, and fed how many records are this one's
	// already, in depth.
	sharers, fed int
	// ahead is for how long from now the campaign's hours are open, at most feedAhead.
	ahead time.Duration
	// horizon is until when it was fed at its own rate.
	horizon time.Time
}

// quota is how many records may be put on the queue now. If the campaign has a rate of its own, the first of them goes at
// the start, and each further one by that rate; otherwise the account's pace spreads them.
func (p pacing) quota() (n int, start time.Time) {
	sharers := max(p.sharers, 1)
	room := int(float64(p.perMinute)*p.ahead.Minutes()) - p.depth + p.fed
	n = max(0, (room+sharers-1)/sharers-p.fed)
	start = later(p.now, p.horizon)
	if every := between(p.own); every > 0 {
		// As many as have their moment before the time ahead is over.
		n = min(n, max(0, int((p.now.Add(p.ahead).Sub(start)+every-1)/every)))
	}
	return n, start
}

// between is from one message to the next at a rate; 0 if there is none. It is a little more than that, as in the account's
// own pace: so a minute has room for two seconds by which one message goes later than it should, and the next does not.
func between(perMinute int) time.Duration {
	if perMinute <= 0 {
		return 0
	}
	return time.Minute * 100 / time.Duration(96*perMinute)
}

// take is how many rows are fed of which so many are wanted on the queue: those behind which no more of it are free are left.
func take(wanted []want, n int) int {
	for i, w := range wanted {
		if w.queued {
			n--
		}
		if n < 0 {
			return i
		}
	}
	return len(wanted)
}

// nextStep is the step of the ramp that a campaign feeds next: the first is the canary, and each of the others is so many
// times the one before, and begins when that has come to rest. Once a step would be more than is fed ahead anyway, there are
// no steps any more.
func nextStep(r Record, perMinute int) Step {
	ramp := r.Definition.Ramp
	switch {
	case ramp.Canary <= 0:
		return Step{}
	case r.Fed.Row == 0 && r.Step == Step{}:
		return Step{Size: ramp.Canary, End: ramp.Canary}
	case r.Step == Step{} || r.Watched.Row < r.Step.End || len(r.Open) > 0:
		return r.Step
	}
	growth := ramp.Growth
	if growth < 1 {
		growth = 2
	}
	size := math.Ceil(float64(r.Step.Size) * growth) // a small step grows, too
	if size > float64(perMinute)*feedAhead.Minutes() {
		return Step{}
	}
	return Step{Size: int(size), End: r.Step.End + int(size)}
}

// openFor is for how long from now a campaign's messages may go out, at most feedAhead, by one of them: by its sendAt and its
// hours, as far as all have the same.
func openFor(d plan.Definition, m message.Message, now time.Time) time.Duration {
	var times struct {
		SendAt        json.RawMessage `json:"sendAt"`
		DeliverWithin json.RawMessage `json:"deliverWithin"`
	}
	if json.Unmarshal(d.Message, &times) != nil {
		return feedAhead // it was valid when the campaign was started
	}
	if varies(times.SendAt) {
		m.SendAt = time.Time{}
	}
	if varies(times.DeliverWithin) {
		m.DeliverWithin = nil
	}
	for ahead := time.Duration(0); ahead < feedAhead; ahead += time.Minute {
		if at := now.Add(ahead); delivery.DueAt(m, at).After(at) {
			return max(0, ahead-time.Minute)
		}
	}
	return feedAhead
}

// varies says whether a field is another one in each row.
func varies(field json.RawMessage) bool { return bytes.Contains(field, []byte("{{")) }
