package store

import (
	"encoding/binary"
	"errors"
	"fmt"
	"path/filepath"
	"sync/atomic"
	"time"

	"github.com/cockroachdb/pebble/v2/vfs"

	"github.com/cairn-overlay/cairn/node/store/factlog"
)

const (
	// formatVersion is the version of the key layout in doc.go.
	formatVersion = 2
	// closeTime is how long Close waits for running calls, and then for the engine.
	closeTime = 10 * time.Second
	// writeTime is how long a write waits for the disk: a full one stalls the engine
	// until there is room.
	writeTime = 30 * time.Second
	// factsDir is where the log of facts is, in the store's directory.
	factsDir = "facts"
	// progressRound is how often a long start says how far it is.
	progressRound = time.Second
)

// Store is what survives a restart. It is safe for concurrent use.
type Store struct {
	opts   Options
	dir    string
	space  *space
	gate   *gate
	guard  *guard
	eng    *engine
	merges *scheduler

	broken chan struct{} // closed when the store breaks
	cause  error         // why; written before broken is closed

	stripes  [stripeCount]lock // the agents' rows: read, compare, commit
	facts    facts
	peers    lock          // the table of peers
	slots    lock          // one place per waiting write
	backups  lock          // held by the one that runs
	patience time.Duration // how long a write waits

	queue   queue
	tally   tally                 // the counters after the last batch; of whoever works on the queue
	counts  atomic.Pointer[tally] // the same, to read
	synced  atomic.Uint64         // highest batch that is synced
	corrupt atomic.Uint64         // values that did not verify
	stalls  atomic.Uint64         // times the engine made writers wait

	wake    chan struct{} // asks keepCheck to write
	quit    chan struct{} // asks it to write once more and to end
	checked chan struct{} // closed when it has ended
}

// Open opens the store in dir, or makes a new one there (mode 0700). It fails with
// ErrInUse where another process has it open, ErrNewerFormat, ErrOlderFormat (see
// Options), ErrFull where there is no room to replay the log, and ErrCorrupt where the files are damaged: then no
// table and no log was removed, and the caller decides.
func Open(dir string, opts Options) (*Store, error) {
	name, err := filepath.Abs(dir)
	if err != nil {
		return nil, fmt.Errorf("open the store: %w", err)
	}
	if err := makeDir(vfs.Default, name); err != nil {
		return nil, err
	}
	// Locks go by name: two names of one directory must not count as two.
	if name, err = filepath.EvalSymlinks(name); err != nil {
		return nil, fmt.Errorf("open the store: %w", err)
	}
	return open(name, vfs.Default, opts)
}

// Memory makes an empty store in memory: the same code on another file system.
// What it holds is gone after Close; see Disk for more.
func Memory(opts Options) (*Store, error) { return openIn(vfs.NewMem(), opts) }

// Disk is a file system in memory that outlives the stores on it, so that tests
// and simulations can restart a node, or cut its power.
type Disk struct{ fs *vfs.MemFS }

// NewDisk returns an empty disk.
func NewDisk() *Disk { return &Disk{vfs.NewCrashableMem()} }

// Open opens the store on the disk, or makes one; it is in use until Close.
func (d *Disk) Open(opts Options) (*Store, error) { return openIn(d.fs, opts) }

// PowerCut returns what a power cut at this moment would leave: everything that was
// synced, nothing else. The disk itself goes on, and so does a store on it.
func (d *Disk) PowerCut() *Disk { return &Disk{d.fs.CrashClone(vfs.CrashCloneCfg{})} }

func openIn(disk vfs.FS, opts Options) (*Store, error) {
	const dir = "store"
	if err := makeDir(disk, dir); err != nil {
		return nil, err
	}
	return open(dir, disk, opts)
}

// makeDir makes dir and what is missing above it, and their names durable.
func makeDir(disk vfs.FS, dir string) error {
	var above []string // those that get a new name
	for at := dir; ; at = disk.PathDir(at) {
		if _, err := disk.Stat(at); err == nil || at == disk.PathDir(at) {
			break
		}
		above = append(above, disk.PathDir(at))
	}
	if err := disk.MkdirAll(dir, 0o700); err != nil {
		return fmt.Errorf("make the store's directory: %w", err)
	}
	for _, name := range above {
		parent, err := disk.OpenDir(name)
		if err != nil {
			return fmt.Errorf("make the store's directory: %w", err)
		}
		if err := errors.Join(parent.Sync(), parent.Close()); err != nil {
			return fmt.Errorf("sync the store's directory: %w", err)
		}
	}
	return nil
}

// open opens the store in a directory that exists.
func open(dir string, disk vfs.FS, opts Options) (*Store, error) {
	s := &Store{
		opts:    opts.withDefaults(),
		gate:    newGate(),
		broken:  make(chan struct{}),
		dir:     dir,
		peers:   newLock(),
		slots:   make(lock, maxWriters),
		backups: newLock(),

		patience: writeTime,

		wake:    make(chan struct{}, 1),
		quit:    make(chan struct{}),
		checked: make(chan struct{}),
		merges:  newScheduler(),
	}
	for i := range s.stripes {
		s.stripes[i] = newLock()
	}
	s.space = &space{fs: disk, dir: dir, floor: s.opts.MinFree}
	s.guard = &guard{FS: disk, onFreeze: s.fail, onFull: s.space.full, aside: backupDir(dir), holding: true}
	s.counts.Store(&tally{})
	found := readCheck(disk, dir)
	if err := s.openEngine(dir, s.guard); err != nil {
		return nil, err
	}
	go s.keepCheck()
	if err := s.load(found); err != nil {
		return nil, fmt.Errorf("open the store in %s: %w", dir, joinClose(err, s))
	}
	return s, nil
}

