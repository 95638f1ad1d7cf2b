package audience_test

import (
	"bytes"
	"compress/gzip"
	"errors"
	"fmt"
	"io"
	"strings"
	"testing"
	"testing/iotest"

	"dmlysender/shared/campaign/audience"
)

// read reads a whole file. Each row is "line: value|value", with - for what it has not, and each bad one
// "line: name: reason".
func read(from io.Reader, format audience.Format, limits audience.Limits, names ...string) (rows []string, err error) {
	r, err := audience.NewReader(from, format, names, limits)
	if err != nil {
		return nil, err
	}
	for {
		row, err := r.Next()
		if errors.Is(err, io.EOF) {
			return rows, nil
		}
		if bad, ok := errors.AsType[*audience.RowError](err); ok {
			rows = append(rows, fmt.Sprintf("%d: %s: %s", bad.Line, bad.Name, bad.Reason))
			continue
		}
		if err != nil {
			return rows, err
		}
		values := make([]string, len(row.Values))
		for i, v := range row.Values {
			if values[i] = string(v); v == nil {
				values[i] = "-"
			}
		}
		rows = append(rows, fmt.Sprintf("%d: %s", row.Line, strings.Join(values, "|")))
	}
}

// readers are several ways to get the same text: a file does not always come in large pieces.
func readers(text string) map[string]io.Reader {
	return map[string]io.Reader{
		"at once":         strings.NewReader(text),
		"byte by byte":    iotest.OneByteReader(strings.NewReader(text)),
		"with its end":    iotest.DataErrReader(strings.NewReader(text)),
		"as gzip":         bytes.NewReader(zipped(text)),
		"as halved gzip":  iotest.HalfReader(bytes.NewReader(zipped(text))),
		"as gzip members": bytes.NewReader(append(zipped(text[:len(text)/2]), zipped(text[len(text)/2:])...)),
	}
}

func zipped(text string) []byte {
	var buf bytes.Buffer
	w := gzip.NewWriter(&buf)
	_, _ = io.WriteString(w, text)
	_ = w.Close()
	return buf.Bytes()
}

// sameRows compares what was read with what is wanted. A wanted row that ends in … need only begin so.
func sameRows(t *testing.T, got, want []string) {
	t.Helper()
	if len(got) != len(want) {
		t.Fatalf("got %d rows, want %d:\n%s", len(got), len(want), strings.Join(got, "\n"))
	}
	for i, w := range want {
		if begin, open := strings.CutSuffix(w, "…"); got[i] != w && (!open || !strings.HasPrefix(got[i], begin)) {
			t.Errorf("row %d: got %q, want %q", i, got[i], w)
		}
	}
}

// unusable is the sentence of an *audience.Error.
func unusable(t *testing.T, err error) string {
	t.Helper()
	e, ok := errors.AsType[*audience.Error](err)
	if !ok {
		t.Fatalf("err = %v, want an *audience.Error", err)
	}
	return e.Reason
}
