package later

import "dmlysender/shared/delivery"

// Target is where the records of a lane go.
type Target struct {
	// Queue is the lane's queue, for what is due at once.
	Queue delivery.Queue
	// URL is that of the same queue, for what comes to it later.
	URL string
	// DeadLetterURL is the URL of the queue for what could not be put on that one.
	DeadLetterURL string
}
