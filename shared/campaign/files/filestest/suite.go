// Package filestest is the suite that all [campaign.Files] pass. Only tests import it.
package filestest

import (
	"bytes"
	"context"
	"errors"
	"io"
	"strconv"
	"strings"
	"sync"
	"testing"

	"dmlysender/shared/campaign"
)

// Run runs the suite. open returns files of which there are none.
func Run(t *testing.T, open func(t *testing.T) campaign.Files) {
	t.Helper()
	for name, test := range map[string]func(*testing.T, campaign.Files){
		"reads what was written":                 readsBack,
		"shows nothing before it is whole":       showsNothingEarly,
		"forgets what is given up":               forgets,
		"replaces a file as a whole":             replaces,
		"tells a changed file by its version":    tellsVersions,
		"reads parts":                            readsParts,
		"writes a file larger than its memory":   writesLarge,
		"says that there is no file":             saysMissing,
		"lets no name lead elsewhere":            refusesNames,
		"does nothing once its context is ended": heedsContext,
		"one of many writers of a name wins":     oneWins,
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			test(t, open(t))
		})
	}
}

func write(t *testing.T, f campaign.Files, name string, parts ...string) {
	t.Helper()
	w, err := f.Create(t.Context(), name)
	if err != nil {
		t.Fatal(err)
	}
	for _, part := range parts {
		if n, err := io.WriteString(w, part); err != nil || n != len(part) {
			t.Fatalf("wrote %d, %v", n, err)
		}
	}
	if err := w.Commit(t.Context()); err != nil {
		t.Fatal(err)
	}
	w.Abort() // as a deferred one does
}

func read(t *testing.T, f campaign.Files, name string) (content, version string) {
	t.Helper()
	file, err := f.Open(t.Context(), name)
	if err != nil {
		t.Fatal(err)
	}
	all, err := io.ReadAll(file)
	if err = errors.Join(err, file.Close()); err != nil {
		t.Fatal(err)
	}
	if file.Size != int64(len(all)) || file.Version == "" {
		t.Errorf("%s: it says %d bytes, version %q, and has %d", name, file.Size, file.Version, len(all))
	}
	return string(all), file.Version
}

func absent(t *testing.T, f campaign.Files, name string) {
	t.Helper()
	if file, err := f.Open(t.Context(), name); !errors.Is(err, campaign.ErrNoFile) {
		t.Errorf("Open(%q): got %+v, %v, want %v", name, file, err, campaign.ErrNoFile)
	}
	if part, err := f.Range(t.Context(), name, 0, 1); !errors.Is(err, campaign.ErrNoFile) {
		t.Errorf("Range(%q): got %q, %v, want %v", name, part, err, campaign.ErrNoFile)
	}
}

func readsBack(t *testing.T, f campaign.Files) {
	t.Helper()
	for name, parts := range map[string][]string{
		"audiences/spring.csv":           {"phone\n", "+15551230001\n"},
		"audiences/ein Name – größer.gz": {"\x00\xff"},
		"audiences/a+b&c=d?e#f%2F..x":    {"odd"},
		"campaigns/spring/1/plan.jsonl":  {"{}\n"},
		"empty":                          nil,
	} {
		write(t, f, name, parts...)
		if got, _ := read(t, f, name); got != strings.Join(parts, "") {
			t.Errorf("%s: got %q, want %q", name, got, parts)
		}
	}
}

func showsNothingEarly(t *testing.T, f campaign.Files) {
	t.Helper()
	w, err := f.Create(t.Context(), "a/b")
	if err != nil {
		t.Fatal(err)
	}
	defer w.Abort()
	if _, err := w.Write([]byte("half")); err != nil {
		t.Fatal(err)
	}
	absent(t, f, "a/b")
}

func forgets(t *testing.T, f campaign.Files) {
	t.Helper()
	large := strings.Repeat("x", 9<<20)
	for _, content := range []string{"", "half", large} {
		w, err := f.Create(t.Context(), "a/b")
		if err != nil {
			t.Fatal(err)
		}
		if _, err := io.WriteString(w, content); err != nil {
			t.Fatal(err)
		}
		w.Abort()
		w.Abort()
		absent(t, f, "a/b")
	}
}

func replaces(t *testing.T, f campaign.Files) {
	t.Helper()
	write(t, f, "a", "the first one")
	old, err := f.Open(t.Context(), "a")
	if err != nil {
		t.Fatal(err)
	}
	defer func() { _ = old.Close() }()
	write(t, f, "a", "another")
	if got, _ := read(t, f, "a"); got != "another" {
		t.Errorf("got %q", got)
	}
	if got, err := io.ReadAll(old); err != nil || string(got) != "the first one" {
		t.Errorf("what was open reads %q, %v", got, err)
	}
}

func tellsVersions(t *testing.T, f campaign.Files) {
	t.Helper()
	write(t, f, "a", "one")
	_, first := read(t, f, "a")
	if _, again := read(t, f, "a"); again != first {
		t.Errorf("unchanged, it has version %q after %q", again, first)
	}
	write(t, f, "a", "other")
	if _, second := read(t, f, "a"); second == first {
		t.Errorf("changed, it still has version %q", second)
	}
}

