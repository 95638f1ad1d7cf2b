// Command prove proves that delivery loses nothing and sends nothing twice. `make prove` builds the functions and runs it, beside an AWS
// stand-in for the part that needs one. Its parts are, each in a process of its own:
//
//	model       all orders of two workers and two messages (shared/delivery)
//	matrix      processes that end at each effect, and at every two (prove/sim)
//	simulation  100,000 schedules in which everything goes wrong (prove/sim)
//	campaigns   twelve campaigns to 10,000, planned, fed and sent while everything goes wrong (prove/sim)
//	properties  ledger, pace and back-off by random tests, and the ledger's histories (shared)
//	kills       the built worker and api, ended by SIGKILL 200 and 100 times (prove/kill)
//	mutants     guards taken away one by one (prove/mutants)
//
// The last line sums up what they counted. Name parts to run these alone.
package main

import (
	"context"
	"errors"
	"fmt"
	"os"
	"os/exec"
	"os/signal"
	"path/filepath"
	"slices"
	"strconv"
	"strings"
	"sync"
	"syscall"
	"time"

	"dmlysender/prove/tally"
)

// part is one part of the proof: commands that run at the same time.
type part struct {
	name     string
	commands []command
	// countless says that it has nothing to count.
	countless bool
}

type command struct {
	args []string
	env  []string
}

var goTest = []string{"go", "test", "-count=1", "-timeout=40m"}

func test(pattern string, packages ...string) []string {
	return append(append(slices.Clone(goTest), "-run", pattern), packages...)
}

// checks runs all tests of a package, and each random one so many times.
func checks(of string, times int) []string {
	return append(slices.Clone(goTest), of, "-rapid.checks="+strconv.Itoa(times), "-rapid.nofailfile")
}

var parts = []part{
	{name: "model", commands: []command{{args: test("^TestModel$", "./shared/delivery")}}},
	{name: "matrix", commands: []command{{args: test("^TestCrashMatrix$", "./prove/sim")}}},
	{name: "simulation", commands: []command{
		{args: test("^TestSimulation$", "./prove/sim"), env: []string{"PROVE_SHARD=0/2"}},
		{args: test("^TestSimulation$", "./prove/sim"), env: []string{"PROVE_SHARD=1/2"}},
	}},
	{name: "campaigns", commands: []command{
		{args: test("^TestCampaign(s|Matrix)$", "./prove/sim"), env: []string{"PROVE_SHARD=0/2"}},
		{args: test("^TestCampaigns$", "./prove/sim"), env: []string{"PROVE_SHARD=1/2"}},
	}},
	{name: "properties", countless: true, commands: []command{
		{args: checks("./shared/delivery", 20_000)},
		{args: checks("./shared/ledger", 2000)},
		{args: checks("./shared/ledger/dynamodb", 500)},
		{args: checks("./shared/pace", 500)},
		{args: checks("./shared/pace/internal/gcra", 20_000)},
		{args: checks("./shared/pace/dynamodb", 200)},
	}},
	{name: "kills", commands: []command{{args: []string{"e2e/with-ministack", "go", "run", "./prove/killrun", "-kills", "200", "-api-kills", "100"}}}},
	{name: "mutants", commands: []command{{args: []string{"go", "run", "./prove/mutants"}}}},
}

func partNames() string {
	names := make([]string, len(parts))
	for i, p := range parts {
		names[i] = p.name
	}
	return strings.Join(names, ", ")
}

func main() {
	ctx, stop := signal.NotifyContext(context.Background(), os.Interrupt, syscall.SIGTERM)
	err := run(ctx, os.Args[1:])
	stop()
	if err != nil {
		fmt.Fprintln(os.Stderr, "prove:", err)
		os.Exit(1)
	}
}

func run(ctx context.Context, names []string) error {
	for _, name := range names {
		if !slices.ContainsFunc(parts, func(p part) bool { return p.name == name }) {
			return fmt.Errorf("there is no part %q; there are %s", name, partNames())
		}
	}
	dir, err := os.MkdirTemp("", "prove")
	if err != nil {
		return err
	}
	defer os.RemoveAll(dir) //nolint:errcheck // it is the system's folder for such things
	file := filepath.Join(dir, "tally")
	var problems []error
	sum := tally.Counts{}
	begun := time.Now()
	for _, p := range parts {
		if len(names) > 0 && !slices.Contains(names, p.name) {
			continue
		}
		fmt.Printf("\n== %5.0fs  %s\n", time.Since(begun).Seconds(), p.name)
		if err := p.run(ctx, file); err != nil {
			problems = append(problems, fmt.Errorf("%s: %w", p.name, err))
		}
		counted, err := tally.Read(file)
		if err != nil {
			problems = append(problems, err)
		}
		if c := counted[p.name]; c != nil {
			fmt.Println(c)
			sum.Add(c)
		} else if !p.countless {
			problems = append(problems, fmt.Errorf("%s: it counted nothing", p.name))
		}
	}
	if sum["duplicates"]+sum["lost"] > 0 {
		problems = append(problems, fmt.Errorf("%d duplicates, %d lost", sum["duplicates"], sum["lost"]))
	}
	// What is wrong comes first: the last line is the sum, whatever it is.
	if err := errors.Join(problems...); err != nil {
		fmt.Printf("\nNOT PROVEN: %v\n", err)
	}
	if len(names) > 0 {
		fmt.Printf("\nprove: %s only: %s\n", strings.Join(names, ", "), sum)
		if len(problems) > 0 {
			return errors.New("something is not proven; see above")
		}
		return nil
	}
	fmt.Printf("\nprove: schedules=%d crashes=%d kills=%d faults=%d messages=%d sent=%d unknown=%d duplicates=%d lost=%d mutants=%d/%d\n",
		sum["schedules"], sum["crashes"], sum["kills"], sum["faults"], sum["messages"], sum["sent"], sum["unknown"], sum["duplicates"], sum["lost"], sum["caught"], sum["mutants"])
	if len(problems) > 0 {
		return errors.New("something is not proven; see above")
	}
	return nil
}

// run runs the commands of a part at the same time, and shows what they print, one after the other.
func (p part) run(ctx context.Context, file string) error {
	outputs, failures := make([]strings.Builder, len(p.commands)), make([]error, len(p.commands))
	var wg sync.WaitGroup
	for i, c := range p.commands {
		wg.Go(func() {
			command := exec.CommandContext(ctx, c.args[0], c.args[1:]...) //nolint:gosec // they are constants
			command.Cancel = func() error { return command.Process.Signal(os.Interrupt) }
			command.WaitDelay = time.Minute
			command.Env = append(append(os.Environ(), tally.FullVariable+"=1", tally.FileVariable+"="+file), c.env...)
			command.Stdout, command.Stderr = &outputs[i], &outputs[i]
			if i == 0 {
				command.Stdout, command.Stderr = os.Stdout, os.Stdout
			}
			failures[i] = command.Run()
		})
	}
	wg.Wait()
	for i := range outputs {
		fmt.Print(outputs[i].String())
	}
	return errors.Join(failures...)
}
