package main

import (
	"context"
	"fmt"
	"os"
	"path/filepath"
	"regexp"
	"strconv"
	"strings"

	"dmlysender/bench/binary"
	"dmlysender/shared/price"
	"dmlysender/shared/telemetry"
)

// template is as much of template.yaml as has a price.
type template string

func readTemplate(ctx context.Context) (template, error) {
	root, err := binary.ModuleRoot(ctx)
	if err != nil {
		return "", err
	}
	//nolint:gosec // It is the repository's own.
	text, err := os.ReadFile(filepath.Join(root, "template.yaml"))
	if err != nil {
		return "", fmt.Errorf("read the template: %w", err)
	}
	return template(text), nil
}

// workers are the WorkersPerQueue of a throughput, such as "upTo10PerSecond".
func (t template) workers(throughput string) (int, error) {
	found := regexp.MustCompile(regexp.QuoteMeta(throughput) + `:\s+WorkersPerQueue: (\d+)`).FindStringSubmatch(string(t))
	if found == nil {
		return 0, fmt.Errorf("the template has no WorkersPerQueue of %s", throughput)
	}
	return strconv.Atoi(found[1])
}

// resources are how many there are of a type.
func (t template) resources(kind string) float64 {
	return t.lines("    Type: " + kind)
}

// lines are how many there are of one line.
func (t template) lines(line string) (n float64) {
	for l := range strings.Lines(string(t)) {
		if strings.TrimRight(l, "\n") == line {
			n++
		}
	}
	return n
}

// fixed is what a stack costs in a month in which it sends nothing.
type fixed struct {
	what    string
	dollars float64
}

const (
	minutesOfMonth = 30 * 24 * 60.0
	// pollers ask an empty queue, each three times a minute: https://aws.amazon.com/blogs/compute/ names five for each queue that
	// Lambda takes records from.
	pollers, asksAMinute = 5.0, 3.0
	// tickTime is how long a tick takes that finds no campaign.
	tickTime = 2 * callTime
)

func (t template) fixed() []fixed {
	queues := t.lines("          Type: SQS")
	tick := usage{
		schedulesFired: 1, lambdaRequests: 1, gbSeconds: tickTime * scheduleGB, readUnits: 0.5, logBytes: float64(logged(platformLines)),
	}
	return []fixed{
		{"asking the empty queues", queues * pollers * asksAMinute * minutesOfMonth * price.SQSRequest},
		{"the tick of campaigns", tick.dollars() * minutesOfMonth},
		{"secrets", t.resources("AWS::SecretsManager::Secret") * price.Secret},
		{"metrics, if each is written in every hour", float64(telemetry.Series()) * price.Metric},
		{"alarms", t.resources("AWS::CloudWatch::Alarm") * price.Alarm},
		{"dashboards", t.resources("AWS::CloudWatch::Dashboard") * price.Dashboard},
	}
}
