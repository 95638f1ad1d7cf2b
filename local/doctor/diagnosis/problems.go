package diagnosis

import (
	"fmt"
	"strconv"
	"strings"
)

// problemsMean is what a message in the state is, and what to do about it, the most urgent first.
var problemsMean = map[string]struct{ as, means, next string }{
	"unknown": {
		"sent",
		"Each may have been sent, or not: nobody but a person can tell. None is sent again before you say so.",
		"# then, for each: AS=sent if it has arrived, AS=resend if it has not, AS=drop to let it be:",
	},
	"failed": {
		"resend",
		"None was sent: the attempts are used up.",
		"# then, for each: AS=resend to send it again, AS=drop to let it be:",
	},
	"rejected": {
		"drop",
		"DMLY or the validation said no, and none was sent. Mended, it can be sent again under the same id.",
		"# then, for each that you do not send again: AS=drop takes it off the list:",
	},
}

func (d *diagnosis) problems() {
	if len(d.Problems) == 0 {
		return
	}
	var none []string
	for _, p := range d.Problems {
		if p.N == 0 {
			none = append(none, p.State)
			continue
		}
		n := strconv.Itoa(p.N)
		if p.More {
			n = "More than " + n
		}
		oldest := ""
		if !p.Oldest.IsZero() {
			oldest = ", the first" + since(p.Oldest)
		}
		are, need := "messages are", "need"
		if p.N == 1 && !p.More {
			are, need = "message is", "needs"
		}
		d.wrong(fmt.Sprintf("%s %s %s and %s a person%s.", n, are, p.State, need, oldest), problemsMean[p.State].means,
			d.make("problems"), "# or over HTTP, with a key that has the scope read in the variable API_KEY:",
			fmt.Sprintf(`curl "%s/v1/messages?state=%s" -H "x-api-key: $API_KEY"`, d.Stack.APIURL, p.State),
			problemsMean[p.State].next, d.make("settle")+" ID=… AS="+problemsMean[p.State].as)
	}
	if len(none) > 0 {
		d.right("No %s message needs a person.", strings.Join(none, " or "))
	}
}

func (d *diagnosis) campaigns() {
	c := d.Campaigns
	if c == nil {
		return
	}
	curl := func(id, act string) string {
		method, path := "", id
		if act != "" {
			method, path = "-X POST ", id+"/"+act
		}
		return fmt.Sprintf(`curl %s"%s/v1/campaigns/%s" -H "x-api-key: $API_KEY"`, method, d.Stack.APIURL, path)
	}
	const key = "# with a key that has the scope campaign in the variable API_KEY:"
	for _, p := range c.Paused {
		d.wrong(fmt.Sprintf("The campaign %s has paused by itself: %s.", p.ID, strings.TrimSuffix(p.Reason, ".")),
			"No more of its messages is put on the queue until somebody resumes it. All other messages go.",
			key, curl(p.ID, ""), curl(p.ID, "resume"))
	}
	for _, p := range c.Stuck {
		d.wrong(fmt.Sprintf("The campaign %s stands still: nobody has worked on it%s.", p.ID, since(p.Worked)),
			"No more of its messages is put on the queue. All other messages go.",
			"# if nothing above says why, the schedule function's log does:",
			d.log("schedule"), key, curl(p.ID, ""))
	}
	switch {
	case len(c.Paused)+len(c.Stuck) > 0:
	case c.N == 0:
		d.right("No campaign is under way.")
	default:
		d.right("%s under way, %d of them paused by hand.", count(c.N, "campaign is", "campaigns are"), c.PausedByHand)
	}
}