// joinClose closes s; the error at hand says more than one of Close.
func joinClose(err error, s *Store) error {
	_ = s.Close()
	return err
}

// load checks that the format is known and that nothing is lost, and reads the
// counters and the facts.
func (s *Store) load(found check) error {
	t, err := s.loadTally(found.batch)
	if err != nil {
		return err
	}
	if err := s.compareCheck(t, found.batch); err != nil {
		return err
	}
	s.tally = t
	s.counts.Store(&t)
	version, err := s.version()
	if err != nil {
		return err
	}
	if err := s.openFacts(int(found.facts)); err != nil {
		return err
	}
	s.synced.Store(t.batch) // the engine has written the log into tables when it opened
	if err := s.toFormat2(version); err != nil {
		return err
	}
	s.wakeCheck()
	s.guard.release()
	return nil
}

// openFacts opens the log of facts, of which so many at least have come.
func (s *Store) openFacts(least int) error {
	told := time.Now()
	cfg := factlog.Config{
		FS: s.guard, Dir: s.guard.PathJoin(s.dir, factsDir), Least: least,
		Damaged: s.damaged, Unreadable: s.guard.freeze,
		Progress: func(done, total int64) {
			if time.Since(told) > progressRound {
				told = time.Now()
				s.opts.Logger.Info("store: reading all facts, since their index is missing or old", "bytes", done, "of", total)
			}
		},
	}
	log, err := factlog.Open(cfg)
	if errors.Is(err, factlog.ErrCorrupt) {
		return fmt.Errorf("%w: %w", ErrCorrupt, err)
	}
	if err != nil {
		return err
	}
	s.facts.log, s.facts.set, s.facts.moved = log, log.Set(), make(chan struct{})
	s.facts.written.Store(int64(log.Next()))
	s.facts.durable.Store(int64(log.Next()))
	return nil
}

// version returns the format of the store, 0 of a new one, and refuses newer formats,
// older ones where they are to be kept, and foreign databases.
func (s *Store) version() (uint32, error) {
	raw, err := s.get([]byte{tableVersion})
	if err != nil {
		return 0, err
	}
	if raw == nil {
		first, err := s.scan(nil, []byte{0xff}, 1)
		if err == nil && len(first) > 0 {
			err = fmt.Errorf("%w: a database without the format key, so not a store of this kind", ErrCorrupt)
		}
		return 0, err
	}
	if len(raw) != 4 {
		return 0, fmt.Errorf("%w: the format key has %d bytes", ErrCorrupt, len(raw))
	}
	v := binary.BigEndian.Uint32(raw)
	if v > formatVersion {
		return 0, fmt.Errorf("%w: format %d, this build knows up to %d; use the newer program", ErrNewerFormat, v, formatVersion)
	}
	if v < formatVersion && s.opts.KeepFormat {
		return 0, fmt.Errorf("%w: format %d, this build writes %d", ErrOlderFormat, v, formatVersion)
	}
	return v, nil
}

// Close refuses new calls, waits for running ones, and closes the files. Where a
// disk hangs it gives up after some seconds and says so.
func (s *Store) Close() error {
	if !s.gate.close() {
		return ErrClosed
	}
	if err := s.brokenErr(); err != nil {
		s.gate.wait(settleTime)
		return s.eng.abandon(err)
	}
	if !s.gate.wait(closeTime) {
		return s.eng.abandon(fmt.Errorf("%w: a call did not end within %s", ErrBroken, closeTime))
	}
	if s.facts.log != nil {
		if err := s.closeFacts(); err != nil {
			s.opts.Logger.Warn("store: the index of facts was not written; the next start reads all that came since", "err", err)
		}
	}
	close(s.quit)
	if err := s.eng.close(s.checked, closeTime); err != nil {
		return fmt.Errorf("close the store: %w", err)
	}
	return nil
}

// closeFacts closes the log of facts, within a time.
func (s *Store) closeFacts() error {
	done := make(chan error, 1)
	go func() { done <- s.facts.log.Close() }()
	t := time.NewTimer(closeTime)
	defer t.Stop()
	select {
	case err := <-done:
		return err
	case <-s.broken:
		return s.brokenErr()
	case <-t.C:
		return ErrStalled
	}
}

// fail breaks the store. The guard calls it once.
func (s *Store) fail(err error) {
	s.cause = err
	close(s.broken)
	s.opts.Logger.Error("store: broken", "err", err)
	if f := s.opts.OnFatal; f != nil {
		go f(s.brokenErr())
	}
}

// brokenErr says why the store is broken, or nil.
func (s *Store) brokenErr() error {
	select {
	case <-s.broken:
		return fmt.Errorf("%w: %w; free or replace the disk, then start again", ErrBroken, s.cause)
	default:
		return nil
	}
}

// enter begins a call; it ends with gate.leave.
func (s *Store) enter() error {
	if err := s.brokenErr(); err != nil {
		return err
	}
	if !s.gate.enter() {
		return ErrClosed
	}
	return nil
}
