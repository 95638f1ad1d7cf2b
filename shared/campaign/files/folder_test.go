package files_test

import (
	"errors"
	"os"
	"path/filepath"
	"syscall"
	"testing"

	"dmlysender/shared/campaign"
	"dmlysender/shared/campaign/files"
	"dmlysender/shared/campaign/files/filestest"
)

func open(t *testing.T, dir string) *files.Folder {
	t.Helper()
	f, err := files.Open(dir)
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { _ = f.Close() })
	return f
}

func TestAFolderHoldsFiles(t *testing.T) {
	t.Parallel()
	filestest.Run(t, func(t *testing.T) campaign.Files {
		t.Helper()
		return open(t, filepath.Join(t.TempDir(), "not yet there"))
	})
}

func TestNoSymbolicLinkLeadsOutOfTheFolder(t *testing.T) {
	t.Parallel()
	outside, inside := t.TempDir(), t.TempDir()
	secret := filepath.Join(outside, "secret.csv")
	if err := os.WriteFile(secret, []byte("secret"), 0o600); err != nil {
		t.Fatal(err)
	}
	for name, target := range map[string]string{"file.csv": secret, "dir": outside, "up": "../" + filepath.Base(outside)} {
		if err := os.Symlink(target, filepath.Join(inside, name)); err != nil {
			t.Fatal(err)
		}
	}
	f := open(t, inside)
	for _, name := range []string{"file.csv", "dir/secret.csv", "up/secret.csv"} {
		if file, err := f.Open(t.Context(), name); err == nil {
			_ = file.Close()
			t.Errorf("Open(%q) leads outside", name)
		}
		if part, err := f.Range(t.Context(), name, 0, 9); err == nil {
			t.Errorf("Range(%q) leads outside: %q", name, part)
		}
	}
	for _, name := range []string{"dir/new.csv", "up/new.csv"} {
		w, err := f.Create(t.Context(), name)
		if err == nil {
			err = w.Commit(t.Context())
		}
		if err == nil {
			t.Errorf("Create(%q) leads outside", name)
		}
	}
	if entries, err := os.ReadDir(outside); err != nil || len(entries) != 1 {
		t.Errorf("outside there are %v, %v", entries, err)
	}
}

func TestWhatIsNoPlainFileIsNotThere(t *testing.T) {
	t.Parallel()
	dir := t.TempDir()
	if err := syscall.Mkfifo(filepath.Join(dir, "pipe.csv"), 0o600); err != nil {
		t.Fatal(err)
	}
	if err := os.Mkdir(filepath.Join(dir, "folder.csv"), 0o700); err != nil {
		t.Fatal(err)
	}
	f := open(t, dir)
	for _, name := range []string{"pipe.csv", "folder.csv"} {
		if _, err := f.Open(t.Context(), name); !errors.Is(err, campaign.ErrNoFile) {
			t.Errorf("%s: got %v, want %v", name, err, campaign.ErrNoFile)
		}
	}
}

func TestNothingUnfinishedStaysBehind(t *testing.T) {
	t.Parallel()
	dir := t.TempDir()
	f := open(t, dir)
	for _, end := range []func(w campaign.Writer){
		func(w campaign.Writer) { w.Abort() },
		func(w campaign.Writer) { _ = w.Commit(t.Context()) },
	} {
		w, err := f.Create(t.Context(), "a")
		if err != nil {
			t.Fatal(err)
		}
		end(w)
	}
	if left, err := os.ReadDir(filepath.Join(dir, ".unfinished")); err != nil || len(left) > 0 {
		t.Errorf("there are %v, %v", left, err)
	}
}
