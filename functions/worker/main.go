// Command worker sends the messages that SQS brings.
package main

import (
	"fmt"
	"os"

	"dmlysender/functions/internal/stack"
	"dmlysender/functions/worker/sqsworker"
	"dmlysender/shared/config"
	"dmlysender/shared/message"
)

func main() {
	s, err := stack.Open("worker", os.Getenv, os.Stdout, services, config.Sending, config.BatchQueues, config.Later)
	if err != nil {
		fmt.Fprintln(os.Stderr, "worker:", err)
		os.Exit(1)
	}
	h := &sqsworker.Handler{
		Sender: s.Sender, Defaults: message.Defaults{Workspace: s.Config.Workspace}, Queues: byName(s.Queues), Log: s.Log, Crew: &sqsworker.Crew{},
	}
	s.Serve(h.Handle)
}
