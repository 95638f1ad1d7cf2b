package sim

import (
	"context"
	"encoding/json"
	"strings"
	"time"

	"dmlysender/shared/campaign"
	"dmlysender/shared/delivery"
)

// judge looks at the end of all things.
func (c *crowd) judge() {
	c.tally.Messages = len(c.audience.order) + len(c.normals)
	sent := c.sentTo()
	items, err := c.ledger.States(context.Background(), c.audience.order, time.Now())
	if err != nil {
		c.broken("the ledger cannot be asked: %v", err)
	}
	for _, id := range c.audience.order {
		item, found := items[id]
		number := c.audience.phones[id]
		c.judgeRecipient(id, item, found, sent[number])
		delete(sent, number)
	}
	delete(sent, phone) // the normal messages go there
	if len(sent) > 0 {
		c.broken("%d were sent to who are not in the audience", len(sent))
	}
	c.judgeNormals()
	c.judgeRates()
	c.judgePauses()
	if crashesOnly := len(c.trouble.DMLY) == 0 && len(c.story.bursts) == 0; crashesOnly && c.tally.Unknown > c.tally.CrashesInFlight {
		c.broken("%d messages are unknown, and only %d were between claim and record at a crash", c.tally.Unknown, c.tally.CrashesInFlight)
	}
	r, _, _ := c.store.Get(context.Background(), campaignID, time.Now())
	if !r.PlannedAt.IsZero() {
		c.judgeProblems()
	}
	c.seen.took = r.EndedAt.Sub(r.StartedAt)
	if want := campaign.Complete; r.State != want && (!c.story.cancels || c.story.again) {
		c.broken("the campaign is %s because %q, want %s", r.State, r.Reason, want)
	}
}

// sentTo is how many messages DMLY has accepted for each recipient.
func (c *crowd) sentTo() map[string]int {
	sent := map[string]int{}
	for _, m := range c.dmly.Messages() {
		var body struct {
			Recipient struct {
				PhoneNumber string `json:"phoneNumber"`
			} `json:"recipient"`
		}
		if err := json.Unmarshal(m.Body, &body); err != nil {
			c.broken("DMLY accepted what is not JSON: %v", err)
		}
		sent[body.Recipient.PhoneNumber]++
	}
	return sent
}

// judgeRecipient looks whether a recipient got one message, or there is a reason why not.
func (c *crowd) judgeRecipient(id string, item delivery.Item, found bool, times int) {
	if times > 1 {
		c.tally.Duplicates += times - 1
		c.broken("message %s reached DMLY %d times", id, times)
	}
	if !found || !item.State.Final() {
		unfed := c.story.cancels && !c.story.again // it counts as cancelled, and never was on the queue
		if !found && unfed && times == 0 {
			c.tally.count(delivery.Cancelled)
			return
		}
		c.tally.Lost++
		c.broken("message %s is lost: it stands as %q", id, item.State)
		return
	}
	c.tally.count(item.State)
	switch unsent := item.State != delivery.Sent && item.State != delivery.Unknown; {
	case item.State == delivery.Sent && times != 1, unsent && times > 0:
		c.broken("message %s is %s, and at DMLY %d times", id, item.State, times)
	case item.State == delivery.Cancelled && (!c.story.cancels || c.story.again):
		c.broken("message %s is cancelled, and nobody did that, or it was to be sent by the next run", id)
	case unsent && len(item.History) > 0 && item.History[len(item.History)-1].Reason == "":
		c.broken("message %s is %s without a reason", id, item.State)
	}
}

