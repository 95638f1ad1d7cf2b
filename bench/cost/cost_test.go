package main

import (
	"bytes"
	"encoding/json"
	"math"
	"strings"
	"testing"
	"time"
)

func TestEachUseHasItsPrice(t *testing.T) {
	t.Parallel()
	u := usage{
		writeUnits: 2, readUnits: 1, sqsRequests: 3, lambdaRequests: 1, gbSeconds: 0.1, logBytes: gb / 1e6, httpRequests: 1,
		schedulesFired: 1, s3Puts: 1, s3Gets: 1, secretReads: 1, keptBytes: gb / 1e6,
	}
	want := map[string]float64{
		"DynamoDB": 1.375, "SQS": 1.2, "Lambda": 0.2 + 1.33334, "logs": 0.5, "HTTP API": 1, "Scheduler": 1, "S3, secrets": 5 + 0.4 + 5,
	}
	sum := 0.0
	for _, p := range u.parts() {
		if got := p.dollars * million; math.Abs(got-want[p.service]) > 1e-9 {
			t.Errorf("%s: got %v, want %v", p.service, got, want[p.service])
		}
		sum += want[p.service]
	}
	if got := u.dollars() * million; math.Abs(got-sum) > 1e-9 {
		t.Errorf("together: got %v, want %v", got, sum)
	}
	if got := u.kept() * million; math.Abs(got-0.45) > 1e-9 {
		t.Errorf("kept: got %v, want 0.45", got)
	}
	if got, want := u.plus(u, -1), (usage{}); got != want {
		t.Errorf("less itself it is %+v", got)
	}
}

func TestARecordIsHiddenAndComesBack(t *testing.T) {
	t.Parallel()
	now := time.Date(2026, 11, 30, 12, 0, 0, 0, time.UTC)
	var q queues
	call := func(operation, entry string) {
		t.Helper()
		if _, err := q.answer(operation, []byte(`{"QueueUrl": "http://127.0.0.1/1/send", "Entries": [`+entry+`]}`), now); err != nil {
			t.Fatal(err)
		}
	}
	receives := func(want string) {
		t.Helper()
		var all []string
		for _, r := range q.receive("send", 10, now) {
			all = append(all, r.Body+r.Attributes["ApproximateReceiveCount"])
		}
		if got := strings.Join(all, " "); got != want {
			t.Errorf("at %v: got %q, want %q", now, got, want)
		}
	}
	call("SendMessageBatch", `{"Id": "0", "MessageBody": "a"}, {"Id": "1", "MessageBody": "b", "DelaySeconds": 20}`)
	receives("a1")
	now = now.Add(20 * time.Second)
	receives("b1")
	call("ChangeMessageVisibilityBatch", `{"Id": "0", "ReceiptHandle": "record-1", "VisibilityTimeout": 5}`)
	now = now.Add(5 * time.Second)
	taken := q.receive("send", 10, now)
	if len(taken) != 1 || taken[0].Body != "a" {
		t.Fatalf("got %v, want a", taken)
	}
	q.remove("send", taken)
	now = now.Add(time.Hour)
	receives("b2")
	if _, err := q.answer("PurgeQueue", []byte(`{}`), now); err == nil {
		t.Error("a call that these queues do not know is answered")
	}
}

func TestTheTemplateIsReadForWhatHasAPrice(t *testing.T) {
	t.Parallel()
	stack, err := readTemplate(t.Context())
	if err != nil {
		t.Fatal(err)
	}
	slow, err := stack.workers("upTo10PerSecond")
	if err != nil || slow < 2 {
		t.Errorf("got %d workers, %v", slow, err)
	}
	if _, err := stack.workers("upTo1000PerSecond"); err == nil {
		t.Error("workers are found that are not there")
	}
	if secrets, alarms := stack.resources("AWS::SecretsManager::Secret"), stack.resources("AWS::CloudWatch::Alarm"); secrets != 2 || alarms < 15 {
		t.Errorf("got %v secrets and %v alarms", secrets, alarms)
	}
	made := template("\n    Type: AWS::CloudWatch::Alarm\n    Type: AWS::CloudWatch::Alarm\n    Type: AWS::CloudWatch::Dashboard\n          Type: SQS\n")
	want := map[string]float64{"alarms": 0.2, "dashboards": 3, "secrets": 0, "asking the empty queues": 0.2592}
	for _, f := range made.fixed() {
		if w, ok := want[f.what]; ok && math.Abs(f.dollars-w) > 1e-9 {
			t.Errorf("%s: got %v, want %v", f.what, f.dollars, w)
		}
	}
}

