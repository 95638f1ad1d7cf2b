package dmly_test

import (
	"errors"
	"net"
	"os"
	"strings"
	"syscall"
	"testing"

	"dmlysender/shared/dmly"
)

func TestErrorsNameNoAddresses(t *testing.T) {
	t.Parallel()
	ends := func(op string, err error) error {
		return &net.OpError{Op: op, Net: "tcp", Source: &net.TCPAddr{IP: net.IPv4(169, 254, 76, 1), Port: 45972}, Addr: &net.TCPAddr{IP: net.IPv4(192, 0, 2, 7), Port: 443}, Err: err}
	}
	for want, err := range map[string]error{
		"read: connection reset by peer":    ends("read", os.NewSyscallError("read", syscall.ECONNRESET)),
		"look up api.dmly.io: no such host": ends("dial", &net.DNSError{Err: "no such host", Name: "api.dmly.io", Server: "169.254.78.1:53"}),
		"write: broken":                     ends("write", errors.New("broken")),
		"net/http: TLS handshake timeout":   errors.New("net/http: TLS handshake timeout"),
		"dial: connection refused":          ends("dial", os.NewSyscallError("connect", syscall.ECONNREFUSED)),
	} {
		e := &dmly.UnknownError{Failure: dmly.Failure{Operation: dmly.OpWhatsAppText, Err: err}}
		if got := e.Error(); !strings.HasSuffix(got, ": "+want) || strings.Contains(got, "169.254") || strings.Contains(got, "192.0.2") {
			t.Errorf("got %q, want …: %s", got, want)
		}
		if !errors.Is(e, err) {
			t.Errorf("%s: the cause is gone", want)
		}
	}
}
