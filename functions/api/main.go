// Command api takes messages over HTTP.
package main

import (
	"fmt"
	"os"
)

func main() {
	h, s, err := open()
	if err != nil {
		fmt.Fprintln(os.Stderr, "api:", err)
		os.Exit(1)
	}
	s.Serve(behindGateway(h.Routes()))
}
