package rig

import (
	"context"
	"fmt"
	"net"
	"net/http"
	"slices"
	"strconv"
	"sync"
	"time"

	"dmlysender/shared/dmlytest"
)

const (
	// Region is where the functions believe to be.
	Region = "us-east-1"
	// Account is the one that they believe to belong to.
	Account = "000000000000"
	// Key is the key that the simulated DMLY takes, and the value of every secret.
	Key = "bench-key-0001"
)

// Stack is what a function's environment leads it to.
type Stack struct {
	// AWSURL is the endpoint of all its services, and DMLYURL the base URL of the Messages API.
	AWSURL, DMLYURL string
	// Name is that of the table, the bucket and the schedule group, and the beginning of those of the secrets and the queues.
	Name string
	// PerMinute is the account's rate.
	PerMinute int
}

// Serve serves a DMLY and an AWS, each on a free port of 127.0.0.1, until end is called. The stack has no rate yet.
func Serve(ctx context.Context, dmly, aws http.Handler) (s Stack, end func(), err error) {
	var servers []*http.Server
	var serving sync.WaitGroup
	end = func() {
		for _, server := range servers {
			_ = server.Close() // Nobody is left who would be served.
		}
		serving.Wait()
	}
	s.Name = "bench"
	for _, stand := range []struct {
		handler http.Handler
		url     *string
	}{{dmly, &s.DMLYURL}, {aws, &s.AWSURL}} {
		listener, err := (&net.ListenConfig{}).Listen(ctx, "tcp", "127.0.0.1:0")
		if err != nil {
			end()
			return Stack{}, nil, fmt.Errorf("serve what the functions talk to: %w", err)
		}
		server := &http.Server{Handler: stand.handler, ReadHeaderTimeout: 10 * time.Second}
		servers = append(servers, server)
		serving.Go(func() { _ = server.Serve(listener) }) // Ends with ErrServerClosed.
		*stand.url = "http://" + listener.Addr().String()
	}
	s.DMLYURL += dmlytest.BasePath
	return s, end, nil
}

// Env is a function's whole environment: what the template and Lambda give it.
func (s Stack) Env(function string) []string {
	env := slices.Concat(LambdaEnv(function), s.AWSEnv(), s.SenderEnv(), []string{
		"DMLY_KEY_FROM=secretsmanager:" + s.Secret("dmly"),
		"LEDGER=dynamodb:" + s.Name, "SEND_QUEUE_URL=" + s.QueueURL("send"), "BULK_QUEUE_URL=" + s.QueueURL("bulk"),
		"SEND_DEAD_LETTER_QUEUE_URL=" + s.QueueURL("dead"), "BULK_DEAD_LETTER_QUEUE_URL=" + s.QueueURL("dead"),
		"METRICS_NAMESPACE=" + s.Name, "SCHEDULE_GROUP=" + s.Name, "SCHEDULE_ROLE_ARN=arn:aws:iam::" + Account + ":role/" + s.Name, "AUDIENCE_BUCKET=" + s.Name,
	})
	if function == "api" {
		env = append(env, "INBOUND_KEYS_FROM=secretsmanager:"+s.Secret("callers"))
	}
	return env
}

// LambdaEnv is what Lambda tells a function of itself.
func LambdaEnv(function string) []string {
	return []string{"AWS_LAMBDA_FUNCTION_NAME=" + function, "AWS_LAMBDA_FUNCTION_VERSION=$LATEST", "AWS_LAMBDA_FUNCTION_MEMORY_SIZE=256"}
}

// AWSEnv is what leads an SDK to the stack's AWS, with made-up credentials as long as those of a role.
func (s Stack) AWSEnv() []string {
	return []string{
		"AWS_REGION=" + Region, "AWS_DEFAULT_REGION=" + Region, "AWS_ACCESS_KEY_ID=AKIDEXAMPLE", "AWS_SECRET_ACCESS_KEY=none", "AWS_SESSION_TOKEN=none",
		"AWS_ENDPOINT_URL=" + s.AWSURL, "_HANDLER=bootstrap",
	}
}

// SenderEnv leads what sends to the stack's DMLY.
func (s Stack) SenderEnv() []string {
	return []string{"DMLY_BASE_URL=" + s.DMLYURL, "DMLY_RATE_PER_MINUTE=" + strconv.Itoa(s.PerMinute)}
}

// Secret is the name of the secret with the "dmly" key, or with those of the "callers".
func (s Stack) Secret(of string) string { return s.Name + "-" + of }

// QueueURL is the URL of the queue "send", "bulk" or "dead".
func (s Stack) QueueURL(of string) string { return s.AWSURL + "/" + Account + "/" + s.QueueName(of) }

// QueueName is the name of such a queue.
func (s Stack) QueueName(of string) string { return s.Name + "-" + of }

// QueueARN is its ARN.
func (s Stack) QueueARN(of string) string {
	return "arn:aws:sqs:" + Region + ":" + Account + ":" + s.QueueName(of)
}
