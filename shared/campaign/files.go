package campaign

import (
	"context"
	"errors"
	"fmt"
	"io"
	"strings"
)

var (
	// ErrNoFile says that there is no such file.
	ErrNoFile = errors.New("there is no such file")
	// ErrName says that what was asked for cannot be the name of a file.
	ErrName = errors.New("this cannot be the name of a file")
)

// Files are the audiences that users put down, and what the campaigns write: a folder, or a part of a bucket. Whoever gives
// a name reaches nothing outside of it. They are safe for concurrent use.
//
// Names are those that [CheckName] takes, with "/" between their parts; others are errors that match [ErrName].
type Files interface {
	// Open reads a file from its beginning, as it is at that moment. The error matches [ErrNoFile] if there is none.
	Open(ctx context.Context, name string) (File, error)
	// Range returns up to n bytes of a file from an offset on: fewer than n at its end, and none behind it. The error
	// matches [ErrNoFile] if there is none.
	Range(ctx context.Context, name string, from, n int64) ([]byte, error)
	// Create begins a file, which is not there before its Commit. It needs no more memory for a large one.
	Create(ctx context.Context, name string) (Writer, error)
}

// File is one that is read. It has to be closed.
type File struct {
	io.ReadCloser
	// Version is another one once the file has other content.
	Version string
	// Size is in bytes.
	Size int64
}

// Writer is a file that is being written, by one goroutine. It ends with Commit or Abort, and does nothing after that.
type Writer interface {
	io.Writer
	// Commit makes the file visible as a whole, in place of what had its name before. After an error it is not known
	// whether it is visible, but never a part of it.
	Commit(ctx context.Context) error
	// Abort forgets what was written. It does nothing after a Commit.
	Abort()
}

// maxName is how long a name may be: what S3 allows, with room for a prefix.
const maxName = 900

// CheckName returns an error that matches [ErrName] if the name could lead elsewhere than to a file below its folder, or
// would not be one everywhere: its parts are separated by "/", none of them is empty or begins with a dot, and there is
// neither a backslash nor a control character in it.
func CheckName(name string) error {
	if name == "" || len(name) > maxName || !validText(name) {
		return fmt.Errorf("%w: it has 1 to %d bytes of UTF-8, without backslashes and control characters", ErrName, maxName)
	}
	for part := range strings.SplitSeq(name, "/") {
		if part == "" || part[0] == '.' {
			return fmt.Errorf("%w: it begins and ends without a slash, and none of its parts is empty or begins with a dot", ErrName)
		}
	}
	return nil
}

func validText(name string) bool {
	return !strings.ContainsFunc(strings.ToValidUTF8(name, "\\"), func(r rune) bool { return r < ' ' || r == 0x7f || r == '\\' })
}
