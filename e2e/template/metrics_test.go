package template_test

import (
	"bytes"
	"encoding/json"
	"errors"
	"maps"
	"regexp"
	"slices"
	"strings"
	"testing"
	"time"

	"dmlysender/shared/delivery"
	"dmlysender/shared/message"
	"dmlysender/shared/telemetry"
)

// series is a metric with a dimension and its value, which are empty for the metric as a whole: what CloudWatch charges for.
type series struct{ metric, dimension, value string }

// written are the series that the functions write, as CloudWatch reads them: of each function's lines after everything that is
// counted has happened once.
func written(t *testing.T) map[series]bool {
	t.Helper()
	all := map[series]bool{}
	for _, function := range []string{"worker", "schedule", "api"} {
		var lines bytes.Buffer
		m := telemetry.NewMetrics(&lines, "stack", function, time.Now)
		for _, state := range []delivery.State{delivery.Sent, delivery.Rejected, delivery.Failed, delivery.Unknown, delivery.Expired, delivery.Cancelled} {
			for _, channel := range append(message.Channels(), "") {
				m.Rested(channel, state)
			}
		}
		m.Posted(time.Second)
		m.Waited(time.Second)
		m.KeyRefused()
		m.Stuck()
		m.CampaignsStuck()
		m.CampaignStopped()
		m.Flush()
		for line := range bytes.Lines(lines.Bytes()) {
			collect(t, line, all)
		}
	}
	return all
}

// collect adds the series of a line in CloudWatch's embedded metric format.
func collect(t *testing.T, line []byte, all map[series]bool) {
	t.Helper()
	var members map[string]any
	var head struct {
		AWS struct {
			CloudWatchMetrics []struct {
				Dimensions [][]string
				Metrics    []struct{ Name string }
			}
		} `json:"_aws"`
	}
	if err := errors.Join(json.Unmarshal(line, &members), json.Unmarshal(line, &head)); err != nil {
		t.Fatal(err)
	}
	for _, directive := range head.AWS.CloudWatchMetrics {
		for _, metric := range directive.Metrics {
			for _, names := range directive.Dimensions {
				one := series{metric: metric.Name}
				if len(names) > 1 {
					t.Fatalf("%s has the dimensions %q; this test knows of one at most", metric.Name, names)
				}
				if len(names) == 1 {
					one.dimension, one.value = names[0], members[names[0]].(string)
				}
				all[one] = true
			}
		}
	}
}

// namespace is that of the stack's own metrics, as !Sub has it.
const namespace = "${AWS::StackName}"

func TestFunctionsWriteTheirMetricsToTheStacksNamespace(t *testing.T) {
	t.Parallel()
	for _, function := range read(t).must(t, "AWS::Serverless::Function") {
		if got := at(function.properties, "Environment", "Variables")["METRICS_NAMESPACE"]; !same(got, ref("AWS::StackName")) {
			t.Errorf("%s writes its metrics to %v", function.id, got)
		}
	}
}

// Each metric costs, by name and dimensions.
func TestThereAreSoManySeriesOfMetrics(t *testing.T) {
	t.Parallel()
	if got, want := telemetry.Series(), len(written(t)); got != want {
		t.Errorf("got %d, want %d", got, want)
	}
}

func TestAlarmsAreOnMetricsThatTheFunctionsWrite(t *testing.T) {
	t.Parallel()
	found, are := 0, written(t)
	for _, alarm := range read(t).must(t, "AWS::CloudWatch::Alarm") {
		if !same(alarm.properties["Namespace"], ref("AWS::StackName")) {
			continue
		}
		found++
		if !are[series{metric: text(alarm.properties, "MetricName")}] || alarm.properties["Dimensions"] != nil {
			t.Errorf("%s is on %v of %v, which is not written", alarm.id, alarm.properties["MetricName"], alarm.properties["Dimensions"])
		}
	}
	if found < 3 {
		t.Errorf("%d alarms are on metrics of the stack's own; there are unknown, failed and refused keys", found)
	}
}

