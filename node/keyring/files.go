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
)

// maxFile bounds every file of a keyring, in bytes.
const maxFile = 64 << 10

// taken reports whether something stands under the agent's name.
func (k *Keyring) taken(name string) bool {
	_, err := os.Lstat(filepath.Join(k.dir, name))
	return err == nil
}

// create writes an agent's folder beside its place, syncs it, and moves it there.
// Secrets that go elsewhere are written first and taken back on error.
func (k *Keyring) create(a Agent, s secrets) (err error) {
	tmp, err := os.MkdirTemp(k.dir, ".new-")
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
	files, err := contents(a, s)
	if err != nil {
		return err
	}
	for _, f := range files {
		path := f.path
		if filepath.Dir(path) == a.home {
			path = filepath.Join(tmp, filepath.Base(path))
		}
		if err := writeNew(path, f.data); err != nil {
			return err
		}
		if filepath.Dir(path) != tmp {
			outside = append(outside, path)
			if err := syncDir(filepath.Dir(path)); err != nil {
				return err
			}
		}
	}
	if err := syncDir(tmp); err != nil {
		return err
	}
	if err := os.Rename(tmp, a.home); err != nil {
		if k.taken(a.Name) {
			return fmt.Errorf("%w: choose another name", ErrExists)
		}
		return err
	}
	return syncDir(k.dir)
}

type file struct {
	path string
	data []byte
}

// writeNew writes a file of mode 0600 that did not exist, and syncs it.
func writeNew(path string, data []byte) error {
	f, err := os.OpenFile(path, os.O_CREATE|os.O_EXCL|os.O_WRONLY, 0o600)
	if errors.Is(err, fs.ErrExist) {
		return fmt.Errorf("%s %w: it is not overwritten", path, ErrExists)
	}
	if err != nil {
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

// readBounded reads a regular file of at most maxFile bytes.
func readBounded(path string) ([]byte, error) {
	st, err := os.Stat(path)
	if err != nil {
		return nil, err
	}
	if !st.Mode().IsRegular() {
		return nil, fmt.Errorf("%s: %w: not a regular file", path, ErrMalformed)
	}
	f, err := os.Open(path)
	if err != nil {
		return nil, err
	}
	defer f.Close()
	b, err := io.ReadAll(io.LimitReader(f, maxFile+1))
	if err != nil {
		return nil, err
	}
	if len(b) > maxFile {
		return nil, fmt.Errorf("%s: %w: over %d bytes", path, ErrMalformed, maxFile)
	}
	return b, nil
}

// readSecret reads a file that nobody else may read.
func readSecret(path string) ([]byte, error) {
	st, err := os.Stat(path)
	if errors.Is(err, fs.ErrNotExist) {
		return nil, fmt.Errorf("%s: %w", path, ErrNotFound)
	}
	if err != nil {
		return nil, err
	}
	if mode := st.Mode().Perm(); mode&0o077 != 0 && runtime.GOOS != "windows" {
		return nil, fmt.Errorf("%s (mode %04o): %w: others could have read it; run: chmod 600 %s", path, mode, ErrPermissions, shellWord(path))
	}
	return readBounded(path)
}

// shellWord quotes a path for the line that a person will paste.
func shellWord(s string) string {
	if strings.Trim(s, "abcdefghijklmnopqrstuvwxyzABCDEFGHIJKLMNOPQRSTUVWXYZ0123456789/._-") == "" {
		return s
	}
	return "'" + strings.ReplaceAll(s, "'", `'\''`) + "'"
}
