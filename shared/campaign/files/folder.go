// Package files keeps a campaign's files in a folder of this machine, for local use and tests. Package s3 below it keeps them
// in a bucket; both pass the suite of package filestest.
package files

import (
	"context"
	"crypto/rand"
	"errors"
	"fmt"
	"io"
	"io/fs"
	"os"
	"path"
	"strconv"
	"syscall"

	"dmlysender/shared/campaign"
)

// unfinished is where a file is until it is whole. Its name is none that anybody can ask for.
const unfinished = ".unfinished"

// Folder is a [campaign.Files] in a folder. What is outside of it cannot be reached, by no name and no symbolic link. It is
// safe for concurrent use.
type Folder struct{ root *os.Root }

var _ campaign.Files = (*Folder)(nil)

// Open returns the files below a folder, which it makes if it is missing. Close it when it is no longer used.
func Open(dir string) (*Folder, error) {
	if err := os.MkdirAll(dir, 0o700); err != nil {
		return nil, fmt.Errorf("make the folder of the audiences: %w", err)
	}
	root, err := os.OpenRoot(dir)
	if err != nil {
		return nil, fmt.Errorf("open the folder of the audiences: %w", err)
	}
	return &Folder{root}, nil
}

// Close ends the use of the folder.
func (f *Folder) Close() error { return f.root.Close() }

// Open implements [campaign.Files].
func (f *Folder) Open(ctx context.Context, name string) (campaign.File, error) {
	file, info, err := f.open(ctx, name)
	if err != nil {
		return campaign.File{}, err
	}
	version := strconv.FormatInt(info.ModTime().UnixNano(), 36) + "-" + strconv.FormatInt(info.Size(), 36)
	return campaign.File{ReadCloser: file, Version: version, Size: info.Size()}, nil
}

func (f *Folder) open(ctx context.Context, name string) (*os.File, fs.FileInfo, error) {
	if err := campaign.CheckName(name); err != nil {
		return nil, nil, err
	}
	if err := ctx.Err(); err != nil {
		return nil, nil, err
	}
	// A pipe would be waited for: what is no plain file is not opened.
	info, err := f.root.Stat(name)
	if err == nil && !info.Mode().IsRegular() {
		err = fs.ErrNotExist
	}
	var file *os.File
	if err == nil {
		file, err = f.root.Open(name)
	}
	switch {
	case errors.Is(err, fs.ErrNotExist), errors.Is(err, syscall.ENOTDIR):
		return nil, nil, fmt.Errorf("read %q: %w", name, campaign.ErrNoFile)
	case err != nil:
		return nil, nil, fmt.Errorf("read %q: %w", name, err)
	}
	return file, info, nil
}

// Range implements [campaign.Files].
func (f *Folder) Range(ctx context.Context, name string, from, n int64) ([]byte, error) {
	file, info, err := f.open(ctx, name)
	if err != nil {
		return nil, err
	}
	defer func() { _ = file.Close() }() // it was only read
	part := make([]byte, max(0, min(n, info.Size()-from)))
	read, err := file.ReadAt(part, from)
	if err != nil && !errors.Is(err, io.EOF) {
		return nil, fmt.Errorf("read %q: %w", name, err)
	}
	return part[:read], nil
}

// Create implements [campaign.Files].
func (f *Folder) Create(ctx context.Context, name string) (campaign.Writer, error) {
	if err := campaign.CheckName(name); err != nil {
		return nil, err
	}
	if err := ctx.Err(); err != nil {
		return nil, err
	}
	if err := f.root.MkdirAll(unfinished, 0o700); err != nil {
		return nil, fmt.Errorf("write %q: %w", name, err)
	}
	part := path.Join(unfinished, rand.Text())
	file, err := f.root.OpenFile(part, os.O_CREATE|os.O_EXCL|os.O_WRONLY, 0o600)
	if err != nil {
		return nil, fmt.Errorf("write %q: %w", name, err)
	}
	return &writer{root: f.root, name: name, part: part, file: file}, nil
}

// writer is a file under another name, until it gets its own.
type writer struct {
	root       *os.Root
	name, part string
	file       *os.File
	ended      bool
}

func (w *writer) Write(p []byte) (int, error) { return w.file.Write(p) }

// Commit implements [campaign.Writer].
func (w *writer) Commit(ctx context.Context) error {
	defer w.Abort()
	err := errors.Join(ctx.Err(), w.file.Sync())
	if err == nil {
		err = w.root.MkdirAll(path.Dir(w.name), 0o700)
	}
	if err == nil {
		err = w.root.Rename(w.part, w.name)
	}
	if err != nil {
		return fmt.Errorf("write %q: %w", w.name, err)
	}
	return nil
}

// Abort implements [campaign.Writer].
func (w *writer) Abort() {
	if w.ended {
		return
	}
	w.ended = true
	_ = w.file.Close()        // what was to be kept is on the disk already
	_ = w.root.Remove(w.part) // after a Commit it is gone
}
