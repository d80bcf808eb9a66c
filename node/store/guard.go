package store

import (
	"errors"
	"io"
	"os"
	"path/filepath"
	"strings"
	"sync"
	"sync/atomic"
	"syscall"
	"time"

	"github.com/cockroachdb/pebble/v2/vfs"
)

const (
	// retryPause slows the engine down where a write fails that it tries again at
	// once: it has no backoff of its own.
	retryPause = 100 * time.Millisecond
	// maxFailures is how many table writes may fail in a row, for another reason
	// than want of room, before the disk is given up; about three seconds.
	maxFailures = 30
	// settleTime is how long a freeze waits for writes that are under way.
	settleTime = time.Second
)

// guard is the file system that the engine sees. It stands between the engine and
// its ways of ending the process: on a failed write to the log, the engine panics
// while its mutexes are in disorder, which cannot be recovered from. So a failed
// write to the log or the manifest never gets back to the engine. The guard freezes
// instead: it tells the store, and parks this and every later write for ever, as if
// the power had been cut. Other failed writes, of tables, go back after a pause: the
// engine keeps the data in its log and tries again.
type guard struct {
	vfs.FS
	onFreeze func(error) // called once, by the goroutine that froze the guard
	onFull   func()      // called where the disk says that it is full
	aside    string      // below it are files of a backup: what fails there, the backup reports

	once     sync.Once
	frozen   atomic.Bool
	opening  atomic.Bool  // errors go back to the engine, which reports them from Open
	writing  atomic.Int64 // writes under way
	failures atomic.Int64 // writes that failed since a table was synced

	mu      sync.Mutex
	holding bool     // under mu: removals wait, until it is known that nothing is lost
	held    []string // under mu: what is to be removed
}

// freeze stops every write from now on. Only the first error counts.
func (g *guard) freeze(err error) {
	g.once.Do(func() {
		g.frozen.Store(true)
		g.onFreeze(err)
	})
}

// settled waits for writes that were under way when the guard froze and reports
// whether all have ended: if so, nothing touches the disk any more.
func (g *guard) settled() bool {
	for deadline := time.Now().Add(settleTime); g.writing.Load() > 0; {
		if time.Now().After(deadline) {
			return false
		}
		time.Sleep(time.Millisecond)
	}
	return true
}

// park ends a goroutine of a frozen engine without unwinding it: its deferred calls
// would unlock what it has not locked.
func park() { select {} }

// write runs one change of the disk.
func (g *guard) write(name string, change func() error) error {
	g.writing.Add(1)
	if g.frozen.Load() {
		g.writing.Add(-1)
		park()
	}
	err := change()
	g.writing.Add(-1)
	if err != nil && !(g.aside != "" && strings.HasPrefix(name, g.aside)) {
		g.failed(name, err)
	}
	return err
}

// failed decides what a failed write means; it returns where the engine may go on.
// While the store opens, the engine reports failures in good order, except that it
// tries some again without end and panics over an unsynced directory.
func (g *guard) failed(name string, err error) {
	full := errors.Is(err, syscall.ENOSPC) || errors.Is(err, syscall.EDQUOT)
	if full {
		g.onFull()
	}
	opening := g.opening.Load()
	hopeless := g.failures.Add(1) >= maxFailures && (opening || !full)
	if hopeless || isDir(name) || (vital(name) && !opening) {
		g.freeze(err)
	}
	if g.frozen.Load() {
		park()
	}
	time.Sleep(retryPause)
}

// worked ends a row of failures: a table was synced.
func (g *guard) worked(name string, err error) error {
	if err == nil && !vital(name) {
		g.failures.Store(0)
	}
	return err
}

// vital reports whether the engine cannot go on without the file: a log, a
// manifest, a marker that says which manifest counts, or a directory.
func vital(name string) bool {
	base := filepath.Base(name)
	return strings.HasSuffix(base, ".log") || strings.HasPrefix(base, "MANIFEST-") ||
		strings.HasPrefix(base, "marker.") || isDir(name)
}

// isDir reports whether name is that of a directory opened to be synced.
func isDir(name string) bool { return strings.HasSuffix(name, "/") }

// file runs a change that opens a file and guards the file.
func (g *guard) file(name string, open func() (vfs.File, error)) (f vfs.File, err error) {
	err = g.write(name, func() error {
		f, err = open()
		return err
	})
	if err != nil {
		return nil, err
	}
	return &guardedFile{File: f, g: g, name: name}, nil
}

// Create guards a new file.
func (g *guard) Create(name string, c vfs.DiskWriteCategory) (vfs.File, error) {
	return g.file(name, func() (vfs.File, error) { return g.FS.Create(name, c) })
}

