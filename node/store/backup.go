package store

import (
	"archive/tar"
	"context"
	"errors"
	"fmt"
	"io"
	"io/fs"
	"os"
	"path"
	"path/filepath"
	"regexp"
	"slices"

	"github.com/cockroachdb/pebble/v2"
	"github.com/cockroachdb/pebble/v2/vfs"
)

const (
	// backupRoom is what a backup takes on the disk beside second names of files: a copy of
	// the engine's log.
	backupRoom = memTables * memTableSize
	// backupEnd is the last file of a backup: one without it was cut short.
	backupEnd = "END"
)

// backupName is what the files of a backup may be called.
var backupName = regexp.MustCompile(`^(` + factsDir + `/)?[A-Za-z0-9][A-Za-z0-9_.-]*$`)

// backupDir is where the files of a backup are while it is written: beside the store, so
// that they need be no copies.
func backupDir(dir string) string { return dir + ".backup" }

// Backup writes the store as it is at one moment, as a tar archive of its files, which
// [Restore] takes. Writes go on meanwhile, and so does Close. It holds what was
// acknowledged before the call, and fails with ErrFull where there is no room for
// beginning it. One backup runs at a time; another one waits.
func (s *Store) Backup(ctx context.Context, w io.Writer) error {
	select {
	case s.backups <- struct{}{}:
		defer release([]lock{s.backups})
	case <-ctx.Done():
		return fmt.Errorf("backup: %w", context.Cause(ctx))
	}
	aside := backupDir(s.dir)
	defer s.guard.FS.RemoveAll(aside) // what stays is lost space, until the next backup
	if err := s.setAside(ctx, aside); err != nil {
		return fmt.Errorf("backup: %w", err)
	}
	if err := writeBackup(ctx, s.guard.FS, aside, w); err != nil {
		return fmt.Errorf("backup: %w", err)
	}
	return nil
}

// setAside gives the store's files second names in a folder. What the check file promises
// is read first, and the facts come last, so that there is at least that.
func (s *Store) setAside(ctx context.Context, aside string) error {
	if err := s.SyncFacts(ctx); err != nil {
		return err
	}
	if err := s.enter(); err != nil {
		return err
	}
	defer s.gate.leave()
	if err := s.space.admit(backupRoom, true); err != nil {
		return err
	}
	if err := s.guard.FS.RemoveAll(aside); err != nil {
		return err
	}
	c := check{batch: s.synced.Load(), facts: uint64(s.facts.durable.Load())}
	if err := s.eng.Checkpoint(aside, pebble.WithFlushedWAL()); err != nil {
		return err
	}
	if err := writeFile(s.guard.FS, s.guard.FS.PathJoin(aside, checkFile), c.encode()); err != nil {
		return err
	}
	return s.facts.log.LinkTo(s.guard.FS, s.guard.FS.PathJoin(aside, factsDir))
}

func writeFile(disk vfs.FS, name string, b []byte) error {
	f, err := disk.Create(name, vfs.WriteCategoryUnspecified)
	if err != nil {
		return err
	}
	_, err = f.Write(b)
	return errors.Join(err, f.Close())
}

// writeBackup writes the files of a folder, and those of its folder of facts.
func writeBackup(ctx context.Context, disk vfs.FS, dir string, w io.Writer) error {
	archive := tar.NewWriter(w)
	for _, sub := range []string{"", factsDir} {
		names, err := disk.List(disk.PathJoin(dir, sub))
		if err != nil {
			return err
		}
		slices.Sort(names)
		for _, name := range names {
			if name = path.Join(sub, name); name == factsDir {
				continue
			}
			if err := writeBackupFile(ctx, archive, disk, disk.PathJoin(dir, filepath.FromSlash(name)), name); err != nil {
				return err
			}
		}
	}
	end := []byte("cairn/store\n")
	if err := archive.WriteHeader(&tar.Header{Name: backupEnd, Mode: 0o600, Size: int64(len(end))}); err != nil {
		return err
	}
	_, err := archive.Write(end)
	return errors.Join(err, archive.Close())
}

// writeBackupFile writes one file, as long as it is now.
func writeBackupFile(ctx context.Context, archive *tar.Writer, disk vfs.FS, at, name string) error {
	f, err := disk.Open(at)
	if err != nil {
		return err
	}
	defer f.Close()
	info, err := f.Stat()
	if err != nil {
		return err
	}
	if err := archive.WriteHeader(&tar.Header{Name: name, Mode: 0o600, Size: info.Size(), ModTime: info.ModTime()}); err != nil {
		return err
	}
	_, err = io.CopyN(archive, interrupted{f, ctx}, info.Size())
	return err
}

