package docs

import (
	"encoding/json"
	"os/exec"
	"regexp"
	"slices"
	"testing"
)

const dependencies = "dependencies.md"

func TestEachModuleHasItsReason(t *testing.T) {
	t.Parallel()
	out, err := exec.CommandContext(t.Context(), "go", "mod", "edit", "-json", "../go.mod").Output()
	if err != nil {
		t.Fatal(err)
	}
	var module struct {
		Require []struct {
			Path     string
			Indirect bool
		}
	}
	if err := json.Unmarshal(out, &module); err != nil {
		t.Fatal(err)
	}
	var want []string
	for _, r := range module.Require {
		if !r.Indirect {
			want = append(want, r.Path)
		}
	}
	compare(t, "Go modules", want)
}

func TestEachToolHasItsReason(t *testing.T) {
	t.Parallel()
	compare(t, "Tools", matches(t, "../Makefile", `(?m)^(\w+_VERSION) :=`))
}

func TestEachActionHasItsReason(t *testing.T) {
	t.Parallel()
	actions := matches(t, "../.github/workflows/ci.yml", `uses: (\S+)@[0-9a-f]{40} #`)
	if all := matches(t, "../.github/workflows/ci.yml", `(uses:)`); len(all) != len(actions) {
		t.Errorf("%d of %d actions are pinned to a commit, with the version beside it", len(actions), len(all))
	}
	compare(t, "Actions of the hosted workflow", actions)
}

func matches(t *testing.T, file, pattern string) []string {
	t.Helper()
	var all []string
	for _, found := range regexp.MustCompile(pattern).FindAllStringSubmatch(read(t, file), -1) {
		all = append(all, found[1])
	}
	return all
}

func compare(t *testing.T, section string, want []string) {
	t.Helper()
	slices.Sort(want)
	want = slices.Compact(want)
	if got := firstColumn(t, read(t, dependencies), section); len(want) == 0 || !slices.Equal(got, want) {
		t.Errorf("got  %v\nwant %v", got, want)
	}
}
