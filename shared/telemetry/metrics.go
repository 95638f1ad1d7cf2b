package telemetry

import (
	"io"
	"sync"
	"time"

	"dmlysender/shared/delivery"
	"dmlysender/shared/message"
)

// The metrics, in CloudWatch's namespace of the stack. The template's alarms and its dashboard know them by these names.
const (
	// Sent, Rejected, Failed, Unknown and Expired count the messages that came to rest so: all of them, and by channel. What could
	// not be read has no channel.
	Sent     = "Sent"
	Rejected = "Rejected"
	Failed   = "Failed"
	Unknown  = "Unknown"
	Expired  = "Expired"
	// Attempts counts the requests to DMLY that were begun.
	Attempts = "Attempts"
	// Latency is how long each of them took, in milliseconds.
	Latency = "Latency"
	// PaceWait is how long each message waited for its slot of the account's pace, in milliseconds.
	PaceWait = "PaceWait"
	// KeyRefused counts how often DMLY refused an account's key.
	KeyRefused = "KeyRefused"
	// MessagesStuck counts how often a message could not be taken further for an error, and came back.
	MessagesStuck = "MessagesStuck"
	// CampaignsStuck counts the minutes in which a campaign could not be taken further for an error.
	CampaignsStuck = "CampaignsStuck"
	// CampaignsStopped counts campaigns that were refused when they were planned, or paused by themselves.
	CampaignsStopped = "CampaignsStopped"
	// ColdStart counts the first invocations of processes, by function.
	ColdStart = "ColdStart"
)

// The dimensions of the metrics.
const (
	// ChannelDimension has the four channels as values.
	ChannelDimension = "Channel"
	// FunctionDimension has the three functions as values.
	FunctionDimension = "Function"
)

// Metrics counts what happens, and writes it down when an invocation ends. It is safe for concurrent use.
type Metrics struct {
	out                 io.Writer
	namespace, function string
	now                 func() time.Time

	mu    sync.Mutex
	tally tally
}

var _ delivery.Meter = (*Metrics)(nil)

// NewMetrics counts for a function, in a namespace that CloudWatch takes. The lines go to out, one Write for each, of which
// several may come at once; what cannot be written is lost. The first of them tells of the start of the process.
func NewMetrics(out io.Writer, namespace, function string, now func() time.Time) *Metrics {
	return &Metrics{out: out, namespace: namespace, function: function, now: now, tally: tally{coldStart: true}}
}

// Rested implements [delivery.Meter].
func (m *Metrics) Rested(channel message.Channel, state delivery.State) {
	m.mu.Lock()
	defer m.mu.Unlock()
	if m.tally.rested == nil {
		m.tally.rested = map[outcome]int{}
	}
	m.tally.rested[outcome{channel, state}]++
}

// Posted implements [delivery.Meter].
func (m *Metrics) Posted(took time.Duration) {
	m.mu.Lock()
	defer m.mu.Unlock()
	m.tally.latency = append(m.tally.latency, milliseconds(took))
}

// Waited implements [delivery.Meter].
func (m *Metrics) Waited(d time.Duration) {
	m.mu.Lock()
	defer m.mu.Unlock()
	m.tally.paceWait = append(m.tally.paceWait, milliseconds(d))
}

// KeyRefused implements [delivery.Meter].
func (m *Metrics) KeyRefused() {
	m.mu.Lock()
	defer m.mu.Unlock()
	m.tally.keyRefused++
}

// Stuck implements [delivery.Meter].
func (m *Metrics) Stuck() {
	m.mu.Lock()
	defer m.mu.Unlock()
	m.tally.messagesStuck++
}

// CampaignsStuck counts a tick that could not take every campaign further.
func (m *Metrics) CampaignsStuck() {
	m.mu.Lock()
	defer m.mu.Unlock()
	m.tally.campaignsStuck++
}

// CampaignStopped implements [campaign.Meter].
func (m *Metrics) CampaignStopped() {
	m.mu.Lock()
	defer m.mu.Unlock()
	m.tally.campaignsStopped++
}

// Flush writes down what was counted since the last time, if anything was.
func (m *Metrics) Flush() {
	m.mu.Lock()
	counted := m.tally
	m.tally = tally{}
	m.mu.Unlock()
	for _, d := range counted.documents(m.function) {
		if line, err := d.encode(m.namespace, m.now()); err == nil { // it is made of nothing that could not be encoded
			_, _ = m.out.Write(line)
		}
	}
}

// milliseconds is the duration as CloudWatch has it, to the microsecond.
func milliseconds(d time.Duration) float64 { return float64(d.Microseconds()) / 1000 }
