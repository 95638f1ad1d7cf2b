// Command relay runs a command and, as long as it runs, lets Docker's containers
// reach a port of this machine's 127.0.0.1:
//
//	relay 8081 sam local invoke …
//
// A container of Docker's default network has a 127.0.0.1 of its own, and sam
// local takes no other network for one that is the host's. What it can reach is
// host.docker.internal: with Docker Desktop that is 127.0.0.1 of the machine, with
// Docker Engine on Linux it is the address of the bridge docker0. So there, and
// only there, relay listens on the bridge, which no other machine's packets come
// from, and passes each connection on. The exit status is the command's.
package main

import (
	"context"
	"errors"
	"fmt"
	"net"
	"os"
	"os/exec"
	"os/signal"
	"syscall"
)

const usage = "usage: relay PORT COMMAND [ARGUMENT…]"

func main() {
	os.Exit(run(context.Background(), os.Args[1:]))
}

// run returns the exit status: the command's, 2 for wrong arguments, 127 for a
// command that cannot be started.
func run(ctx context.Context, args []string) int {
	if len(args) < 2 {
		fmt.Fprintln(os.Stderr, usage)
		return 2
	}
	port, command := args[0], args[1:]

	ctx, stop := context.WithCancel(ctx)
	done := make(chan struct{})
	go func() {
		defer close(done)
		if err := serveBridge(ctx, port); err != nil {
			fmt.Fprintf(os.Stderr, "The function will not reach 127.0.0.1:%s: %v\n", port, err)
		}
	}()
	defer func() { stop(); <-done }()

	return execute(ctx, command)
}

// serveBridge relays from the bridge, if this machine has one, until ctx ends.
// It leaves an address in use alone: another relay serves it, or a server that
// listens on every address.
func serveBridge(ctx context.Context, port string) error {
	address, ok := bridgeAddress()
	if !ok {
		return nil
	}
	listener, err := (&net.ListenConfig{}).Listen(ctx, "tcp", net.JoinHostPort(address, port))
	if errors.Is(err, syscall.EADDRINUSE) {
		return nil
	}
	if err != nil {
		return fmt.Errorf("listen on Docker's bridge: %w", err)
	}
	forward(ctx, listener, net.JoinHostPort("127.0.0.1", port))
	return nil
}

// bridgeAddress returns the IPv4 address of docker0, which is what Docker Engine
// means by host-gateway.
func bridgeAddress() (string, bool) {
	bridge, err := net.InterfaceByName("docker0")
	if err != nil {
		return "", false
	}
	addresses, err := bridge.Addrs()
	if err != nil {
		return "", false
	}
	for _, address := range addresses {
		if network, ok := address.(*net.IPNet); ok && network.IP.To4() != nil {
			return network.IP.String(), true
		}
	}
	return "", false
}

// execute runs the command with this process's input and output. Ctrl-C reaches
// the command by itself, being in the same process group; a SIGTERM is passed on.
func execute(ctx context.Context, command []string) int {
	interrupts := make(chan os.Signal, 1)
	signal.Notify(interrupts, os.Interrupt)
	defer signal.Stop(interrupts)
	ctx, stop := signal.NotifyContext(ctx, syscall.SIGTERM)
	defer stop()

	cmd := exec.CommandContext(ctx, command[0], command[1:]...) //nolint:gosec // running the given command is what relay is for
	cmd.Cancel = func() error { return cmd.Process.Signal(syscall.SIGTERM) }
	cmd.Stdin, cmd.Stdout, cmd.Stderr = os.Stdin, os.Stdout, os.Stderr
	if err := cmd.Start(); err != nil {
		fmt.Fprintln(os.Stderr, err)
		return 127
	}
	err := cmd.Wait()
	if err == nil {
		return 0
	}
	// The code is -1 if a signal ended the command.
	var exit *exec.ExitError
	if errors.As(err, &exit) && exit.ExitCode() > 0 {
		return exit.ExitCode()
	}
	return 1
}
