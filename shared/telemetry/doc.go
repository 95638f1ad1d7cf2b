// Package telemetry is what the functions tell their operators: structured logs, in which each line of one request can be
// found by its id, and metrics in CloudWatch's embedded metric format. Both are lines of JSON on one output. Neither has anything
// of what a message says or of whom it is for.
package telemetry
