package config

import "strings"

// Schedules is where what is due later is held.
type Schedules struct {
	// Group is the name of the schedule group, from SCHEDULE_GROUP.
	Group string
	// RoleARN is the role in which records are put on the queues, from SCHEDULE_ROLE_ARN.
	RoleARN string
	// SendDeadLetters and BulkDeadLetters are the URLs in SEND_DEAD_LETTER_QUEUE_URL and BULK_DEAD_LETTER_QUEUE_URL, each
	// empty if the function does not have its queue.
	SendDeadLetters, BulkDeadLetters string
}

// schedules are those of a function with queues of SQS: nothing but a process of its own could bring back what is due later
// to a queue in memory.
func (r *reader) schedules() Schedules {
	send, bulk := isURL(r.getenv("SEND_QUEUE_URL")), isURL(r.getenv("BULK_QUEUE_URL"))
	if !send && !bulk {
		return Schedules{}
	}
	s := Schedules{
		Group:   r.text("SCHEDULE_GROUP", "the name of a group of EventBridge Scheduler"),
		RoleARN: r.text("SCHEDULE_ROLE_ARN", "the ARN of the role in which its schedules put records on the queues"),
	}
	if send {
		s.SendDeadLetters = r.url("SEND_DEAD_LETTER_QUEUE_URL", "the URL of the send queue's dead-letter queue")
	}
	if bulk {
		s.BulkDeadLetters = r.url("BULK_DEAD_LETTER_QUEUE_URL", "the URL of the bulk queue's dead-letter queue")
	}
	return s
}

func (r *reader) text(name, want string) string {
	value := r.getenv(name)
	if value == "" {
		r.missing(name, value, want)
	}
	return value
}

func (r *reader) url(name, want string) string {
	value := r.getenv(name)
	if !isURL(value) {
		r.missing(name, value, want)
	}
	return value
}

func isURL(value string) bool {
	return strings.HasPrefix(value, "https://") || strings.HasPrefix(value, "http://")
}