// judgeNormals looks at how long the normal messages have waited. What a worker that ended had taken waits longer, and what
// came while DMLY refused the key.
func (c *crowd) judgeNormals() {
	limit := 10 * time.Second
	if c.story.perMinute < perMinute {
		limit = 15 * time.Second
	}
	for _, r := range c.requests {
		if n := c.normals[r.about]; n != nil && n.reachedAt.IsZero() {
			n.reachedAt = r.at
		}
	}
	for text, n := range c.normals {
		id := strings.TrimSuffix(strings.TrimPrefix(text, "text of "), ".")
		item, found, err := c.ledger.Get(context.Background(), id, time.Now())
		if err != nil || !found || !item.State.Final() {
			c.tally.Lost++
			c.broken("the normal message %s is lost: it stands as %q", id, item.State)
			continue
		}
		c.tally.count(item.State)
		if n.reachedAt.IsZero() {
			continue // it is unknown, and its worker ended before it was sent
		}
		wait := n.reachedAt.Sub(n.sentAt)
		c.seen.anyWait = max(c.seen.anyWait, wait)
		if c.receives[id] > 1 || c.refusedDuring(n) {
			continue
		}
		c.seen.wait = max(c.seen.wait, wait)
		if wait > limit {
			c.broken("the normal message %s waited %v", id, wait)
		}
	}
}

func (c *crowd) refusedDuring(n *normal) bool {
	for _, p := range c.refusals {
		if n.reachedAt.After(p.from) && n.sentAt.Before(p.to) {
			return true
		}
	}
	return false
}

// judgeProblems looks whether each row without a message is listed, with its line.
func (c *crowd) judgeProblems() {
	missing := map[int]bool{}
	for line, again := range c.audience.problems {
		missing[line] = again
	}
	cursor := ""
	for {
		problems, next, err := c.plain.Problems(context.Background(), campaignID, 100, cursor)
		if err != nil {
			c.broken("the problems cannot be listed: %v", err)
			return
		}
		for _, p := range problems {
			if again, ok := missing[p.Line]; !ok || again != p.Duplicate || p.Reason == "" {
				c.broken("line %d is listed as a problem: %+v", p.Line, p)
			}
			delete(missing, p.Line)
		}
		if cursor = next; cursor == "" {
			break
		}
	}
	if len(missing) > 0 {
		c.broken("%d rows have neither a message nor a reason", len(missing))
	}
}

// takenBack is how long it takes at most until what stands on the queue is taken back, if nothing goes wrong.
const takenBack = 70 * time.Second

// judgeRates looks at what reached DMLY in any 60 seconds.
func (c *crowd) judgeRates() {
	var all, own []time.Time
	for _, r := range c.requests {
		if !r.ours { // of a key that DMLY does not know, it knows no account
			continue
		}
		all = append(all, r.at)
		if ofCampaign(r.about) {
			own = append(own, r.at)
		}
	}
	c.seen.fastest, c.seen.own = fastest(all), fastest(own)
	if c.story.own > 0 && c.seen.own > c.story.own {
		c.broken("%d of the campaign's messages reached DMLY within a minute, and its own rate is %d", c.seen.own, c.story.own)
	}
	if stop := c.stopped.at; c.story.meddled && c.story.cancels && !stop.IsZero() && len(own) > 0 && own[len(own)-1].Sub(stop) > takenBack {
		c.broken("a message of the campaign was sent %v after that was cancelled", own[len(own)-1].Sub(stop))
	}
	if c.seen.fastest > c.story.perMinute {
		c.broken("%d messages reached DMLY within a minute, and the account's rate is %d", c.seen.fastest, c.story.perMinute)
	}
}

// fastest is the most of these moments, which are in order, within 60 seconds.
func fastest(at []time.Time) (most int) {
	first := 0
	for i := range at {
		for at[i].Sub(at[first]) >= time.Minute {
			first++
		}
		most = max(most, i-first+1)
	}
	return most
}

// judgePauses looks whether the campaign paused by itself where it had to, and nowhere else.
func (c *crowd) judgePauses() {
	for _, reason := range c.pauses {
		if len(c.trouble.DMLY) == 0 && len(c.story.bursts) == 0 && len(c.trouble.Effects) == 0 {
			c.broken("the campaign paused by itself, without a reason for it: %s", reason)
		}
	}
	if len(c.pauses) < len(c.story.bursts) {
		c.broken("the campaign paused by itself %d times, and there were %d bursts: %q", len(c.pauses), len(c.story.bursts), c.pauses)
	}
}
