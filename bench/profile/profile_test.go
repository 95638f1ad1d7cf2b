package main

import (
	"bytes"
	"path/filepath"
	"strings"
	"testing"
	"time"

	"github.com/google/pprof/profile"
)

// sample is one of so many nanoseconds, the innermost function first.
func sample(nanoseconds int64, stack ...string) *profile.Sample {
	s := &profile.Sample{Value: []int64{1, nanoseconds}}
	for _, name := range stack {
		s.Location = append(s.Location, &profile.Location{Line: []profile.Line{{Function: &profile.Function{Name: name}}}})
	}
	return s
}

func TestTimeGoesToThePartThatItsStackNames(t *testing.T) {
	t.Parallel()
	const (
		deliver  = "dmlysender/shared/delivery.(*job).run"
		call     = "github.com/aws/aws-sdk-go-v2/service/dynamodb.(*Client).invokeOperation"
		transfer = "net/http.(*persistConn).writeLoop"
	)
	tests := []struct {
		stack []string
		want  string
	}{
		{[]string{"runtime.memclrNoHeapPointers", "runtime.gcAssistAlloc", "runtime.mallocgc", call, deliver}, "collecting memory"},
		{[]string{"runtime.copystack", "runtime.newstack", "runtime.morestack", call}, "growing stacks"},
		{[]string{"runtime.nextFreeFast", "runtime.mallocgc", call, deliver}, "allocating memory for the SDK and its signer"},
		{[]string{"runtime.mallocgc", deliver}, "allocating memory for the rest"},
		{[]string{"internal/runtime/syscall/linux.Syscall6", "os.(*File).Write", "log/slog.(*Logger).Info", deliver}, "lines in the log, metrics"},
		{[]string{"internal/runtime/syscall/linux.Syscall6", "internal/poll.(*FD).Write", transfer}, "HTTP: the kernel's sockets"},
		{[]string{"net/textproto.MIMEHeader.Get", "net/http.(*Transport).roundTrip", call, deliver}, "HTTP: net/http"},
		{[]string{"crypto/sha256.Sum256", "github.com/aws/aws-sdk-go-v2/aws/signer/v4.(*Signer).SignHTTP", call, deliver}, "the SDK: signing calls"},
		{[]string{"github.com/aws/smithy-go/middleware.(*Stack).Add", call, deliver}, "the SDK: steps of a call, its JSON"},
		{[]string{"encoding/json.Marshal", "dmlysender/shared/ledger/dynamodb.encode", deliver}, "the ledger's items"},
		{[]string{"dmlysender/shared/message.Decode", deliver}, "reading, checking and encoding the message; DMLY's answer"},
		{[]string{"encoding/json.(*Decoder).Decode", "github.com/aws/aws-lambda-go/lambda.StartWithOptions", "dmlysender/functions/internal/stack.(*Stack).Serve"}, "the event's JSON"},
		{[]string{"runtime.selectgo", deliver}, "the state table, the pace, the batch"},
		{[]string{"runtime.futex", "runtime.findRunnable", "runtime.mcall"}, "the scheduler, timers"},
	}
	for i, tt := range tests {
		took := time.Duration(i + 1)
		s := split(&profile.Profile{Sample: []*profile.Sample{sample(int64(took), tt.stack...)}})
		for n, share := range s {
			if got := parts[n].name; share != 0 && (got != tt.want || share != took) {
				t.Errorf("%v of %q went to %q, want %v to %q", share, tt.stack[0], got, took, tt.want)
			}
		}
	}
}

// What stands on the stacks changes with the SDK and with Go: the parts that take most must be found.
func TestTheWorkerIsProfiled(t *testing.T) {
	t.Parallel()
	dir := t.TempDir()
	file := filepath.Join(dir, "cpu")
	if err := take(t.Context(), filepath.Join(dir, "worker"), file, 100); err != nil {
		t.Fatal(err)
	}
	p, err := read(file)
	if err != nil {
		t.Fatal(err)
	}
	s := split(p)
	for i, part := range parts {
		if large := strings.HasPrefix(part.name, "HTTP") || strings.HasSuffix(part.name, "its JSON"); large && s[i] == 0 {
			t.Errorf("nothing went to %q", part.name)
		}
	}
	var out bytes.Buffer
	if err := s.print(&out, 1000, "a machine"); err != nil {
		t.Fatal(err)
	}
	for _, part := range parts {
		if !strings.Contains(out.String(), "\n"+part.name+" ") {
			t.Errorf("the table has no line %q:\n%s", part.name, &out)
		}
	}
}

func TestAMessageHasItsShareOfTheTime(t *testing.T) {
	t.Parallel()
	s := split(&profile.Profile{Sample: []*profile.Sample{
		sample(3_000_000, "net/http.(*Transport).roundTrip"), sample(1_000_000, "runtime.mcall"), sample(4_000_000, "net/http.(*Transport).roundTrip"),
	}})
	var out bytes.Buffer
	if err := s.print(&out, 100, "a machine"); err != nil {
		t.Fatal(err)
	}
	fields := strings.Join(strings.Fields(out.String()), " ")
	for _, want := range []string{"percent HTTP: net/http 70 88 the scheduler, timers 10 12 ", "together 80 100"} {
		if !strings.Contains(fields, want) {
			t.Errorf("got\n%s\nwant it to contain %q", &out, want)
		}
	}
}

func TestAnEmptyProfileIsNoTable(t *testing.T) {
	t.Parallel()
	var out bytes.Buffer
	if err := split(&profile.Profile{}).print(&out, 10, "a machine"); err == nil || !strings.Contains(err.Error(), "-n") {
		t.Errorf("got %v, want an error that says what to do", err)
	}
}
