package main

import (
	"os"
	"path/filepath"
	"strings"
	"testing"
)

func TestReportCountsTestsAndNamesTheSkipped(t *testing.T) {
	t.Parallel()
	for name, test := range map[string]struct{ events, want string }{
		"all passed": {
			`{"Action":"run","Package":"p","Test":"TestA"}
			{"Action":"output","Package":"p","Test":"TestA","Output":"what nobody needs\n"}
			{"Action":"pass","Package":"p","Test":"TestA"}
			{"Action":"output","Package":"p","Output":"PASS\n"}
			{"Action":"output","Package":"p","Output":"ok  \tp\t1s\n"}
			{"Action":"output","Package":"q","Output":"?   \tq\t[no test files]\n"}`,
			"ok  \tp\t1s\n" + "e2e: 1 tests ran, 0 skipped\n",
		},
		"one was skipped": {
			`{"Action":"run","Package":"p","Test":"TestA"}
			{"Action":"output","Package":"p","Test":"TestA","Output":"=== RUN   TestA\n"}
			{"Action":"output","Package":"p","Test":"TestA","Output":"    a_test.go:7: no Docker\n"}
			{"Action":"output","Package":"p","Test":"TestA","Output":"--- SKIP: TestA (0.00s)\n"}
			{"Action":"skip","Package":"p","Test":"TestA"}`,
			"SKIPPED TestA: a_test.go:7: no Docker\n" + "e2e: 0 tests ran, 1 skipped\n",
		},
		"one failed, one passed": {
			`{"Action":"run","Package":"p","Test":"TestA"}
			{"Action":"run","Package":"p","Test":"TestB"}
			{"Action":"output","Package":"p","Test":"TestA","Output":"a_test.go:7: got 1, want 2\n"}
			{"Action":"output","Package":"p","Test":"TestB","Output":"fine\n"}
			{"Action":"pass","Package":"p","Test":"TestB"}
			{"Action":"fail","Package":"p","Test":"TestA"}`,
			"a_test.go:7: got 1, want 2\n" + "e2e: 2 tests ran, 0 skipped, 1 FAILED\n",
		},
		"one was killed": {
			`{"Action":"run","Package":"p","Test":"TestA"}
			{"Action":"output","Package":"p","Test":"TestA","Output":"half done\n"}
			{"Action":"output","Package":"p","Output":"signal: killed\n"}
			{"Action":"fail","Package":"p"}`,
			"signal: killed\n" + "half done\n" + "e2e: 0 tests ran, 0 skipped, 1 did NOT END\n",
		},
		"it was not built": {
			`{"Action":"build-output","ImportPath":"p","Output":"a_test.go:7:2: undefined: x\n"}
			what is no event`,
			"a_test.go:7:2: undefined: x\n" + "what is no event\n" + "e2e: 0 tests ran, 0 skipped\n",
		},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			var out strings.Builder
			all := newTally(&out)
			for line := range strings.Lines(strings.ReplaceAll(test.events, "\t\t\t", "") + "\n") {
				all.add([]byte(line))
			}
			all.end("e2e")
			if got := out.String(); got != test.want {
				t.Errorf("got:\n%s\nwant:\n%s", got, test.want)
			}
		})
	}
}

func TestReportExitsAsItsCommandDoesAndRemovesItsFiles(t *testing.T) {
	t.Parallel()
	for name, test := range map[string]struct {
		command []string
		want    int
	}{
		"success":           {[]string{"sh", "-c", `touch "$TMPDIR/left"; echo "$TMPDIR"`}, 0},
		"failure":           {[]string{"sh", "-c", `touch "$TMPDIR/left"; echo "$TMPDIR"; exit 3`}, 3},
		"ended by a signal": {[]string{"sh", "-c", `touch "$TMPDIR/left"; echo "$TMPDIR"; kill -9 $$`}, 1},
		"no such command":   {[]string{"/nonexistent/command"}, 127},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			var out strings.Builder
			if got := run("e2e", test.command, &out); got != test.want {
				t.Errorf("got %d, want %d", got, test.want)
			}
			folder, _, _ := strings.Cut(out.String(), "\n")
			if _, err := os.Stat(filepath.Join(folder, "left")); test.want != 127 && !os.IsNotExist(err) {
				t.Errorf("the folder %s stays: %v", folder, err)
			}
		})
	}
}
