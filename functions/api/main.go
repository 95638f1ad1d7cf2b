// Command api takes messages over HTTP.
package main

import (
	"fmt"
	"os"

	"dmlysender/functions/internal/stack"
)

func main() {
	h, err := open()
	if err != nil {
		fmt.Fprintln(os.Stderr, "api:", err)
		os.Exit(1)
	}
	stack.Serve(behindGateway(h.Routes()))
}
