// Package binary builds what is measured: functions as they are deployed, but for this machine.
package binary

import (
	"bytes"
	"context"
	"errors"
	"fmt"
	"os"
	"os/exec"
	"path/filepath"
	"runtime"
	"slices"
	"strings"
)

// flags, tags and settings are those of "make build", which a test holds.
var (
	flags    = []string{"build", "-trimpath", "-buildvcs=false", "-ldflags", "-s -w -buildid="}
	tags     = []string{"lambda.norpc", "nethttpomithttp2"}
	settings = []string{"CGO_ENABLED=0", "GOAMD64=v1", "GOARM64=v8.0"}
)

// Build builds a folder of this repository, such as "./functions/worker", into path with the flags of "make build" and further build tags,
// and returns the size of the result in bytes.
func Build(ctx context.Context, folder, path string, further ...string) (size int64, err error) {
	root, err := ModuleRoot(ctx)
	if err != nil {
		return 0, err
	}
	arguments := slices.Concat(flags, []string{"-tags", strings.Join(slices.Concat(tags, further), ","), "-o", path, folder})
	//nolint:gosec // The arguments are this repository's own.
	command := exec.CommandContext(ctx, "go", arguments...)
	command.Dir = root
	command.Env = append(append(os.Environ(), settings...), "GOOS="+runtime.GOOS, "GOARCH="+runtime.GOARCH)
	if out, err := command.CombinedOutput(); err != nil {
		return 0, fmt.Errorf("build %s: %w\n%s", folder, err, bytes.TrimSpace(out))
	}
	info, err := os.Stat(path)
	if err != nil {
		return 0, fmt.Errorf("build %s: %w", folder, err)
	}
	return info.Size(), nil
}

// ModuleRoot returns the folder with the repository's go.mod, so that a program runs from any folder of it.
func ModuleRoot(ctx context.Context) (string, error) {
	out, err := exec.CommandContext(ctx, "go", "env", "GOMOD").Output()
	if err != nil {
		return "", fmt.Errorf("find the repository: go env GOMOD: %w", err)
	}
	file := string(bytes.TrimSpace(out))
	if file == "" || file == os.DevNull {
		return "", errors.New("find the repository: run this from one of its folders")
	}
	return filepath.Dir(file), nil
}
