// Command api takes messages over HTTP.
package main

import (
	"fmt"
	"os"

	"github.com/awslabs/aws-lambda-go-api-proxy/httpadapter"

	"dmlysender/functions/internal/stack"
)

func main() {
	h, err := open()
	if err != nil {
		fmt.Fprintln(os.Stderr, "api:", err)
		os.Exit(1)
	}
	stack.Serve(httpadapter.NewV2(h.Routes()).ProxyWithContext)
}
