package telemetry

import (
	"encoding/json"
	"slices"
	"time"
)

// maxValues is how many values a metric may have in a document of CloudWatch's embedded metric format, which this file writes:
// https://docs.aws.amazon.com/AmazonCloudWatch/latest/monitoring/CloudWatch_Embedded_Metric_Format_Specification.html
const maxValues = 100

// The units that CloudWatch has for what is counted here.
const (
	count          = "Count"
	inMilliseconds = "Milliseconds"
)

// undivided are the dimensions of a metric that has none.
var undivided = [][]string{{}}

// metric is one with its value, a number or some.
type metric struct {
	name, unit string
	value      any
}

// document is a line of log in which CloudWatch finds metrics: the directives name them, and the members beside these have
// their values and those of the dimensions.
type document struct {
	directives []directive
	members    map[string]any
}

type directive struct {
	Namespace  string       `json:"Namespace"`
	Dimensions [][]string   `json:"Dimensions"`
	Metrics    []definition `json:"Metrics"`
}

type definition struct {
	Name string `json:"Name"`
	Unit string `json:"Unit"`
}

// dimension says which value a dimension has in the document.
func (d *document) dimension(name, value string) { d.members[name] = value }

// add adds metrics, each counted once for each of the sets of dimensions. The document has none of them yet.
func (d *document) add(dimensions [][]string, metrics ...metric) {
	i := slices.IndexFunc(d.directives, func(one directive) bool { return slices.EqualFunc(one.Dimensions, dimensions, slices.Equal) })
	if i < 0 {
		i = len(d.directives)
		d.directives = append(d.directives, directive{Dimensions: dimensions})
	}
	for _, m := range metrics {
		d.directives[i].Metrics = append(d.directives[i].Metrics, definition{m.name, m.unit})
		d.members[m.name] = m.value
	}
}

// encode is the document as a line, which ends in a line feed.
func (d *document) encode(namespace string, at time.Time) ([]byte, error) {
	for i := range d.directives {
		d.directives[i].Namespace = namespace
	}
	d.members["_aws"] = map[string]any{"Timestamp": at.UnixMilli(), "CloudWatchMetrics": d.directives}
	line, err := json.Marshal(d.members)
	return append(line, '\n'), err
}
