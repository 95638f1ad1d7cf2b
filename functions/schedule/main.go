// Command schedule queues the messages of a schedule's input, and feeds campaigns.
package main

import (
	"fmt"
	"os"
)

func main() {
	h, s, err := open()
	if err != nil {
		fmt.Fprintln(os.Stderr, "schedule:", err)
		os.Exit(1)
	}
	s.Serve(h.Handle)
}
