// Package invoke tries each function alone, as `make invoke` runs it: `sam local invoke` in Docker, with the events in events/ and with
// what `sam local generate-event` makes. What is sent goes to a simulator of DMLY.
//
// It needs Docker and the SAM CLI: `make e2e` runs it.
package invoke
