package main

import (
	"context"
	"path/filepath"

	"dmlysender/bench/binary"
)

// built is a function that was built, with a hello world of its own: what is started more often is warmer in the processor's caches,
// so both files must be started equally often.
type built struct {
	path, hello     string
	size, helloSize int64 // Bytes.
}

// build builds every function among the subjects once, into dir.
func build(ctx context.Context, dir string, subjects []subject) (map[string]built, error) {
	binaries := make(map[string]built)
	for _, s := range subjects {
		if _, ok := binaries[s.function]; ok {
			continue
		}
		b := built{path: filepath.Join(dir, s.function), hello: filepath.Join(dir, s.function+"-hello")}
		var err error
		if b.size, err = binary.Build(ctx, "./functions/"+s.function, b.path); err != nil {
			return nil, err
		}
		if b.helloSize, err = binary.Build(ctx, "./bench/startup/hello", b.hello); err != nil {
			return nil, err
		}
		binaries[s.function] = b
	}
	return binaries, nil
}
