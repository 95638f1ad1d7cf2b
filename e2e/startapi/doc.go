// Package startapi tries the HTTP API as it is deployed: `sam deploy` puts the template on an AWS stand-in, which runs the worker, and
// `sam local start-api` runs the api in Docker, with the table, queues and secrets of that stack. What is sent goes to a simulator of DMLY.
//
// It needs Docker, the SAM CLI and an AWS stand-in: `make e2e` runs it.
package startapi
