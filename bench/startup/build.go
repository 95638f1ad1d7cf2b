package main

import (
	"bytes"
	"context"
	"errors"
	"fmt"
	"os"
	"os/exec"
	"path/filepath"
	"runtime"
)

// binary is a function that was built, with a hello world of its own: what is started more often is warmer in the processor's caches,
// so both files must be started equally often.
type binary struct {
	path, hello     string
	size, helloSize int64 // Bytes.
}

// build builds every function among the subjects once, into dir, with the flags of "make build" but for this machine.
func build(ctx context.Context, dir string, subjects []subject) (map[string]binary, error) {
	root, err := moduleRoot(ctx)
	if err != nil {
		return nil, err
	}
	binaries := make(map[string]binary)
	for _, s := range subjects {
		if _, ok := binaries[s.function]; ok {
			continue
		}
		b := binary{path: filepath.Join(dir, s.function), hello: filepath.Join(dir, s.function+"-hello")}
		if b.size, err = goBuild(ctx, root, "./functions/"+s.function, b.path); err != nil {
			return nil, err
		}
		if b.helloSize, err = goBuild(ctx, root, "./bench/startup/hello", b.hello); err != nil {
			return nil, err
		}
		binaries[s.function] = b
	}
	return binaries, nil
}

// goBuild builds one folder into path and returns the size of the result in bytes.
func goBuild(ctx context.Context, root, folder, path string) (int64, error) {
	//nolint:gosec // The arguments are this program's own.
	command := exec.CommandContext(ctx, "go", "build", "-trimpath", "-buildvcs=false", "-tags", "lambda.norpc,nethttpomithttp2",
		"-ldflags", "-s -w -buildid=", "-o", path, folder)
	command.Dir = root
	command.Env = append(os.Environ(), "CGO_ENABLED=0", "GOOS="+runtime.GOOS, "GOARCH="+runtime.GOARCH)
	if out, err := command.CombinedOutput(); err != nil {
		return 0, fmt.Errorf("build %s: %w\n%s", folder, err, bytes.TrimSpace(out))
	}
	info, err := os.Stat(path)
	if err != nil {
		return 0, fmt.Errorf("build %s: %w", folder, err)
	}
	return info.Size(), nil
}

// moduleRoot returns the folder with the repository's go.mod, so that the program runs from any folder of it.
func moduleRoot(ctx context.Context) (string, error) {
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
