package main

import (
	"encoding/json"
	"fmt"
	"os"
)

// routesOf reads the queues from a stack's outputs.
func routesOf(file string) ([]route, error) {
	text, err := os.ReadFile(file) //nolint:gosec // the user names the file
	if err != nil {
		return nil, fmt.Errorf("read the stack's outputs: %w", err)
	}
	var outputs []struct{ OutputKey, OutputValue string }
	if err := json.Unmarshal(text, &outputs); err != nil {
		return nil, fmt.Errorf("%s is not what sam list stack-outputs --output json writes: %w", file, err)
	}
	urls := map[string]string{}
	for _, o := range outputs {
		urls[o.OutputKey] = o.OutputValue
	}
	var routes []route
	for _, names := range []route{
		{"SendDeadLetterQueueUrl", "SendQueueUrl"},
		{"BulkDeadLetterQueueUrl", "BulkQueueUrl"},
	} {
		one := route{urls[names.from], urls[names.to]}
		if one.from == "" || one.to == "" {
			return nil, fmt.Errorf("the stack has no outputs %s and %s: name a stack that was deployed from this template", names.from, names.to)
		}
		routes = append(routes, one)
	}
	return routes, nil
}
