// Command mutants proves the tests: it takes away one guard of the code after the other, on a copy, and each time a named
// test has to fail. A guard whose test stays green is not guarded.
//
//	go run ./prove/mutants          all of them
//	go run ./prove/mutants lease    those with "lease" in their name
package main

import (
	"bytes"
	"context"
	"errors"
	"fmt"
	"io"
	"maps"
	"os"
	"os/exec"
	"os/signal"
	"path/filepath"
	"regexp"
	"slices"
	"strings"
	"sync"
	"sync/atomic"
	"text/tabwriter"

	"dmlysender/prove/tally"
)

func main() {
	ctx, stop := signal.NotifyContext(context.Background(), os.Interrupt)
	defer stop()
	if err := run(ctx, os.Args[1:], os.Stdout); err != nil {
		fmt.Fprintln(os.Stderr, "mutants:", err)
		os.Exit(1) //nolint:gocritic // stop only restores the signal's default
	}
}

// mutant is a guard, and the code without it.
type mutant struct {
	guard string
	file  string
	// from is the code with the guard, which stands in the file exactly once; to is what takes its place.
	from, to string
	// test is the test that has to fail, in the package.
	test, in string
}

// copies is how many mutants are tried at the same time, each in a copy of the tree: most of a try is one compiler, or one test.
const copies = 2

func run(ctx context.Context, args []string, out io.Writer) error {
	chosen := slices.DeleteFunc(slices.Clone(mutants), func(m mutant) bool { return len(args) > 0 && !strings.Contains(m.guard, args[0]) })
	dirs := make([]string, copies)
	for i := range dirs {
		dir, err := os.MkdirTemp("", "mutants")
		if err != nil {
			return err
		}
		defer os.RemoveAll(dir) //nolint:errcheck // it is the system's folder for such things
		if err := copyTree(ctx, dir); err != nil {
			return err
		}
		dirs[i] = dir
	}
	if err := sound(ctx, dirs[0], chosen); err != nil {
		return err
	}
	verdicts := tryAll(ctx, dirs, chosen)
	if ctx.Err() != nil {
		return ctx.Err()
	}
	table := tabwriter.NewWriter(out, 0, 0, 2, ' ', 0)
	fmt.Fprintln(table, "GUARD TAKEN AWAY\tTEST THAT HAS TO FAIL\t")
	caught := 0
	for i, m := range chosen {
		verdict := "caught"
		if verdicts[i] != nil {
			verdict = "NOT CAUGHT: " + verdicts[i].Error()
		} else {
			caught++
		}
		fmt.Fprintf(table, "%s\t%s\t%s\n", m.guard, m.test, verdict)
	}
	if err := table.Flush(); err != nil {
		return err
	}
	fmt.Fprintf(out, "\n%d of %d guards are tested\n", caught, len(chosen))
	if err := tally.Append("mutants", tally.Counts{"mutants": len(chosen), "caught": caught}); err != nil {
		return err
	}
	if caught != len(chosen) || len(chosen) == 0 {
		return errors.New("there are guards that no test holds")
	}
	return nil
}

// tryAll tries mutants, one at a time in each folder, and returns why each was not caught, nil if it was.
func tryAll(ctx context.Context, dirs []string, chosen []mutant) []error {
	verdicts := make([]error, len(chosen))
	var next atomic.Int64
	var trying sync.WaitGroup
	for _, dir := range dirs {
		trying.Go(func() {
			for ctx.Err() == nil {
				i := int(next.Add(1)) - 1
				if i >= len(chosen) {
					return
				}
				verdicts[i] = chosen[i].try(ctx, dir)
			}
		})
	}
	trying.Wait()
	return verdicts
}

// copyTree copies what git knows of the tree, as it stands now.
func copyTree(ctx context.Context, dir string) error {
	list, err := exec.CommandContext(ctx, "git", "ls-files", "-z", "--cached", "--others", "--exclude-standard").Output()
	if err != nil {
		return fmt.Errorf("list the files of the repository: %w", err)
	}
	for name := range strings.SplitSeq(strings.TrimRight(string(list), "\x00"), "\x00") {
		content, err := os.ReadFile(name)   //nolint:gosec // git names it
		if errors.Is(err, os.ErrNotExist) { // deleted, and not yet committed
			continue
		}
		if err != nil {
			return err
		}
		target := filepath.Join(dir, name)
		if err := os.MkdirAll(filepath.Dir(target), 0o750); err != nil {
			return err
		}
		if err := os.WriteFile(target, content, 0o600); err != nil { //nolint:gosec // it is in the copy
			return err
		}
	}
	return nil
}

// sound runs the mutants' tests with all guards in place: one that fails or hangs by itself would catch every mutant.
func sound(ctx context.Context, dir string, chosen []mutant) error {
	tests := map[string][]string{}
	for _, m := range chosen {
		tests[m.in] = append(tests[m.in], m.test)
	}
	for _, in := range slices.Sorted(maps.Keys(tests)) {
		if output, err := goTest(ctx, dir, in, tests[in]...); err != nil {
			return fmt.Errorf("test %s without a mutant: %w: %s", in, err, lastLines(output))
		}
	}
	return nil
}

// goTest runs tests in their short form, and has them count nothing: what steers the whole proof is not theirs.
func goTest(ctx context.Context, dir, in string, tests ...string) (output []byte, err error) {
	//nolint:gosec // The list has what is run.
	command := exec.CommandContext(ctx, "go", "test", "-count=1", "-timeout=120s", "-run", "^("+strings.Join(tests, "|")+")$", "./"+in)
	command.Dir = dir
	command.Env = slices.DeleteFunc(os.Environ(), func(variable string) bool { return strings.HasPrefix(variable, "PROVE_") })
	return command.CombinedOutput()
}

var failed = regexp.MustCompile(`(?m)^--- FAIL: (\w+)`)

// try takes the guard away in the copy, runs the test, and puts the guard back. An error says why the mutant was not caught.
func (m mutant) try(ctx context.Context, dir string) (err error) {
	file := filepath.Join(dir, m.file)
	original, err := os.ReadFile(file) //nolint:gosec // the list names it
	if err != nil {
		return err
	}
	if n := bytes.Count(original, []byte(m.from)); n != 1 {
		return fmt.Errorf("its code stands %d times in %s: bring the list up to date", n, m.file)
	}
	mutated := bytes.Replace(original, []byte(m.from), []byte(m.to), 1)
	if err := os.WriteFile(file, mutated, 0o600); err != nil { //nolint:gosec // it is in the copy
		return err
	}
	defer func() { err = errors.Join(err, os.WriteFile(file, original, 0o600)) }() //nolint:gosec // it is in the copy
	output, err := goTest(ctx, dir, m.in, m.test)
	switch {
	case err == nil:
		return errors.New("the test passes")
	case !bytes.Contains(output, []byte("--- FAIL: "+m.test)) && !bytes.Contains(output, []byte("panic: test timed out")):
		return fmt.Errorf("the test did not run: %s", lastLines(output))
	}
	if names := failed.FindSubmatch(output); names != nil && string(names[1]) != m.test {
		return fmt.Errorf("%s failed instead", names[1])
	}
	return nil
}

func lastLines(output []byte) string {
	const most = 400
	text := strings.TrimSpace(string(output))
	return strings.ReplaceAll(text[max(0, len(text)-most):], "\n", " | ")
}