// interrupted is a reader that ends with a context.
type interrupted struct {
	io.Reader
	ctx context.Context
}

func (r interrupted) Read(p []byte) (int, error) {
	if r.ctx.Err() != nil {
		return 0, context.Cause(r.ctx)
	}
	return r.Reader.Read(p)
}

// Restore makes the store in dir, which must not be there yet, out of a backup, once all
// that is in it was read and verified. It fails with ErrCorrupt where the backup is cut
// short or damaged, and with ErrNewerFormat where a newer version wrote it; then nothing
// is left behind.
func Restore(ctx context.Context, dir string, backup io.Reader, opts Options) (Report, error) {
	if _, err := os.Lstat(dir); !errors.Is(err, fs.ErrNotExist) {
		return Report{}, fmt.Errorf("restore: %s: %w", dir, fs.ErrExist)
	}
	made, err := unpack(ctx, dir+".restore", backup, opts)
	if err == nil {
		err = errors.Join(os.Rename(dir+".restore", dir), syncDir(filepath.Dir(dir)))
	}
	if err != nil {
		return made, errors.Join(fmt.Errorf("restore: %w", err), os.RemoveAll(dir+".restore"))
	}
	return made, nil
}

// VerifyBackup reads and verifies all of a backup. It needs as much room as the backup
// has, in the folder scratch, which is removed afterwards.
func VerifyBackup(ctx context.Context, scratch string, backup io.Reader, opts Options) (Report, error) {
	found, err := unpack(ctx, scratch, backup, opts)
	if err = errors.Join(err, os.RemoveAll(scratch)); err != nil {
		return found, fmt.Errorf("verify: %w", err)
	}
	return found, nil
}

// unpack writes the files of a backup into an empty folder, and verifies that they are a
// whole store.
func unpack(ctx context.Context, dir string, backup io.Reader, opts Options) (Report, error) {
	if err := errors.Join(os.RemoveAll(dir), os.MkdirAll(filepath.Join(dir, factsDir), 0o700)); err != nil {
		return Report{}, err
	}
	archive := tar.NewReader(interrupted{backup, ctx})
	for {
		h, err := archive.Next()
		if ctx.Err() != nil {
			return Report{}, context.Cause(ctx)
		}
		if errors.Is(err, io.EOF) || errors.Is(err, io.ErrUnexpectedEOF) || errors.Is(err, tar.ErrHeader) {
			return Report{}, fmt.Errorf("%w: the backup is cut short, or none: %w", ErrCorrupt, err)
		}
		if err != nil { // whoever gives it says why
			return Report{}, err
		}
		if h.Name == backupEnd {
			if _, err := io.Copy(io.Discard, interrupted{backup, ctx}); err != nil {
				return Report{}, err
			}
			break
		}
		if h.Typeflag != tar.TypeReg || !backupName.MatchString(h.Name) {
			return Report{}, fmt.Errorf("%w: a backup has no file %.100q", ErrCorrupt, h.Name)
		}
		if err := unpackFile(filepath.Join(dir, filepath.FromSlash(h.Name)), archive); err != nil {
			return Report{}, err
		}
	}
	s, err := Open(dir, opts)
	if err != nil {
		return Report{}, err
	}
	found, err := s.Verify(ctx)
	if err = errors.Join(err, s.Close()); err == nil && found.Damaged > 0 {
		err = fmt.Errorf("%w: %d values do not verify", ErrCorrupt, found.Damaged)
	}
	return found, err
}

func unpackFile(name string, from io.Reader) error {
	f, err := os.OpenFile(name, os.O_WRONLY|os.O_CREATE|os.O_EXCL, 0o600)
	if err != nil {
		return err
	}
	_, err = io.Copy(f, from)
	if errors.Is(err, io.ErrUnexpectedEOF) {
		err = fmt.Errorf("%w: the backup is cut short", ErrCorrupt)
	}
	return errors.Join(err, f.Sync(), f.Close())
}

func syncDir(name string) error {
	d, err := vfs.Default.OpenDir(name)
	if err != nil {
		return err
	}
	return errors.Join(d.Sync(), d.Close())
}
