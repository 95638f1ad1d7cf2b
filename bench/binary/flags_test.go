package binary

import (
	"os"
	"path/filepath"
	"strings"
	"testing"
)

// What is measured is built as what is deployed.
func TestTheFlagsAreThoseOfTheMakefile(t *testing.T) {
	t.Parallel()
	root, err := ModuleRoot(t.Context())
	if err != nil {
		t.Fatal(err)
	}
	makefile, err := os.ReadFile(filepath.Join(root, "Makefile"))
	if err != nil {
		t.Fatal(err)
	}
	_, after, found := strings.Cut(string(makefile), "\ngoBuild = ")
	line, _, _ := strings.Cut(after, "\n")
	if !found {
		t.Fatal("the Makefile has no goBuild any more")
	}
	line = strings.NewReplacer("'", "", " GOOS=linux GOARCH=$(goarch)", "").Replace(line)
	if want := strings.Join(settings, " ") + " go " + strings.Join(flags, " ") + " -tags " + strings.Join(tags, ","); line != want {
		t.Errorf("make build has\n%s\nand what is measured\n%s", line, want)
	}
}
