package store

import (
	"context"
	"errors"
	"fmt"
	"io"
	"io/fs"
	"log/slog"
	"strconv"
	"strings"
	"syscall"
	"time"

	"github.com/cockroachdb/pebble/v2"
	"github.com/cockroachdb/pebble/v2/bloom"
	"github.com/cockroachdb/pebble/v2/vfs"
)

// What the engine may use. doc.go tells the sums.
const (
	// engineFormat is Pebble's own format, 024. It only goes up: raising it is a
	// release note, since older builds refuse the store afterwards. From 020 on, log
	// entries say what was synced before them, so that damage in the middle of a log
	// is told from a torn end. The engine raises it as it opens, before KeepFormat is
	// looked at.
	engineFormat = pebble.FormatValueSeparation
	cacheSize    = 16 << 20
	memTableSize = 4 << 20
	memTables    = 4
	maxFiles     = 256
	bloomBits    = 10
	// openReserve is what opening needs beside a copy of the log: a manifest, a new log.
	openReserve = 4*memTableSize/10 + memTableSize + 1<<20
)

// engine is Pebble on a guarded file system, behind the lock of its directory.
type engine struct {
	*pebble.DB
	guard *guard
	lock  io.Closer
}

// openEngine locks dir and opens the database in it. The store's hooks must be
// ready: they may be called before it returns.
func (s *Store) openEngine(dir string, g *guard) error {
	lock, err := lockDir(dir, g.FS)
	if err != nil {
		return err
	}
	db, err := s.tryEngine(dir, g)
	if err != nil {
		if g.settled() {
			_ = lock.Close() // the error at hand says more
		}
		return err
	}
	s.eng = &engine{DB: db, guard: g, lock: lock}
	return nil
}

// tryEngine opens the database in a locked dir. Where a write fails for good, the
// engine tries it again without end: then the guard freezes, and the attempt is
// left behind.
func (s *Store) tryEngine(dir string, g *guard) (*pebble.DB, error) {
	if err := checkDir(dir, g); err != nil {
		return nil, err
	}
	type outcome struct {
		db  *pebble.DB
		err error
	}
	g.opening.Store(true)
	defer g.opening.Store(false)
	done := make(chan outcome, 1)
	go func() {
		var o outcome
		defer func() {
			if p := recover(); p != nil {
				o = outcome{err: fmt.Errorf("%w: %v", ErrCorrupt, p)}
			}
			done <- o
		}()
		o.db, o.err = pebble.Open(dir, s.engineOptions(g))
	}()
	select {
	case o := <-done:
		if o.err != nil {
			return nil, openError(dir, o.err)
		}
		return o.db, nil
	case <-s.broken:
		return nil, fmt.Errorf("open the store in %s: %w", dir, s.brokenErr())
	}
}

// engineOptions are the settings of the engine, all that matter stated.
func (s *Store) engineOptions(g *guard) *pebble.Options {
	o := &pebble.Options{
		FS:                          g,
		FormatMajorVersion:          engineFormat,
		CacheSize:                   cacheSize,
		MemTableSize:                memTableSize,
		MemTableStopWritesThreshold: memTables,
		L0StopWritesThreshold:       24,
		MaxOpenFiles:                maxFiles,
		Logger:                      engineLog{s.opts.Logger, g},
		EventListener: &pebble.EventListener{
			BackgroundError: func(err error) {
				s.opts.Logger.Error("store: a background write failed and is tried again", "err", err)
			},
			DataCorruption: func(i pebble.DataCorruptionInfo) {
				s.damaged("file "+i.Path, i.Details)
			},
			FlushEnd: func(pebble.FlushInfo) { s.wakeCheck() },
			WriteStallBegin: func(i pebble.WriteStallBeginInfo) {
				s.stalls.Add(1)
				s.opts.Logger.Warn("store: writes wait for the disk", "reason", i.Reason)
			},
		},
	}
	o.Experimental.FileCacheShards = 2
	o.Experimental.CompactionScheduler = s.merges
	for i := range o.Levels {
		o.Levels[i].FilterPolicy = bloom.FilterPolicy(bloomBits)
	}
	return o
}

