package telemetry_test

import (
	"bytes"
	"encoding/json"
	"fmt"
	"maps"
	"slices"
	"strconv"
	"strings"
	"sync"
	"testing"
	"time"

	"github.com/santhosh-tekuri/jsonschema/v6"

	"dmlysender/shared/delivery"
	"dmlysender/shared/message"
	"dmlysender/shared/telemetry"
)

// maxLine is the least of the sizes that CloudWatch Logs has given for an event: 256 KiB, with 26 bytes of its own.
const maxLine = 256<<10 - 26

var at = time.Date(2026, 12, 1, 8, 0, 0, 0, time.UTC)

// rig is a worker's metrics and what they wrote. What they wrote is only read after Flush.
type rig struct {
	*telemetry.Metrics
	t   *testing.T
	out bytes.Buffer
}

func newRig(t *testing.T) *rig {
	t.Helper()
	r := &rig{t: t}
	r.Metrics = telemetry.NewMetrics(telemetry.Lines(&r.out), "dmly-sender", "worker", func() time.Time { return at })
	return r
}

// started is a rig whose start was told.
func started(t *testing.T) *rig {
	t.Helper()
	r := newRig(t)
	r.Flush()
	r.out.Reset()
	return r
}

// want compares what CloudWatch reads from the lines, and how many there are.
func (r *rig) want(lines int, want ...string) {
	r.t.Helper()
	if got := strings.Count(r.out.String(), "\n"); got != lines {
		r.t.Errorf("got %d lines, want %d:\n%s", got, lines, r.out.String())
	}
	got := read(r.t, r.out.String())
	slices.Sort(want)
	if !slices.Equal(got, want) {
		r.t.Errorf("got\n%s\nwant\n%s", strings.Join(got, "\n"), strings.Join(want, "\n"))
	}
	r.out.Reset()
}

var schema = sync.OnceValue(func() *jsonschema.Schema {
	return jsonschema.NewCompiler().MustCompile("testdata/emf.schema.json")
})

// read checks each line against the format, and returns what CloudWatch makes of them: for each metric, with its dimensions
// and unit, its values.
func read(t *testing.T, lines string) []string {
	t.Helper()
	found := map[string][]string{}
	for line := range strings.Lines(lines) {
		if len(line) > maxLine || !strings.HasSuffix(line, "\n") {
			t.Fatalf("a line of %d bytes: %.100s", len(line), line)
		}
		document, err := jsonschema.UnmarshalJSON(strings.NewReader(line))
		if err != nil {
			t.Fatalf("%v: %s", err, line)
		}
		if err := schema().Validate(document); err != nil {
			t.Fatalf("%v\n%s", err, line)
		}
		readDocument(t, line, found)
	}
	var all []string
	for _, name := range slices.Sorted(maps.Keys(found)) {
		all = append(all, name+" = "+strings.Join(found[name], " "))
	}
	return all
}

func readDocument(t *testing.T, line string, found map[string][]string) {
	t.Helper()
	var members map[string]json.RawMessage
	var root struct {
		AWS struct {
			Timestamp         int64
			CloudWatchMetrics []struct {
				Namespace  string
				Dimensions [][]string
				Metrics    []struct{ Name, Unit string }
			}
		} `json:"_aws"`
	}
	if err := json.Unmarshal([]byte(line), &members); err != nil {
		t.Fatal(err)
	}
	if err := json.Unmarshal([]byte(line), &root); err != nil {
		t.Fatal(err)
	}
	if root.AWS.Timestamp != at.UnixMilli() {
		t.Errorf("the time is %d", root.AWS.Timestamp)
	}
	targets := map[string]bool{"_aws": true}
	for _, directive := range root.AWS.CloudWatchMetrics {
		for _, metric := range directive.Metrics {
			if targets[metric.Name] {
				t.Errorf("%s is there twice: %s", metric.Name, line)
			}
			targets[metric.Name] = true
			value := strings.NewReplacer("[", "", "]", "", ",", " ").Replace(string(members[metric.Name]))
			for _, set := range directive.Dimensions {
				name := directive.Namespace + " " + metric.Name
				for _, dimension := range set {
					targets[dimension] = true
					name = fmt.Sprintf("%s %s=%s", name, dimension, members[dimension])
				}
				name += " in " + metric.Unit
				found[name] = append(found[name], value)
			}
		}
	}
	for name := range members {
		if !targets[name] {
			t.Errorf("no directive has %s: %s", name, line)
		}
	}
	if len(targets) != len(members) {
		t.Errorf("a directive names what is not there: %s", line)
	}
}

