// Command schedule queues the messages of a schedule's input.
package main

import (
	"fmt"
	"os"

	"dmlysender/functions/internal/stack"
	"dmlysender/functions/schedule/scheduled"
	"dmlysender/shared/config"
	"dmlysender/shared/message"
)

func main() {
	s, err := stack.Open(os.Getenv, os.Stdout, services, config.Queues, config.SendingIfMemoryQueue)
	if err != nil {
		fmt.Fprintln(os.Stderr, "schedule:", err)
		os.Exit(1)
	}
	h := &scheduled.Handler{Queues: s.Queues, Defaults: message.Defaults{Workspace: s.Config.Workspace}, Log: s.Log}
	stack.Serve(h.Handle)
}