// lockDir takes the directory's lock, or says ErrInUse and which lock it is.
func lockDir(dir string, f vfs.FS) (io.Closer, error) {
	name := f.PathJoin(dir, "LOCK")
	lock, err := f.Lock(name)
	if err == nil {
		return lock, nil
	}
	if path := (*fs.PathError)(nil); errors.As(err, &path) {
		return nil, fmt.Errorf("lock the store in %s: %w", dir, err)
	}
	return nil, fmt.Errorf("%w: another process holds %s; stop it, or use another directory (%w)", ErrInUse, name, err)
}

// checkDir looks at a locked dir before the engine does: at the format it was
// written in, and whether there is room to replay its log.
func checkDir(dir string, f vfs.FS) error {
	names, err := f.List(dir)
	if err != nil {
		return fmt.Errorf("open the store: %w", err)
	}
	if err := checkNames(dir, names); err != nil {
		return err
	}
	var logs uint64
	for _, name := range names {
		if v, ok := strings.CutPrefix(name, "marker.format-version."); ok {
			_, v, _ = strings.Cut(v, ".")
			if n, err := strconv.ParseUint(v, 10, 64); err == nil && n > uint64(engineFormat) {
				return fmt.Errorf("%w: %s has engine format %d, this build knows up to %d; use the newer program", ErrNewerFormat, dir, n, engineFormat)
			}
		}
		if strings.HasSuffix(name, ".log") {
			if info, err := f.Stat(f.PathJoin(dir, name)); err == nil {
				logs += uint64(info.Size())
			}
		}
	}
	if usage, err := f.GetDiskUsage(dir); err == nil && usage.AvailBytes < logs+openReserve {
		return fmt.Errorf("%w: %d bytes are free where %s is, opening needs %d; make room and start again", ErrFull, usage.AvailBytes, dir, logs+openReserve)
	}
	return nil
}

// openError sorts the engine's errors: what the operating system said stays as it
// is, everything else means that the files are not what they should be.
func openError(dir string, err error) error {
	path, errno := (*fs.PathError)(nil), syscall.Errno(0)
	system := errors.As(err, &path) || errors.As(err, &errno)
	switch {
	case errors.Is(err, ErrCorrupt):
	case errors.Is(err, fs.ErrNotExist) || !system || pebble.IsCorruptionError(err):
		err = fmt.Errorf("%w: %w", ErrCorrupt, err)
	}
	return fmt.Errorf("open the store in %s: %w", dir, err)
}

// close ends the engine once ready is closed, within a time: a disk that hangs must
// not hang the node.
func (e *engine) close(ready <-chan struct{}, d time.Duration) error {
	done := make(chan error, 1)
	go func() {
		<-ready
		done <- e.DB.Close()
	}()
	t := time.NewTimer(d)
	defer t.Stop()
	select {
	case err := <-done:
		return errors.Join(err, e.lock.Close())
	case <-t.C:
		return e.abandon(fmt.Errorf("%w: the disk did not answer within %s", ErrBroken, d))
	}
}

// abandon leaves a frozen or hanging engine behind. The lock is given back only
// where no write is under way: nothing of the old engine may meet a new one.
func (e *engine) abandon(err error) error {
	e.guard.freeze(err)
	if !e.guard.settled() {
		return fmt.Errorf("%w; a write still hangs, so the store stays locked until the process ends", err)
	}
	return errors.Join(err, e.lock.Close())
}

// engineLog sends what the engine says to the store's logger.
type engineLog struct {
	*slog.Logger
	guard *guard
}

// Infof is the engine's diary.
func (l engineLog) Infof(format string, args ...any) {
	if l.Logger.Enabled(context.Background(), slog.LevelDebug) {
		l.Debug("store: engine", "says", fmt.Sprintf(format, args...))
	}
}

// Errorf is what the engine survives.
func (l engineLog) Errorf(format string, args ...any) {
	l.Error("store: engine", "says", fmt.Sprintf(format, args...))
}

// Fatalf is where the engine would end the process. It ends this store instead: the
// goroutine goes no further, since what follows is not made to be reached.
func (l engineLog) Fatalf(format string, args ...any) {
	err := fmt.Errorf(format, args...)
	if l.guard.opening.Load() {
		l.Errorf("%v", err) // Open returns it
		return
	}
	l.guard.freeze(err)
	park()
}