func TestTheSchemaRefusesWhatCloudWatchWould(t *testing.T) {
	t.Parallel()
	const good = `{"_aws":{"Timestamp":1796112000000,"CloudWatchMetrics":[{"Namespace":"a","Dimensions":[[]],"Metrics":[{"Name":"N","Unit":"Count"}]}]},"N":1}`
	hundred := strings.TrimSuffix(strings.Repeat("1,", 100), ",")
	for line, ok := range map[string]bool{
		good: true,
		strings.Replace(good, `"N":1`, `"N":[`+hundred+`]`, 1):           true,
		strings.Replace(good, `"N":1`, `"N":[`+hundred+`,1]`, 1):         false,
		strings.Replace(good, `"N":1`, `"N":{"is":1}`, 1):                false,
		strings.Replace(good, `"Count"`, `"Messages"`, 1):                false,
		strings.Replace(good, `1796112000000`, `1796112000`, 1):          false, // seconds
		strings.Replace(good, `"Namespace":"a"`, `"Namespace":":"`, 1):   false,
		strings.Replace(good, `"Dimensions":[[]]`, `"Dimensions":[]`, 1): false,
		strings.Replace(good, `"Name":"N"`, `"Name":""`, 1):              false,
		strings.Replace(good, `_aws`, `aws`, 1):                          false,
	} {
		document, err := jsonschema.UnmarshalJSON(strings.NewReader(line))
		if err != nil {
			t.Fatal(err)
		}
		if err := schema().Validate(document); (err == nil) != ok {
			t.Errorf("%.200s: got %v", line, err)
		}
	}
}

func TestTheFirstInvocationTellsOfTheStart(t *testing.T) {
	t.Parallel()
	r := newRig(t)
	r.Flush()
	r.want(1, `dmly-sender ColdStart Function="worker" in Count = 1`)
	r.Flush()
	r.want(0) // there is nothing to say
}

func TestAnInvocationIsOneLine(t *testing.T) {
	t.Parallel()
	r := started(t)
	r.Rested(message.WhatsApp, delivery.Sent)
	r.Rested(message.WhatsApp, delivery.Rejected)
	r.Rested(message.WhatsApp, delivery.Sent)
	r.Posted(200 * time.Millisecond)
	r.Posted(1234567 * time.Nanosecond)
	r.Waited(0)
	r.Waited(3 * time.Second)
	r.KeyRefused()
	r.Stuck()
	r.Stuck()
	r.CampaignsStuck()
	r.CampaignStopped()
	r.Flush()
	r.want(1,
		"dmly-sender Sent in Count = 2", `dmly-sender Sent Channel="whatsapp" in Count = 2`,
		"dmly-sender Rejected in Count = 1", `dmly-sender Rejected Channel="whatsapp" in Count = 1`,
		"dmly-sender Attempts in Count = 2", "dmly-sender Latency in Milliseconds = 200 1.234",
		"dmly-sender PaceWait in Milliseconds = 0 3000", "dmly-sender KeyRefused in Count = 1",
		"dmly-sender MessagesStuck in Count = 2", "dmly-sender CampaignsStuck in Count = 1", "dmly-sender CampaignsStopped in Count = 1",
	)
	r.Flush()
	r.want(0)
}

func TestEachChannelHasItsOwnCounts(t *testing.T) {
	t.Parallel()
	r := newRig(t)
	for _, channel := range []message.Channel{message.Telegram, message.Instagram, message.Messenger, message.WhatsApp} {
		r.Rested(channel, delivery.Unknown)
	}
	r.Rested(message.Telegram, delivery.Failed)
	r.Rested(message.Telegram, delivery.Expired)
	r.Rested("", delivery.Rejected)
	r.Flush()
	r.want(5,
		"dmly-sender Unknown in Count = 1 1 1 1", `dmly-sender Unknown Channel="whatsapp" in Count = 1`, `dmly-sender Unknown Channel="messenger" in Count = 1`,
		`dmly-sender Unknown Channel="instagram" in Count = 1`, `dmly-sender Unknown Channel="telegram" in Count = 1`,
		"dmly-sender Failed in Count = 1", `dmly-sender Failed Channel="telegram" in Count = 1`,
		"dmly-sender Expired in Count = 1", `dmly-sender Expired Channel="telegram" in Count = 1`,
		"dmly-sender Rejected in Count = 1", `dmly-sender ColdStart Function="worker" in Count = 1`,
	)
}

