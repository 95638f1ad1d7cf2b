package hostile_test

import (
	"io"
	"log"
	"net"
	"net/http"
	"net/http/httptest"
	"syscall"
	"testing"
	"testing/synctest"

	"dmlysender/shared/hostile"
)

// host is a server that can be reached, or not.
type host struct {
	baseURL   string
	transport http.RoundTripper // that of net/http if it is nil
}

// network is one of the two ways to a handler.
type network struct {
	within      func(*testing.T, func(*testing.T))
	serve       func(*testing.T, http.Handler) host
	unreachable func(*testing.T) host
}

// Everything has to be the same over both.
var networks = map[string]network{
	"over TCP": {
		within: func(t *testing.T, test func(*testing.T)) { t.Helper(); test(t) },
		serve: func(t *testing.T, handler http.Handler) host {
			t.Helper()
			server := httptest.NewUnstartedServer(handler)
			server.Config.ErrorLog = log.New(io.Discard, "", 0) // it says what is wrong with a handler, which is what is wanted here
			server.Start()
			transport := &http.Transport{}
			t.Cleanup(func() {
				transport.CloseIdleConnections()
				server.CloseClientConnections() // ends the requests that a long latency still holds
				server.Close()
			})
			return host{server.URL, transport}
		},
		unreachable: func(t *testing.T) host {
			t.Helper()
			l, err := (&net.ListenConfig{}).Listen(t.Context(), "tcp", "127.0.0.1:0")
			if err != nil {
				t.Fatal(err)
			}
			defer l.Close()
			return host{baseURL: "http://" + l.Addr().String()}
		},
	},
	"over Transport": {
		within: synctest.Test,
		serve: func(_ *testing.T, handler http.Handler) host {
			return host{"http://127.0.0.1", &hostile.Transport{Handler: handler}}
		},
		unreachable: func(t *testing.T) host {
			t.Helper()
			return host{"http://127.0.0.1", &hostile.Transport{
				Handler: http.HandlerFunc(func(http.ResponseWriter, *http.Request) { t.Error("a request arrived") }),
				Before:  func(*http.Request) error { return &net.OpError{Op: "dial", Net: "tcp", Err: syscall.ECONNREFUSED} },
			}}
		},
	},
}

// overBoth runs a test over each network.
func overBoth(t *testing.T, test func(*testing.T, network)) {
	t.Helper()
	for name, n := range networks {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			n.within(t, func(t *testing.T) { t.Helper(); test(t, n) })
		})
	}
}
