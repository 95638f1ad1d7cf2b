package main

import (
	"encoding/json"
	"errors"
	"fmt"
	"io/fs"
	"os"
	"path/filepath"

	"github.com/aws/aws-lambda-go/events"
)

// sample is one file of events/: what a trigger brings.
type sample struct {
	file    string
	trigger string
	// One of these is set, by the trigger.
	sqs      *events.SQSEvent
	schedule json.RawMessage
	http     *events.APIGatewayV2HTTPRequest
}

// The triggers are the folders below events/, named after the functions.
const (
	triggerQueue    = "queue"
	triggerSchedule = "schedule"
	triggerHTTP     = "http"
)

// readSamples reads all files before anything is sent, so that a mistake in one is
// said at once.
func readSamples(dir string) ([]sample, error) {
	if _, err := os.Stat(dir); errors.Is(err, fs.ErrNotExist) {
		return nil, fmt.Errorf("there is no folder %s with samples: start in the repository, or name one with -events", dir)
	}
	var samples []sample
	for _, function := range []string{"worker", "schedule", "api"} {
		files, err := filepath.Glob(filepath.Join(dir, function, "*.json"))
		if err != nil {
			return nil, fmt.Errorf("list the samples in %s: %w", dir, err)
		}
		for _, file := range files {
			one, err := readSample(function, file)
			if err != nil {
				return nil, err
			}
			samples = append(samples, one)
		}
	}
	if len(samples) == 0 {
		return nil, fmt.Errorf("%s has no samples: they are looked for in its folders worker, schedule and api", dir)
	}
	return samples, nil
}

func readSample(function, file string) (sample, error) {
	text, err := os.ReadFile(file) //nolint:gosec // the user names the folder
	if err != nil {
		return sample{}, fmt.Errorf("read a sample: %w", err)
	}
	one := sample{file: file}
	switch function {
	case "worker":
		one.trigger, one.sqs = triggerQueue, new(events.SQSEvent)
		err = json.Unmarshal(text, one.sqs)
		if err == nil && len(one.sqs.Records) == 0 {
			err = errors.New(`it has no "Records"; an SQS event is expected in the folder worker`)
		}
	case "schedule":
		one.trigger, one.schedule = triggerSchedule, text
		err = json.Unmarshal(text, new(map[string]any))
	case "api":
		one.trigger, one.http = triggerHTTP, new(events.APIGatewayV2HTTPRequest)
		err = json.Unmarshal(text, one.http)
		if err == nil && one.http.RawPath == "" {
			err = errors.New(`it has no "rawPath"; an event of an HTTP API, payload format 2.0, is expected in the folder api`)
		}
	}
	if err != nil {
		return sample{}, fmt.Errorf("%s cannot be played: %w", file, err)
	}
	return one, nil
}