func TestWhatIsNoOutcomeOrNoChannelIsNotCountedAsOne(t *testing.T) {
	t.Parallel()
	r := started(t)
	r.Rested(message.WhatsApp, delivery.Cancelled)
	r.Rested("+15557654321", delivery.Sent)
	r.Flush()
	r.want(0)
}

// A metric has at most 100 values in a document.
func TestManyValuesTakeMoreLines(t *testing.T) {
	t.Parallel()
	r := newRig(t)
	var latencies, waits []string
	for i := range 250 {
		r.Posted(time.Duration(i) * time.Millisecond)
		latencies = append(latencies, strconv.Itoa(i))
	}
	for i := range 101 {
		r.Waited(time.Duration(i) * time.Second)
		waits = append(waits, strconv.Itoa(i*1000))
	}
	r.Rested(message.WhatsApp, delivery.Sent)
	r.Rested(message.Telegram, delivery.Sent)
	r.Flush()
	r.want(3,
		"dmly-sender Latency in Milliseconds = "+strings.Join(latencies, " "), "dmly-sender PaceWait in Milliseconds = "+strings.Join(waits, " "),
		"dmly-sender Attempts in Count = 250", `dmly-sender ColdStart Function="worker" in Count = 1`,
		"dmly-sender Sent in Count = 1 1", `dmly-sender Sent Channel="whatsapp" in Count = 1`, `dmly-sender Sent Channel="telegram" in Count = 1`,
	)
}

// Nothing is lost and nothing counted twice while one counts and another writes down.
func TestManyMayCountAtOnce(t *testing.T) {
	t.Parallel()
	r := started(t)
	const many, each = 10, 100
	var wg sync.WaitGroup
	for range many {
		wg.Go(func() {
			for range each {
				r.Rested(message.WhatsApp, delivery.Sent)
				r.Posted(time.Second)
				r.Waited(time.Second)
				r.KeyRefused()
				r.Flush()
			}
		})
	}
	wg.Wait()
	r.Flush()
	sum := map[string]int{}
	for _, line := range read(t, r.out.String()) {
		name, values, _ := strings.Cut(line, " = ")
		for _, value := range strings.Fields(values) {
			n := 0
			if _, err := fmt.Sscan(value, &n); err != nil {
				t.Fatal(err)
			}
			sum[name] += n
		}
	}
	const total = many * each
	want := map[string]int{
		"dmly-sender Sent in Count": total, `dmly-sender Sent Channel="whatsapp" in Count`: total, "dmly-sender Attempts in Count": total,
		"dmly-sender Latency in Milliseconds": 1000 * total, "dmly-sender PaceWait in Milliseconds": 1000 * total, "dmly-sender KeyRefused in Count": total,
	}
	if !maps.Equal(sum, want) {
		t.Errorf("got %v, want %v", sum, want)
	}
}

// halves writes what it is given in two parts, as a pipe may.
type halves struct{ bytes.Buffer }

func (h *halves) Write(p []byte) (int, error) {
	for _, part := range [][]byte{p[:len(p)/2], p[len(p)/2:]} {
		_, _ = h.Buffer.Write(part)
	}
	return len(p), nil
}

func TestLinesAreNotTorn(t *testing.T) {
	t.Parallel()
	var out halves
	shared := telemetry.Lines(&out)
	var wg sync.WaitGroup
	for i := range 10 {
		wg.Go(func() {
			line := strings.Repeat(strconv.Itoa(i), 50) + "\n"
			for range 100 {
				if n, err := shared.Write([]byte(line)); n != len(line) || err != nil {
					t.Errorf("got %d, %v", n, err)
				}
			}
		})
	}
	wg.Wait()
	for line := range strings.Lines(out.String()) {
		if line != strings.Repeat(line[:1], 50)+"\n" {
			t.Fatalf("got the line %q", line)
		}
	}
	if got := strings.Count(out.String(), "\n"); got != 1000 {
		t.Errorf("got %d lines", got)
	}
}

//nolint:paralleltest // what others allocate would count
func TestTheMetricsOfOneInvocationTakeFewAllocations(t *testing.T) {
	r := started(t)
	allocs := testing.AllocsPerRun(100, func() {
		for range 10 {
			r.Rested(message.WhatsApp, delivery.Sent)
			r.Posted(time.Second)
			r.Waited(time.Second)
		}
		r.Flush()
		r.out.Reset()
	})
	if allocs > 150 { // 304 objects are allocated for one message, and here are ten
		t.Errorf("%.0f allocations for the metrics of ten messages", allocs)
	}
}
