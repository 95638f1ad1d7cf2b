// Package stack tries the stack as it is deployed: `sam deploy` puts the template on an AWS stand-in, whose queues, schedules and functions
// carry what is put on a queue, or sent to the api, to a simulator of DMLY. The functions are the built programs, run as they are.
//
// It needs the SAM CLI and an AWS stand-in: `make e2e` runs it.
package stack