func readsParts(t *testing.T, f campaign.Files) {
	t.Helper()
	write(t, f, "a", "0123456789")
	for _, tt := range []struct {
		from, n int64
		want    string
	}{{0, 3, "012"}, {3, 4, "3456"}, {8, 10, "89"}, {9, 1, "9"}, {10, 1, ""}, {99, 1, ""}, {2, 0, ""}, {0, 1 << 20, "0123456789"}} {
		got, err := f.Range(t.Context(), "a", tt.from, tt.n)
		if err != nil || string(got) != tt.want {
			t.Errorf("Range(%d, %d): got %q, %v, want %q", tt.from, tt.n, got, err, tt.want)
		}
	}
	write(t, f, "nothing")
	if got, err := f.Range(t.Context(), "nothing", 0, 5); err != nil || len(got) > 0 {
		t.Errorf("of an empty file: got %q, %v", got, err)
	}
}

func writesLarge(t *testing.T, f campaign.Files) {
	t.Helper()
	const line, lines = 1 << 10, 21 << 10 // more than two parts of an upload
	w, err := f.Create(t.Context(), "large")
	if err != nil {
		t.Fatal(err)
	}
	defer w.Abort()
	row := bytes.Repeat([]byte("x"), line)
	for i := range lines {
		copy(row, strconv.Itoa(i)+" ")
		if _, err := w.Write(row); err != nil {
			t.Fatal(err)
		}
	}
	if err := w.Commit(t.Context()); err != nil {
		t.Fatal(err)
	}
	for _, at := range []int64{0, 5<<10 - 1, 8 << 10, lines - 1} {
		want := strconv.FormatInt(at, 10) + " "
		if got, err := f.Range(t.Context(), "large", at*line, int64(len(want))); err != nil || string(got) != want {
			t.Errorf("line %d begins %q, %v", at, got, err)
		}
	}
	if got, _ := read(t, f, "large"); len(got) != line*lines {
		t.Errorf("it has %d bytes, want %d", len(got), line*lines)
	}
}

func saysMissing(t *testing.T, f campaign.Files) {
	t.Helper()
	write(t, f, "a/b", "x")
	for _, name := range []string{"b", "a", "a/b/c", "a/c", "A/B", "a/b.jsonl"} {
		absent(t, f, name)
	}
}

func refusesNames(t *testing.T, f campaign.Files) {
	t.Helper()
	for _, name := range []string{
		"", "/", "/etc/passwd", "..", "../x", "a/../../x", "a/..", "a/./b", ".", ".hidden", "a/.hidden", "a//b", "a/", "//a", `a\b`, `..\x`,
		`C:\x`, "a\x00b", "a\nb", "a\x7f", "a\xffb", strings.Repeat("a", 901),
	} {
		_, openErr := f.Open(t.Context(), name)
		_, rangeErr := f.Range(t.Context(), name, 0, 1)
		w, createErr := f.Create(t.Context(), name)
		if w != nil {
			w.Abort()
		}
		for _, err := range []error{openErr, rangeErr, createErr} {
			if !errors.Is(err, campaign.ErrName) {
				t.Errorf("%q: got %v, want %v", name, err, campaign.ErrName)
			}
		}
	}
}

func heedsContext(t *testing.T, f campaign.Files) {
	t.Helper()
	write(t, f, "a", "one")
	w, err := f.Create(t.Context(), "a")
	if err != nil {
		t.Fatal(err)
	}
	defer w.Abort()
	if _, err := w.Write([]byte("two")); err != nil {
		t.Fatal(err)
	}
	ended, cancel := context.WithCancel(t.Context())
	cancel()
	if err := w.Commit(ended); !errors.Is(err, context.Canceled) {
		t.Errorf("Commit: got %v", err)
	}
	if _, err := f.Open(ended, "a"); !errors.Is(err, context.Canceled) {
		t.Errorf("Open: got %v", err)
	}
	if _, err := f.Range(ended, "a", 0, 1); !errors.Is(err, context.Canceled) {
		t.Errorf("Range: got %v", err)
	}
	if got, _ := read(t, f, "a"); got != "one" {
		t.Errorf("then it reads %q", got)
	}
}

func oneWins(t *testing.T, f campaign.Files) {
	t.Helper()
	const writers = 4
	content := func(n int) string { return strings.Repeat(strconv.Itoa(n), 1000+n) }
	var wg sync.WaitGroup
	for n := range writers {
		wg.Go(func() {
			w, err := f.Create(t.Context(), "race")
			if err != nil {
				t.Error(err)
				return
			}
			defer w.Abort()
			if _, err := io.WriteString(w, content(n)); err != nil {
				t.Error(err)
			}
			if err := w.Commit(t.Context()); err != nil {
				t.Error(err)
			}
		})
	}
	wg.Wait()
	got, _ := read(t, f, "race")
	for n := range writers {
		if got == content(n) {
			return
		}
	}
	t.Errorf("it is none of them: %d bytes", len(got))
}
