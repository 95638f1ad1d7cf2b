package main

import (
	"context"
	"io"
	"net"
	"sync"
)

// forward accepts connections and joins each to a new one to target, until ctx
// ends; then it closes the listener and every connection and returns.
func forward(ctx context.Context, listener net.Listener, target string) {
	ctx, cancel := context.WithCancel(ctx)
	stop := context.AfterFunc(ctx, func() { closeQuietly(listener) })
	defer stop()
	var open sync.WaitGroup
	defer open.Wait()
	defer cancel()
	for {
		near, err := listener.Accept()
		if err != nil {
			return
		}
		open.Go(func() { join(ctx, near, target) })
	}
}

// join carries bytes both ways until both sides have finished or ctx ends. A
// target that does not answer closes the connection, as it would directly.
func join(ctx context.Context, near net.Conn, target string) {
	defer closeQuietly(near)
	far, err := (&net.Dialer{}).DialContext(ctx, "tcp", target)
	if err != nil {
		return
	}
	defer closeQuietly(far)
	stop := context.AfterFunc(ctx, func() {
		closeQuietly(near)
		closeQuietly(far)
	})
	defer stop()
	var both sync.WaitGroup
	both.Go(func() { carry(far, near) })
	both.Go(func() { carry(near, far) })
	both.Wait()
}

// carry copies until the source has finished and tells the other side so. When
// the copy breaks, nothing more can pass in either direction.
func carry(to, from net.Conn) {
	if _, err := io.Copy(to, from); err != nil {
		closeQuietly(from)
		closeQuietly(to)
		return
	}
	if half, ok := to.(interface{ CloseWrite() error }); ok && half.CloseWrite() == nil {
		return
	}
	closeQuietly(to)
}

// closeQuietly closes what may be closed already.
func closeQuietly(c io.Closer) {
	_ = c.Close()
}
