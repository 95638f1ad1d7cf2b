package telemetry

import (
	"dmlysender/shared/delivery"
	"dmlysender/shared/message"
)

// tally is what happened in one invocation.
type tally struct {
	coldStart         bool
	rested            map[outcome]int
	latency, paceWait []float64
	keyRefused        int
	messagesStuck     int
	campaignsStuck    int
	campaignsStopped  int
}

// outcome is how a message came to rest. The channel is empty if the message could not be read.
type outcome struct {
	channel message.Channel
	state   delivery.State
}

// channels are the values of their dimension, with that of what could not be read.
var channels = append(message.Channels(), "")

// restedAs are the metrics of the states.
var restedAs = []struct {
	state delivery.State
	name  string
}{
	{delivery.Sent, Sent}, {delivery.Rejected, Rejected}, {delivery.Failed, Failed}, {delivery.Unknown, Unknown}, {delivery.Expired, Expired},
}

// Series is how many metrics there are at most, by name and dimensions, as CloudWatch charges for them.
func Series() int {
	const undividedOnes, functions = 7, 3 // Attempts, Latency, PaceWait, KeyRefused, MessagesStuck, CampaignsStuck and CampaignsStopped; ColdStart by function
	return len(restedAs)*len(channels) + undividedOnes + functions
}

// documents are what was counted. Mostly it is one document: a metric has one value in it, or 100, so that each further
// channel, and each further hundred, takes another.
func (t tally) documents(function string) []*document {
	var all documents
	if t.coldStart {
		d := all.at(0)
		d.dimension(FunctionDimension, function)
		d.add([][]string{{FunctionDimension}}, metric{ColdStart, count, 1})
	}
	if t.keyRefused > 0 {
		all.at(0).add(undivided, metric{KeyRefused, count, t.keyRefused})
	}
	if t.messagesStuck > 0 {
		all.at(0).add(undivided, metric{MessagesStuck, count, t.messagesStuck})
	}
	if t.campaignsStuck > 0 {
		all.at(0).add(undivided, metric{CampaignsStuck, count, t.campaignsStuck})
	}
	if t.campaignsStopped > 0 {
		all.at(0).add(undivided, metric{CampaignsStopped, count, t.campaignsStopped})
	}
	if len(t.latency) > 0 {
		all.at(0).add(undivided, metric{Attempts, count, len(t.latency)})
	}
	all.addValues(Latency, t.latency)
	all.addValues(PaceWait, t.paceWait)
	n := 0
	for _, channel := range channels {
		if counts := t.counts(channel); len(counts) > 0 {
			all.at(n).addByChannel(channel, counts)
			n++
		}
	}
	return all
}

// counts are the messages of a channel that came to rest.
func (t tally) counts(channel message.Channel) []metric {
	var counts []metric
	for _, as := range restedAs {
		if n := t.rested[outcome{channel, as.state}]; n > 0 {
			counts = append(counts, metric{as.name, count, n})
		}
	}
	return counts
}

type documents []*document

// at is the document at i; there are i already, or more.
func (all *documents) at(i int) *document {
	if i == len(*all) {
		*all = append(*all, &document{members: map[string]any{}})
	}
	return (*all)[i]
}

// addValues spreads the values over as many documents as they need.
func (all *documents) addValues(name string, values []float64) {
	for i := 0; len(values) > 0; i++ {
		n := min(len(values), maxValues)
		all.at(i).add(undivided, metric{name, inMilliseconds, values[:n]})
		values = values[n:]
	}
}

func (d *document) addByChannel(channel message.Channel, counts []metric) {
	if channel == "" {
		d.add(undivided, counts...)
		return
	}
	d.dimension(ChannelDimension, string(channel))
	d.add([][]string{{}, {ChannelDimension}}, counts...)
}
