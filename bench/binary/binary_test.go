package binary_test

import (
	"path/filepath"
	"strings"
	"testing"

	"dmlysender/bench/binary"
)

func TestAFolderBecomesABinary(t *testing.T) {
	t.Parallel()
	size, err := binary.Build(t.Context(), "./bench/startup/hello", filepath.Join(t.TempDir(), "hello"))
	if err != nil {
		t.Fatal(err)
	}
	if size < 1e6 || size > 10e6 {
		t.Errorf("got a binary of %d bytes", size)
	}
}

func TestAFolderThatDoesNotBuildIsNamed(t *testing.T) {
	t.Parallel()
	_, err := binary.Build(t.Context(), "./bench/absent", filepath.Join(t.TempDir(), "absent"))
	if err == nil || !strings.Contains(err.Error(), "build ./bench/absent:") || !strings.Contains(err.Error(), "directory not found") {
		t.Errorf("got %v, want an error that names the folder and says what go said", err)
	}
}
