// Package telemetry is what the functions tell their operators: structured logs, in which each line of one request can be
// found by its id.
package telemetry