// OpenReadWrite guards a file opened for writing.
func (g *guard) OpenReadWrite(name string, c vfs.DiskWriteCategory, opts ...vfs.OpenOption) (vfs.File, error) {
	return g.file(name, func() (vfs.File, error) { return g.FS.OpenReadWrite(name, c, opts...) })
}

// ReuseForWrite guards a recycled log.
func (g *guard) ReuseForWrite(old, name string, c vfs.DiskWriteCategory) (vfs.File, error) {
	return g.file(name, func() (vfs.File, error) { return g.FS.ReuseForWrite(old, name, c) })
}

// OpenDir guards a directory, which is opened to be synced.
func (g *guard) OpenDir(name string) (vfs.File, error) {
	f, err := g.FS.OpenDir(name)
	if err != nil {
		return nil, err
	}
	return &guardedFile{File: f, g: g, name: name + "/"}, nil
}

// Link guards a second name.
func (g *guard) Link(old, name string) error {
	return g.write(name, func() error { return g.FS.Link(old, name) })
}

// Remove guards the removal of a file. One that stays is only lost space.
func (g *guard) Remove(name string) error {
	if g.hold(name) {
		return nil
	}
	return g.lenient(func() error { return g.FS.Remove(name) })
}

// hold keeps a table, log or manifest from being removed while the guard holds.
func (g *guard) hold(name string) bool {
	base := filepath.Base(name)
	if !strings.HasSuffix(base, ".sst") && !strings.HasSuffix(base, ".log") && !strings.HasPrefix(base, "MANIFEST-") {
		return false
	}
	g.mu.Lock()
	defer g.mu.Unlock()
	if g.holding {
		g.held = append(g.held, name)
	}
	return g.holding
}

// release removes what was held, and holds no more.
func (g *guard) release() {
	g.mu.Lock()
	held := g.held
	g.holding, g.held = false, nil
	g.mu.Unlock()
	for _, name := range held {
		_ = g.Remove(name) // lost space at worst
	}
}

// RemoveAll guards the removal of a folder.
func (g *guard) RemoveAll(name string) error {
	return g.lenient(func() error { return g.FS.RemoveAll(name) })
}

// lenient runs a change whose failure says nothing about the disk.
func (g *guard) lenient(change func() error) error {
	g.writing.Add(1)
	defer g.writing.Add(-1)
	if g.frozen.Load() {
		return os.ErrClosed
	}
	return change()
}

// Rename guards a new name.
func (g *guard) Rename(old, name string) error {
	return g.write(name, func() error { return g.FS.Rename(old, name) })
}

// MkdirAll guards a new folder.
func (g *guard) MkdirAll(dir string, perm os.FileMode) error {
	return g.write(dir, func() error { return g.FS.MkdirAll(dir, perm) })
}

// Lock gives the engine what it asks for: the store itself holds the real lock, so
// that it can give it back also where the engine is left behind.
func (g *guard) Lock(string) (io.Closer, error) { return io.NopCloser(nil), nil }

// Unwrap returns the file system below.
func (g *guard) Unwrap() vfs.FS { return g.FS }

// guardedFile guards the changes of one file.
type guardedFile struct {
	vfs.File
	g    *guard
	name string
}

// Write guards an append.
func (f *guardedFile) Write(p []byte) (n int, err error) {
	err = f.g.write(f.name, func() error {
		n, err = f.File.Write(p)
		return err
	})
	return n, err
}

// WriteAt guards a write in the middle.
func (f *guardedFile) WriteAt(p []byte, off int64) (n int, err error) {
	err = f.g.write(f.name, func() error {
		n, err = f.File.WriteAt(p, off)
		return err
	})
	return n, err
}

// Sync guards a sync of data and metadata.
func (f *guardedFile) Sync() error {
	return f.g.worked(f.name, f.g.write(f.name, f.File.Sync))
}

// SyncData guards a sync of the data.
func (f *guardedFile) SyncData() error {
	return f.g.worked(f.name, f.g.write(f.name, f.File.SyncData))
}

// SyncTo guards a sync of the first part.
func (f *guardedFile) SyncTo(length int64) (full bool, err error) {
	err = f.g.write(f.name, func() error {
		full, err = f.File.SyncTo(length)
		return err
	})
	return full, err
}

// Preallocate reserves space for speed: the engine goes on without it.
func (f *guardedFile) Preallocate(off, length int64) error {
	return f.g.lenient(func() error { return f.File.Preallocate(off, length) })
}

// Close guards the end, where some file systems report failed writes.
func (f *guardedFile) Close() error { return f.g.write(f.name, f.File.Close) }
