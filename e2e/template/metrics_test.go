package template_test

import (
	"encoding/json"
	"maps"
	"regexp"
	"slices"
	"strings"
	"testing"

	"dmlysender/shared/message"
	"dmlysender/shared/telemetry"
)

// emitted are the metrics that the functions write, each with the dimension that it has besides none; "-" means that it is never
// without one.
var emitted = map[string]string{
	telemetry.Sent: telemetry.ChannelDimension, telemetry.Rejected: telemetry.ChannelDimension, telemetry.Failed: telemetry.ChannelDimension,
	telemetry.Unknown: telemetry.ChannelDimension, telemetry.Expired: telemetry.ChannelDimension,
	telemetry.Attempts: "", telemetry.Latency: "", telemetry.PaceWait: "", telemetry.KeyRefused: "",
	telemetry.MessagesStuck: "", telemetry.CampaignsStuck: "", telemetry.ColdStart: "-" + telemetry.FunctionDimension,
}

// dimensions are the values that a dimension takes.
var dimensions = map[string][]string{
	telemetry.ChannelDimension:  {string(message.WhatsApp), string(message.Messenger), string(message.Instagram), string(message.Telegram)},
	telemetry.FunctionDimension: {"worker", "schedule", "api"},
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
	series := 0
	for _, dimension := range emitted {
		only, exclusive := strings.CutPrefix(dimension, "-")
		series += len(dimensions[only])
		if !exclusive {
			series++
		}
	}
	if got := telemetry.Series(); got != series {
		t.Errorf("got %d, want %d", got, series)
	}
}

func TestAlarmsAreOnMetricsThatTheFunctionsWrite(t *testing.T) {
	t.Parallel()
	found := 0
	for _, alarm := range read(t).must(t, "AWS::CloudWatch::Alarm") {
		if !same(alarm.properties["Namespace"], ref("AWS::StackName")) {
			continue
		}
		found++
		dimension, ok := emitted[text(alarm.properties, "MetricName")]
		if !ok || strings.HasPrefix(dimension, "-") || alarm.properties["Dimensions"] != nil {
			t.Errorf("%s is on %v of %v, which is not written", alarm.id, alarm.properties["MetricName"], alarm.properties["Dimensions"])
		}
	}
	if found < 3 {
		t.Errorf("%d alarms are on metrics of the stack's own; there are unknown, failed and refused keys", found)
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
	all := read(t)
	shown := map[string]bool{}
	for _, w := range dashboard(t, all) {
		for _, metric := range w.Properties.Metrics {
			var words []string
			for _, word := range metric {
				if s, ok := word.(string); ok {
					words = append(words, s)
				}
			}
			if words[0] == namespace {
				shown[words[1]] = true
				if !isWritten(words[1], words[2:]) {
					t.Errorf("%s shows %q, which is not written", w.Properties.Title, words)
				}
			}
		}
	}
	// These show as alarms.
	shown[telemetry.KeyRefused], shown[telemetry.MessagesStuck], shown[telemetry.CampaignsStuck] = true, true, true
	for _, name := range slices.Sorted(maps.Keys(emitted)) {
		if !shown[name] {
			t.Errorf("the dashboard does not show %s", name)
		}
	}
}

// isWritten says whether a metric is written with the dimension, a name and a value, or with none.
func isWritten(metric string, dimension []string) bool {
	with, ok := emitted[metric]
	name, always := strings.CutPrefix(with, "-")
	if len(dimension) == 0 {
		return ok && !always
	}
	return ok && len(dimension) == 2 && dimension[0] == name && slices.Contains(dimensions[name], dimension[1])
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
