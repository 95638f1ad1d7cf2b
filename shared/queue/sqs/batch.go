package sqs

import (
	"errors"
	"fmt"
	"strconv"

	"github.com/aws/aws-sdk-go-v2/aws"
	"github.com/aws/aws-sdk-go-v2/service/sqs/types"

	"dmlysender/shared/delivery"
)

// outcome is what the answer to a batch says of one of its entries.
type outcome struct {
	// err is nil if it was done.
	err error
	// lasting says that another try would end in the same way.
	lasting bool
}

// outcomes reads the answer to a batch of n entries, whose ids are their numbers, from 0. What the answer does not
// mention was not done.
func outcomes(n int, done []*string, failed []types.BatchResultErrorEntry) []outcome {
	missing := outcome{err: errors.New("SQS did not confirm it")}
	all := make([]outcome, n)
	for i := range all {
		all[i] = missing
	}
	for _, id := range done {
		if i, ok := index(id, n); ok {
			all[i] = outcome{}
		}
	}
	for _, f := range failed {
		if i, ok := index(f.Id, n); ok {
			code := aws.ToString(f.Code)
			err := fmt.Errorf("SQS refused it: %s", code) // without its words: see [awsconf.FromEnv]
			if throttles(code) {
				err = fmt.Errorf("%w: %w", delivery.ErrThrottled, err)
			}
			all[i] = outcome{err: err, lasting: f.SenderFault && !throttles(code)}
		}
	}
	return all
}

// index reads back the id of an entry within its batch.
func index(id *string, n int) (int, bool) {
	i, err := strconv.Atoi(aws.ToString(id))
	return i, err == nil && i >= 0 && i < n
}
