package dmlytest

import "net/http/httptest"

// TB is what Start needs of a test: *testing.T, *testing.B and *testing.F have it. (A program that serves the simulator
// does not link package testing this way.)
type TB interface {
	Helper()
	Cleanup(func())
}

// Start serves a simulator on a free port of 127.0.0.1 until the test is over. baseURL ends in BasePath.
func Start(t TB, opts Options) (sim *Server, baseURL string) {
	t.Helper()
	sim = New(opts)
	server := httptest.NewServer(sim)
	t.Cleanup(func() {
		server.CloseClientConnections() // ends the requests that a long latency still holds
		server.Close()
	})
	return sim, server.URL + BasePath
}
