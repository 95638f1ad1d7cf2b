package audience_test

import (
	"bytes"
	"compress/gzip"
	"errors"
	"fmt"
	"io"
	"os"
	"os/exec"
	"strings"
	"testing"
	"testing/iotest"

	"dmlysender/shared/campaign/audience"
)

// endless are files that are far larger than memory, made while they are read.
var endless = map[string]struct {
	format audience.Format
	file   func() io.Reader
	want   string
}{
	"a quoted cell of 10 GB": {audience.CSV, func() io.Reader { return endlessly("phone,name\n+1,\"", "x", "\"\n+2,Bob\n", 10e9) }, "it has more than 8 GiB; "},
	"one that ends":          {audience.CSV, func() io.Reader { return endlessly("phone,name\n+1,\"", "x", "\"\n+2,Bob\n", 1e9) }, "rows: 2"},
	"one of many lines":      {audience.CSV, func() io.Reader { return endlessly("phone,name\n+1,\"", long+"\n", "", 3e8) }, "a quote that opens in the row at line 2 "},
	"one line of commas":     {audience.CSV, func() io.Reader { return endlessly("phone,name\n+1", ","+long, "\n+2,Bob\n", 3e8) }, "rows: 2"},
	"an endless header":      {audience.CSV, func() io.Reader { return endlessly("phone", ","+long, "\n+2,Bob\n", 3e8) }, "its header, in line 1, cannot be read: it has "},
	"a string of 1 GB":       {audience.JSONL, func() io.Reader { return endlessly(`{"phone":"`, "x", "\"}\n{\"phone\":\"+1\"}", 1e9) }, "rows: 2"},
	"nothing but brackets":   {audience.JSONL, func() io.Reader { return endlessly(`{"phone":`, "{", "", 3e8) }, "rows: 1"},
	"a gzip bomb":            {audience.CSV, bomb, "its gzip data expands to more than 1000 times its size, "},
}

var long = strings.Repeat("x", 127)

// child is the variable that has the test's binary read one of them instead.
const child = "READ_ENDLESS_FILE"

func TestMain(m *testing.M) {
	if name := os.Getenv(child); name != "" {
		rows, err := read(endless[name].file(), endless[name].format, audience.Limits{}, "phone")
		if e, ok := errors.AsType[*audience.Error](err); ok {
			fmt.Println(e.Reason)
		} else {
			fmt.Printf("rows: %d %v\n", len(rows), err)
		}
		status, err := os.ReadFile("/proc/self/status")
		if err != nil {
			fmt.Println(err)
		}
		fmt.Println(string(status))
		return
	}
	os.Exit(m.Run())
}

// The kernel's own count, which only Linux has, of a process that does nothing else: what Go holds and has not given back is in it.
func TestEndlessFilesTakeLittleMemory(t *testing.T) {
	t.Parallel()
	const most = 64 << 10 // KB
	for name, tt := range endless {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			cmd := exec.CommandContext(t.Context(), os.Args[0])
			cmd.Env = append(os.Environ(), child+"="+name)
			out, err := cmd.CombinedOutput()
			if err != nil {
				t.Fatalf("%v: %s", err, out)
			}
			if !strings.HasPrefix(string(out), tt.want) {
				t.Errorf("got %.200q, want %q", out, tt.want)
			}
			_, peak, found := strings.Cut(string(out), "VmHWM:")
			var kb int
			if _, err := fmt.Sscan(peak, &kb); !found || err != nil {
				t.Fatalf("the kernel does not tell the peak of a process: %s", out)
			}
			if kb > most {
				t.Errorf("took %d KB, want at most %d", kb, most)
			}
		})
	}
}

// endlessly is begin, then pattern again and again up to n bytes, then end.
func endlessly(begin, pattern, end string, n int64) io.Reader {
	return io.MultiReader(strings.NewReader(begin), io.LimitReader(&again{pattern: []byte(strings.Repeat(pattern, 64<<10/len(pattern)))}, n), strings.NewReader(end))
}

type again struct {
	pattern []byte
	at      int
}

func (a *again) Read(b []byte) (int, error) {
	n := copy(b, a.pattern[a.at:])
	a.at = (a.at + n) % len(a.pattern)
	return n, nil
}

// bomb is gzip data without end, each kilobyte of which expands to a megabyte.
func bomb() io.Reader {
	var member bytes.Buffer
	zip := gzip.NewWriter(&member)
	_, err := io.Copy(zip, endlessly("phone,name\n", "x", "", 4<<20))
	if err == nil {
		err = zip.Close()
	}
	if err != nil {
		return iotest.ErrReader(err)
	}
	return &again{pattern: member.Bytes()}
}
