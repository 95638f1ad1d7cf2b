// Command schedule queues the messages of a schedule's input, and feeds campaigns.
package main

import (
	"fmt"
	"os"

	"dmlysender/functions/internal/stack"
)

func main() {
	h, err := open()
	if err != nil {
		fmt.Fprintln(os.Stderr, "schedule:", err)
		os.Exit(1)
	}
	stack.Serve(h.Handle)
}
