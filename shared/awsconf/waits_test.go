package awsconf

import (
	"testing"
	"time"
)

func TestHTTPClientClosesIdleConnectionsBeforeAFreezeCanKillThem(t *testing.T) {
	t.Parallel()
	c, ok := NewHTTPClient().(client)
	if !ok {
		t.Fatal("the client has no transport")
	}
	if got, want := c.transport.IdleConnTimeout, 5*time.Second; got != want {
		t.Errorf("idle time-out: got %v, want %v", got, want)
	}
	if c.transport.ResponseHeaderTimeout == 0 || c.transport.TLSHandshakeTimeout == 0 {
		t.Error("a wait for the other side has no bound")
	}
}
