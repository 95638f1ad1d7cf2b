package diagnosis

import (
	"fmt"
	"path"
	"time"
)

// maxBehind is how far a queue may be behind what its account's rate sends.
const maxBehind = time.Hour

func (d *diagnosis) deadLetters() {
	empty := 0
	for _, q := range d.Queues {
		n := q.Ready + q.InHand + q.Delayed
		switch {
		case !q.Dead:
		case q.Gone:
			d.wrong(fmt.Sprintf("The dead-letter queue of the %s queue (%s) is gone.", q.Role, path.Base(q.URL)),
				"What could not even be recorded has no place to go to.", d.drift()...)
		case n == 0:
			empty++
		case q.Role == "schedule":
			d.wrong(fmt.Sprintf("%s on the dead-letter queue of the schedules (%s)%s.", waits(n, "event", "events"), path.Base(q.URL), d.oldest(q)),
				"What these schedules were to send was not put on a queue. An event is deleted after 14 days.",
				"# what they are, and why they failed; it shows the messages in them:",
				d.aws("sqs", "receive-message", "--queue-url %s --max-number-of-messages 10 --visibility-timeout 30 --message-attribute-names All", q.URL),
				"# once that is mended, call the function with each event, and delete it; the same event sends once:",
				d.aws("lambda", "invoke", "--function-name %s --invocation-type Event --cli-binary-format raw-in-base64-out --payload file://event.json answer.json", d.scheduleFunction()))
		case q.Role == "outcome":
			d.wrong(fmt.Sprintf("%s on the dead-letter queue of the outcome events (%s)%s.", waits(n, "note", "notes"), path.Base(q.URL), d.oldest(q)),
				"Some outcomes came to no rule of the bus. The ledger has them all, and sending goes on.",
				"# what needs a person:", d.make("problems"),
				"# once you have asked GET /v1/messages/{id} for the others that you wait for:",
				d.aws("sqs", "purge-queue", "--queue-url %s", q.URL))
		default:
			d.wrong(fmt.Sprintf("%s on the dead-letter queue of the %s queue (%s)%s.", waits(n, "record", "records"), q.Role, path.Base(q.URL), d.oldest(q)),
				"These messages could not even be recorded, or not be put on their queue when they were due. They are not sent, and deleted 14 days after they were first queued.",
				"# once what is named above is mended:", d.make("redrive"))
		}
	}
	if empty > 0 {
		d.right("%s empty.", count(empty, "dead-letter queue is", "dead-letter queues are"))
	}
}

func (d *diagnosis) queues() {
	for _, q := range d.Queues {
		n := q.Ready + q.InHand
		takes := time.Duration(0)
		if d.Rate > 0 {
			takes = time.Duration(n) * time.Minute / time.Duration(d.Rate)
		}
		switch {
		case q.Dead:
		case q.Gone:
			d.wrong(fmt.Sprintf("The %s queue (%s) is gone.", q.Role, path.Base(q.URL)), "Nothing can be put on it, and the HTTP API answers 503.", d.drift()...)
		case takes > maxBehind:
			d.wrong(fmt.Sprintf("%s on the %s queue%s: more than an hour of what the account may send, %d a minute.", waits(n, "record", "records"), q.Role, d.oldest(q), d.Rate),
				fmt.Sprintf("A new message on it goes in about %s, if nothing else is wrong.", about(takes)),
				"# if DMLY allows your account more:", d.deploy(fmt.Sprintf("RatePerMinute=%d", d.Rate*2)))
		case q.Ready > 0 && q.Oldest > maxBehind:
			d.wrong(fmt.Sprintf("%s on the %s queue%s, although the account could have sent them.", waits(n, "record", "records"), q.Role, d.oldest(q)),
				"These messages are late. If nothing above says why, the worker's log does.",
				d.log("worker"))
		case n+q.Delayed == 0:
			d.right("The %s queue is empty.", q.Role)
		default:
			d.right("The %s queue has %s to be sent, %d with a worker or postponed, and %d delayed.", q.Role, count(q.Ready, "record", "records"), q.InHand, q.Delayed)
		}
	}
}

// oldest says for how long the oldest record has waited, if that is known.
func (d *diagnosis) oldest(q Queue) string {
	if q.Oldest <= 0 {
		return ""
	}
	return fmt.Sprintf(", the oldest for about %s, since %s", about(q.Oldest), moment(d.At.Add(-q.Oldest)))
}

func (d *diagnosis) scheduleFunction() string {
	for _, f := range d.Functions {
		if f.Role == "schedule" {
			return f.Name
		}
	}
	return "ScheduleFunction"
}

// waits is the beginning of a sentence.
func waits(n int, one, many string) string {
	if n == 1 {
		return "1 " + one + " waits"
	}
	return fmt.Sprintf("%d %s wait", n, many)
}
