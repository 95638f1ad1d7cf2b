package main

import (
	"context"
	"io"
	"net"
	"net/http"
	"net/http/httptest"
	"strings"
	"testing"
	"time"
)

// startRelay relays from a new port to target, and reports when it has ended.
func startRelay(t *testing.T, target string) (address string, stop context.CancelFunc, ended <-chan struct{}) {
	t.Helper()
	listener, err := (&net.ListenConfig{}).Listen(t.Context(), "tcp", "127.0.0.1:0")
	if err != nil {
		t.Fatal(err)
	}
	ctx, cancel := context.WithCancel(t.Context())
	done := make(chan struct{})
	go func() {
		defer close(done)
		forward(ctx, listener, target)
	}()
	t.Cleanup(func() { cancel(); <-done })
	return listener.Addr().String(), cancel, done
}

func dial(t *testing.T, address string) net.Conn {
	t.Helper()
	conn, err := (&net.Dialer{}).DialContext(t.Context(), "tcp", address)
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { conn.Close() })
	if err := conn.SetDeadline(time.Now().Add(10 * time.Second)); err != nil {
		t.Fatal(err)
	}
	return conn
}

func TestRelayPassesARequestAndItsAnswer(t *testing.T) {
	t.Parallel()
	server := httptest.NewServer(http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		body, err := io.ReadAll(r.Body)
		if err != nil {
			t.Error(err)
		}
		io.WriteString(w, strings.ToUpper(string(body)))
	}))
	t.Cleanup(server.Close)
	address, _, _ := startRelay(t, server.Listener.Addr().String())

	req, err := http.NewRequestWithContext(t.Context(), http.MethodPost, "http://"+address, strings.NewReader("hello"))
	if err != nil {
		t.Fatal(err)
	}
	client := &http.Client{Transport: &http.Transport{DisableKeepAlives: true}}
	resp, err := client.Do(req)
	if err != nil {
		t.Fatal(err)
	}
	defer resp.Body.Close()
	got, err := io.ReadAll(resp.Body)
	if err != nil {
		t.Fatal(err)
	}
	if want := "HELLO"; string(got) != want {
		t.Errorf("got %q, want %q", got, want)
	}
}

func TestRelayPassesTheEndOfASide(t *testing.T) {
	t.Parallel()
	target, err := (&net.ListenConfig{}).Listen(t.Context(), "tcp", "127.0.0.1:0")
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { target.Close() })
	go func() {
		conn, err := target.Accept()
		if err != nil {
			return
		}
		defer conn.Close()
		all, _ := io.ReadAll(conn)
		conn.Write(append(all, '!'))
	}()
	address, _, _ := startRelay(t, target.Addr().String())

	conn := dial(t, address)
	io.WriteString(conn, "done")
	conn.(*net.TCPConn).CloseWrite()
	got, err := io.ReadAll(conn)
	if err != nil {
		t.Fatal(err)
	}
	if want := "done!"; string(got) != want {
		t.Errorf("got %q, want %q", got, want)
	}
}

func TestRelayClosesTheConnectionIfTheTargetIsNotThere(t *testing.T) {
	t.Parallel()
	gone, err := (&net.ListenConfig{}).Listen(t.Context(), "tcp", "127.0.0.1:0")
	if err != nil {
		t.Fatal(err)
	}
	gone.Close()
	address, _, _ := startRelay(t, gone.Addr().String())

	if got, err := io.ReadAll(dial(t, address)); len(got) > 0 {
		t.Errorf("got %q, %v, want an empty, closed connection", got, err)
	}
}

func TestRelayEndsWithItsContextAndClosesWhatIsOpen(t *testing.T) {
	t.Parallel()
	target, err := (&net.ListenConfig{}).Listen(t.Context(), "tcp", "127.0.0.1:0")
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { target.Close() })
	address, stop, ended := startRelay(t, target.Addr().String())
	conn := dial(t, address)
	far, err := target.Accept()
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { far.Close() })

	stop()

	<-ended
	if got, err := io.ReadAll(conn); len(got) > 0 || isTimeout(err) {
		t.Errorf("got %q, %v, want a closed connection", got, err)
	}
}

func isTimeout(err error) bool {
	timeout, ok := err.(net.Error) //nolint:errorlint // a connection returns it unwrapped
	return ok && timeout.Timeout()
}

func TestRelayExitsAsItsCommandDoes(t *testing.T) {
	t.Parallel()
	tests := []struct {
		name string
		args []string
		want int
	}{
		{"success", []string{"0", "sh", "-c", "exit 0"}, 0},
		{"failure", []string{"0", "sh", "-c", "exit 3"}, 3},
		{"ended by a signal", []string{"0", "sh", "-c", "kill -9 $$"}, 1},
		{"no such command", []string{"0", "/nonexistent/command"}, 127},
		{"no command", []string{"0"}, 2},
		{"nothing", nil, 2},
	}
	for _, test := range tests {
		t.Run(test.name, func(t *testing.T) {
			t.Parallel()
			if got := run(t.Context(), test.args); got != test.want {
				t.Errorf("got %d, want %d", got, test.want)
			}
		})
	}
}