// made are results of a campaign and a queue whose messages take so many writes.
func made(writes float64) results {
	r := results{fixed: []fixed{{"secrets", 0.8}, {"alarms", 0.1}}}
	for _, at := range []rate{{name: "slow", perMinute: 100, workers: 2}, {name: "fast", perMinute: 6000, workers: 5}} {
		at.bulk.seconds = float64(at.workers) * 60 / paced / float64(at.perMinute)
		at.normal = at.bulk
		at.campaign = counted{name: campaignPath, usage: usage{writeUnits: writes, readUnits: 1, sqsRequests: 0.3, lambdaRequests: 0.1, logBytes: 400}}
		r.rates = append(r.rates, &at)
	}
	r.paths = []counted{{name: queuePath, usage: usage{writeUnits: writes, sqsRequests: 0.3, lambdaRequests: 0.1, logBytes: 400}}}
	return r
}

func TestAMillionMessagesAreHeldAgainstTheLimitAndTheEstimate(t *testing.T) {
	t.Parallel()
	if err := made(2.1).wrong(); err != nil {
		t.Error(err)
	}
	err := made(9).wrong()
	if err == nil {
		t.Fatal("it is not said that it costs too much")
	}
	for _, want := range []string{"a million messages (queue, ten a request) cost $6.", "at fast, and may cost $2.00", "(campaign) cost $6.", "a campaign of a million costs $6.", "at fast, and its preflight says $1."} {
		if !strings.Contains(err.Error(), want) {
			t.Errorf("err = %v, want %q", err, want)
		}
	}
	var out bytes.Buffer
	if err := made(2.1).print(&out, "a machine"); err != nil {
		t.Fatal(err)
	}
	for _, want := range []string{"a machine\n", "US$ a million, fast", "US$ a million, slow", "sending nothing: secrets 0.80, alarms 0.10; together 0.90.\n"} {
		if !strings.Contains(out.String(), want) {
			t.Errorf("%q is missing in\n%s", want, out.String())
		}
	}
}

// It holds that the real functions are counted: what a message from the queue and one over HTTP takes is known.
func TestRealFunctionsAreCounted(t *testing.T) {
	t.Parallel()
	s, err := newStand(t.Context(), t.TempDir())
	if err != nil {
		t.Fatal(err)
	}
	defer s.close()
	queue, err := s.queue(t.Context(), queuePath, 20, 10)
	if err != nil {
		t.Fatal(err)
	}
	async, err := s.async(t.Context(), 10)
	if err != nil {
		t.Fatal(err)
	}
	campaign, err := s.campaign(t.Context(), 30, 100)
	if err != nil {
		t.Fatal(err)
	}
	for _, c := range []struct {
		counted
		puts, writes float64
	}{{queue, 2, 2.1}, {async, 3, 3.1}, {campaign, 2, 2.1}} {
		if c.calls["dynamodb PutItem"] < c.puts || c.writeUnits < c.writes || c.writeUnits > c.writes+1.5 || c.logBytes < 200 {
			text, _ := json.Marshal(c.calls)
			t.Errorf("%s: %v writes, %v bytes of logs, and the calls %s", c.name, c.writeUnits, c.logBytes, text)
		}
	}
	if math.Abs(queue.sqsRequests-0.3) > 1e-9 || queue.lambdaRequests != 0.1 || async.httpRequests != 1 || campaign.s3Gets == 0 {
		t.Errorf("got %+v, %+v and %+v", queue.usage, async.usage, campaign.usage)
	}
}
