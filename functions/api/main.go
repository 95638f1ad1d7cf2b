// Command api takes messages over HTTP.
package main

import (
	"fmt"
	"os"

	"github.com/awslabs/aws-lambda-go-api-proxy/httpadapter"

	"dmlysender/functions/api/httpapi"
	"dmlysender/functions/internal/stack"
	"dmlysender/shared/config"
	"dmlysender/shared/message"
)

func main() {
	s, err := stack.Open(os.Getenv, os.Stdout, services, config.Sending, config.Queues, config.Callers)
	if err != nil {
		fmt.Fprintln(os.Stderr, "api:", err)
		os.Exit(1)
	}
	h := &httpapi.Handler{Sender: s.Sender, Queues: s.Queues, Callers: httpapi.NewCallers(s.CallerKeys), Defaults: message.Defaults{Workspace: s.Config.Workspace}, Log: s.Log}
	stack.Serve(httpadapter.NewV2(h.Routes()).ProxyWithContext)
}