// The page has a row for each metric, with the dimensions that it has.
func TestThePageHasTheMetricsThatAreWritten(t *testing.T) {
	t.Parallel()
	by, are := map[string]string{}, written(t)
	for one := range are {
		switch {
		case one.dimension != "" && are[series{metric: one.metric}]:
			by[one.metric] = "all, and `" + one.dimension + "`"
		case one.dimension != "":
			by[one.metric] = "`" + one.dimension + "`"
		case by[one.metric] == "":
			by[one.metric] = "all"
		}
	}
	listed := map[string]string{}
	for _, row := range regexp.MustCompile("(?m)^\\| (`[^|]+) \\| [^|]*(?:Count|Milliseconds) \\| ([^|]+) \\|").FindAllStringSubmatch(file(t, "docs/operations.md"), -1) {
		for name := range strings.SplitSeq(row[1], ", ") {
			listed[strings.Trim(name, "`")] = row[2]
		}
	}
	if !maps.Equal(by, listed) {
		t.Errorf("the functions write\n%v\nthe page has\n%v", by, listed)
	}
}

// widget is a part of a dashboard.
type widget struct {
	Type                string
	X, Y, Width, Height int
	Properties          struct {
		Title, Markdown, Region string
		Metrics                 [][]any
		Alarms                  []string
	}
}

func dashboard(t *testing.T, all template) []widget {
	t.Helper()
	body := text(all.Resources["Dashboard"].properties["DashboardBody"], "Fn::Sub")
	// The one parameter that is put where JSON has a number.
	body = strings.ReplaceAll(body, `"value": ${RatePerMinute}`, `"value": 100`)
	var parsed struct{ Widgets []widget }
	if err := json.Unmarshal([]byte(body), &parsed); err != nil {
		t.Fatalf("the dashboard's body is no JSON: %v", err)
	}
	return parsed.Widgets
}

func TestTheDashboardAnswersThreeQuestions(t *testing.T) {
	t.Parallel()
	widgets := dashboard(t, read(t))
	var questions []string
	taken := map[[2]int]string{}
	for _, w := range widgets {
		name := w.Properties.Title
		if w.Type == "text" {
			name, _, _ = strings.Cut(w.Properties.Markdown, "\n")
			questions = append(questions, name)
		} else if w.Type == "metric" && w.Properties.Region != "${AWS::Region}" {
			t.Errorf("%s shows the Region %q", name, w.Properties.Region)
		}
		for x := w.X; x < w.X+w.Width; x++ {
			for y := w.Y; y < w.Y+w.Height; y++ {
				if there := taken[[2]int{x, y}]; there != "" || x >= 24 {
					t.Fatalf("%q stands at %d, %d, where %q is, or beyond the edge", name, x, y, there)
				}
				taken[[2]int{x, y}] = name
			}
		}
	}
	if want := []string{"## Is it sending", "## How fast", "## What is stuck"}; !slices.Equal(questions, want) {
		t.Errorf("got the questions %q, want %q", questions, want)
	}
}

func TestTheDashboardShowsWhatIsWritten(t *testing.T) {
	t.Parallel()
	are := written(t)
	// These show as alarms.
	shown := map[string]bool{telemetry.KeyRefused: true, telemetry.MessagesStuck: true, telemetry.CampaignsStuck: true, telemetry.CampaignsStopped: true}
	channels := map[string]bool{}
	for _, w := range dashboard(t, read(t)) {
		for _, metric := range w.Properties.Metrics {
			var words []string
			for _, word := range metric {
				if s, ok := word.(string); ok {
					words = append(words, s)
				}
			}
			if words[0] == namespace {
				shown[words[1]] = true
				one := series{metric: words[1]}
				if len(words) == 4 {
					one.dimension, one.value = words[2], words[3]
					channels[one.value] = channels[one.value] || one.metric == telemetry.Sent
				}
				if len(words)%2 != 0 || !are[one] {
					t.Errorf("%s shows %q, which is not written", w.Properties.Title, words)
				}
			}
		}
	}
	for _, channel := range message.Channels() {
		if !channels[string(channel)] {
			t.Errorf("the dashboard does not show what is sent by %s", channel)
		}
	}
	for one := range are {
		if !shown[one.metric] {
			t.Errorf("the dashboard does not show %s", one.metric)
		}
	}
}

func TestTheDashboardShowsTheAlarms(t *testing.T) {
	t.Parallel()
	all := read(t)
	arn := regexp.MustCompile(`^\$\{(\w+)\.Arn\}$`)
	shown := map[string]bool{}
	for _, w := range dashboard(t, all) {
		for _, alarm := range w.Properties.Alarms {
			if found := arn.FindStringSubmatch(alarm); found != nil {
				shown[found[1]] = true
			}
		}
	}
	for _, alarm := range all.must(t, "AWS::CloudWatch::Alarm") {
		// One that is not always there cannot be named.
		if shown[alarm.id] != (alarm.condition == "") {
			t.Errorf("the dashboard shows %s: %v", alarm.id, shown[alarm.id])
		}
	}
}
