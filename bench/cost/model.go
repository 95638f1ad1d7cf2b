package main

import (
	"context"
	"errors"
	"math"
	"sync"
	"time"

	"dmlysender/bench/rig"
)

// What is assumed, as no stand-in tells it. How long a worker takes for a message is measured.
const (
	// callTime is how long a call of AWS takes, and dmlyTime one of DMLY.
	callTime, dmlyTime = 0.010, 0.200 // seconds
	// secretEvery is for how many seconds a process keeps a key, and forecastEvery for how many it keeps what an estimate is made of.
	secretEvery, forecastEvery = 300.0, 5.0
	// paced is which part of a rate the pace gives (see shared/pace).
	paced = 0.96
	// workerGB and scheduleGB are the template's memory sizes. The api has the worker's.
	workerGB, scheduleGB = 0.25, 0.5
)

// rate is one at which messages go out, with a queue that is never empty: each of its workers waits for the pace, or sends.
type rate struct {
	name      string
	perMinute int
	// workers are the template's WorkersPerQueue for it.
	workers int
	// span is how long it is looked at.
	span time.Duration
	// normal and bulk are what a worker was seen to do for a message of the send and the bulk queue.
	normal, bulk work
	// campaign is what one uses that is fed at this rate.
	campaign counted
}

type work struct {
	// seconds are billed, and reservations are writes of the pace's item, those included that were lost to other workers.
	seconds, reservations float64
}

// rates are the two that the template knows.
func rates(t template) ([]*rate, error) {
	few, err := t.workers("upTo10PerSecond")
	many, otherErr := t.workers("upTo100PerSecond")
	return []*rate{
		{name: "100 a minute", perMinute: 100, workers: few, span: 75 * time.Second},
		{name: "100 a second", perMinute: 6000, workers: many, span: 25 * time.Second},
	}, errors.Join(err, otherErr)
}

// watch has workers send at the rates, from both queues, all at the same time.
func watch(ctx context.Context, worker string, all []*rate) error {
	var failed []error
	var mu sync.Mutex
	var sending sync.WaitGroup
	for _, r := range all {
		for bulk, into := range map[bool]*work{false: &r.normal, true: &r.bulk} {
			sending.Go(func() {
				s, err := rig.Backlog{
					Worker: worker, Workers: r.workers, PerMinute: r.perMinute, Bulk: bulk, AWS: 2 * time.Millisecond, DMLY: seconds(dmlyTime),
				}.Run(ctx, r.span)
				mu.Lock()
				defer mu.Unlock()
				failed = append(failed, err)
				if err == nil && (s.Messages == 0 || len(s.Arrived) == 0) {
					failed = append(failed, errors.New("nothing was sent"))
				}
				*into = work{seconds: s.Billed.Seconds() / float64(s.Messages), reservations: float64(s.Reservations) / float64(len(s.Arrived))}
			})
		}
	}
	sending.Wait()
	return errors.Join(failed...)
}

func seconds(s float64) time.Duration { return time.Duration(s * float64(time.Second)) }

// at is what a message of the path uses at a rate: what was counted, what the workers do, and what is called by the minute.
func (c counted) at(r *rate) usage {
	u, w, send := c.usage, r.normal, 1/float64(batch)
	api, perSecond := 0.0, float64(r.perMinute)/60
	switch c.name {
	case campaignPath:
		w = r.bulk
		u.gbSeconds += c.tickSeconds() * scheduleGB
	case asyncPath, sendAtPath:
		api = 4 * callTime
		sandboxes := max(1, math.Ceil(perSecond*api))
		u = u.plus(usage{sqsRequests: 1, readUnits: 1}, sandboxes/forecastEvery/perSecond)
	case syncPath: // it is the api that sends, with a slot of its own
		w, send = work{reservations: c.calls["dynamodb UpdateItem"]}, 0
		api = 6*callTime + dmlyTime
	}
	u.writeUnits += w.reservations - c.calls["dynamodb UpdateItem"]
	// Invocations in which nothing is sent look something up, and answer.
	looks := max(0, u.lambdaRequests-u.httpRequests-send-c.ticks)
	u.gbSeconds += (w.seconds + looks*2*callTime + api) * workerGB
	u.secretReads += float64(r.workers) / secretEvery / perSecond
	return u
}

// tickSeconds is how long a campaign's ticks take: what they call, one after the other.
func (c counted) tickSeconds() float64 {
	n := 0.0
	for _, call := range []string{"sqs SendMessageBatch", "sqs GetQueueAttributes", "dynamodb BatchGetItem", "dynamodb Query", "s3 GET", "s3 PUT"} {
		n += c.calls[call]
	}
	return n * callTime
}
