package keyring

import (
	"errors"
	"fmt"
	"io"
	"io/fs"
	"os"
	"path/filepath"
	"runtime"
	"strings"
	"time"

	"github.com/cairn-overlay/cairn/internal/shell"
)

const (
	// maxFile bounds every file of a keyring, in bytes.
	maxFile = 64 << 10
	// unfinished begins the names of folders that are being written.
	unfinished = ".new-"
	// unfinishedFor is how long one may be at work.
	unfinishedFor = time.Hour
)

// makeDirs makes a folder and the missing ones above it, mode 0700, and makes their
// names durable.
func makeDirs(path string) error {
	var above []string // those that get a new name
	for at := path; ; at = filepath.Dir(at) {
		if _, err := os.Stat(at); err == nil || at == filepath.Dir(at) {
			break
		}
		above = append(above, filepath.Dir(at))
	}
	if err := os.MkdirAll(path, 0o700); err != nil {
		return err
	}
	for _, dir := range above {
		if err := syncDir(dir); err != nil {
			return err
		}
	}
	return nil
}

// taken reports whether something stands under the agent's name.
func (k *Keyring) taken(name string) bool {
	_, err := os.Lstat(filepath.Join(k.dir, name))
	return err == nil
}

// create writes an agent's folder beside its place, syncs it, and moves it there.
// Secrets that go elsewhere are written last, and taken back on error.
func (k *Keyring) create(a Agent, s secrets) (err error) {
	if err := makeDirs(k.dir); err != nil {
		return err
	}
	k.tidy()
	files, err := contents(a, s)
	if err != nil {
		return err
	}
	tmp, err := os.MkdirTemp(k.dir, unfinished)
	if err != nil {
		return err
	}
	var outside []string
	defer func() {
		if err == nil {
			return
		}
		errs := []error{err, os.RemoveAll(tmp)}
		for _, path := range outside {
			errs = append(errs, os.Remove(path))
		}
		err = errors.Join(errs...)
	}()
	for _, f := range files {
		if f.path == "" {
			if err := writeNew(filepath.Join(tmp, f.name), f.data); err != nil {
				return err
			}
		}
	}
	if err := syncDir(tmp); err != nil {
		return err
	}
	for _, f := range files {
		if f.path == "" {
			continue
		}
		if err := writeNew(f.path, f.data); err != nil {
			return err
		}
		outside = append(outside, f.path)
		if err := syncDir(filepath.Dir(f.path)); err != nil {
			return err
		}
	}
	if err := os.Rename(tmp, a.home); err != nil {
		if k.taken(a.Name) {
			return fmt.Errorf("%w: choose another name", ErrExists)
		}
		return err
	}
	return syncDir(k.dir)
}

// tidy removes what a crash left of folders that were being written: they hold keys
// of agents that never were.
func (k *Keyring) tidy() {
	left, err := filepath.Glob(filepath.Join(globSafe(k.dir), unfinished+"*"))
	if err != nil {
		return
	}
	for _, dir := range left {
		if st, err := os.Lstat(dir); err == nil && st.IsDir() && time.Since(st.ModTime()) > unfinishedFor {
			_ = os.RemoveAll(dir) // the next one tries again
		}
	}
}

// globSafe quotes a path for filepath.Glob.
func globSafe(path string) string {
	if runtime.GOOS == "windows" {
		return path // no quoting there; a bracket in the path means that nothing is tidied
	}
	return strings.NewReplacer(`\`, `\\`, `*`, `\*`, `?`, `\?`, `[`, `\[`).Replace(path)
}

// file is one file to write: into the agent's folder, or elsewhere.
type file struct {
	name string // in the agent's folder
	path string // elsewhere: absolute; empty where it goes into the folder
	data []byte
}

// writeNew writes a file of mode 0600 that did not exist, and syncs it.
func writeNew(path string, data []byte) error {
	f, err := os.OpenFile(path, os.O_CREATE|os.O_EXCL|os.O_WRONLY, 0o600)
	switch {
	case errors.Is(err, fs.ErrExist):
		return fmt.Errorf("%s %w and is not written over: move it away, or choose another path", path, ErrExists)
	case errors.Is(err, fs.ErrNotExist):
		return fmt.Errorf("folder %s: %w: make it first", filepath.Dir(path), ErrNotFound)
	case err != nil:
		return err
	}
	_, err = f.Write(data)
	if err = errors.Join(err, f.Sync(), f.Close()); err != nil {
		return errors.Join(err, os.Remove(path))
	}
	return nil
}

// syncDir makes names in a folder durable.
func syncDir(path string) error {
	if runtime.GOOS == "windows" {
		return nil // folders cannot be synced there
	}
	d, err := os.Open(path)
	if err != nil {
		return err
	}
	return errors.Join(d.Sync(), d.Close())
}

// readFile reads a regular file of at most maxFile bytes. Secret ones are refused
// where others may read them.
func readFile(path string, secret bool) ([]byte, error) {
	st, err := os.Stat(path) // before Open, which would wait for the other end of a pipe
	if err != nil {
		return nil, unreadable(path, err)
	}
	if !st.Mode().IsRegular() {
		return nil, fmt.Errorf("%s: %w: not a regular file", path, ErrMalformed)
	}
	f, err := os.Open(path)
	if err != nil {
		return nil, unreadable(path, err)
	}
	defer f.Close()
	if st, err = f.Stat(); err != nil {
		return nil, unreadable(path, err)
	}
	if mode := st.Mode().Perm(); secret && mode&0o077 != 0 && runtime.GOOS != "windows" {
		return nil, fmt.Errorf("%s (mode %04o): %w: others could have read it; run: chmod 600 %s", path, mode, ErrPermissions, shell.Word(path))
	}
	b, err := io.ReadAll(io.LimitReader(f, maxFile+1))
	if err != nil {
		return nil, unreadable(path, err)
	}
	if len(b) > maxFile {
		return nil, fmt.Errorf("%s: %w: over %d bytes", path, ErrMalformed, maxFile)
	}
	return b, nil
}

// unreadable sorts the reasons why a file gives nothing.
func unreadable(path string, err error) error {
	switch {
	case errors.Is(err, fs.ErrNotExist):
		return fmt.Errorf("%s: %w", path, ErrNotFound)
	case errors.Is(err, fs.ErrPermission):
		return fmt.Errorf("%s: %w: run this as the user who owns it (%w)", path, ErrUnreadable, err)
	}
	return fmt.Errorf("%s: %w: %w", path, ErrUnreadable, err)
}
