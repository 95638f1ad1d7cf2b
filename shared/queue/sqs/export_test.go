package sqs

import "dmlysender/shared/delivery"

// WithClock is the queue with pauses of another clock.
func (q *Queue) WithClock(c delivery.Clock) *Queue {
	other := *q
	other.clock = c
	return &other
}

// EncodeBody is for the fuzz test.
var EncodeBody = encodeBody
