package factlog

import (
	"cmp"
	"errors"
	"fmt"
	"math"
	"slices"
	"strings"
	"sync"
	"sync/atomic"

	"github.com/cockroachdb/pebble/v2/vfs"

	"github.com/cairn-overlay/cairn/internal/weak"
	"github.com/cairn-overlay/cairn/records"
)

// ErrCorrupt says that files of the log are missing or damaged, so that facts are lost
// that were on disk.
var ErrCorrupt = errors.New("the log of facts is damaged")

// Config is what a log needs. All fields but FS and Dir may be left zero.
type Config struct {
	FS  vfs.FS
	Dir string // it is made if it is not there
	// Least is below which number facts are known to be on disk: where there are fewer,
	// Open says ErrCorrupt.
	Least int
	// Progress is told how many bytes of how many were read, while Open reads facts.
	Progress func(done, total int64)
	// Damaged is told of an entry that does not verify.
	Damaged func(what string, err error)
	// Unreadable is told that a file could not be read: what it holds is unknown.
	Unreadable func(error)

	segment int64 // bytes of a segment; 0 is segmentSize
}

func (c Config) withDefaults() Config {
	if c.Progress == nil {
		c.Progress = func(int64, int64) {}
	}
	if c.Damaged == nil {
		c.Damaged = func(string, error) {}
	}
	if c.Unreadable == nil {
		c.Unreadable = func(error) {}
	}
	if c.segment == 0 {
		c.segment = segmentSize
	}
	return c
}

// Log is the facts on a disk and the set of them. Facts, Fact, Entries, Next and Size
// may be called from many goroutines at once, beside one that writes.
type Log struct {
	cfg Config
	set *records.FactSet

	writing sync.Mutex // held by Append and while segments are closed for appending
	last    vfs.File   // the last segment, to append; nil until needed; owned by writing
	buf     []byte     // owned by writing
	err     error      // why nothing can be written any more; owned by writing

	upkeep sync.Mutex             // held by Retain and Checkpoint: one at a time
	annex  func(below int) []byte // see Beside; owned by upkeep
	found  []byte                 // the annex that INDEX had

	saved atomic.Int64 // INDEX is of the facts below

	mu       sync.RWMutex
	segments []*segment // by base; owned by mu
	retired  []*segment // they were replaced, and may still be read; owned by mu
	serial   uint64     // the highest of a file; owned by mu
	epoch    uint32     // how often something was dropped; owned by mu
	next     int        // number of the next fact; owned by mu
	closed   bool       // no file may be read any more; owned by mu
}

// Open opens the log in a directory, or begins one. It writes nothing.
func Open(cfg Config) (_ *Log, err error) {
	l := &Log{cfg: cfg.withDefaults()}
	defer func() {
		if err != nil {
			l.closeFiles()
		}
	}()
	if err := l.list(); err != nil {
		return nil, fmt.Errorf("open the log of facts: %w", err)
	}
	if err := l.load(); err != nil {
		return nil, fmt.Errorf("open the log of facts: %w", err)
	}
	l.next = l.set.Next()
	if least := max(cfg.Least, l.Saved()); l.next < least {
		return nil, fmt.Errorf("open the log of facts: %w: %d facts have come of at least %d, the end of the log is lost; the files are left as they are: restore the directory, or move it away and join again", ErrCorrupt, l.next, least)
	}
	return l, nil
}

// list opens the segments.
func (l *Log) list() error {
	names, err := l.cfg.FS.List(l.cfg.Dir)
	if isNotExist(err) {
		return nil
	}
	if err != nil {
		return err
	}
	for _, name := range names {
		if !strings.HasSuffix(name, segmentExt) {
			continue
		}
		g, err := openSegment(l.cfg.FS, l.cfg.Dir, name)
		if err != nil {
			return err
		}
		if g == nil {
			continue
		}
		l.segments = append(l.segments, g)
		l.serial, l.epoch = max(l.serial, g.serial), max(l.epoch, g.epoch)
	}
	slices.SortFunc(l.segments, func(a, b *segment) int { return cmp.Compare(a.base, b.base) })
	return nil
}

// LinkTo gives the log's files second names in a folder that it makes on the same disk:
// the log as it is now. What is appended meanwhile may be there in part, which a log that
// is opened passes over.
func (l *Log) LinkTo(disk vfs.FS, dir string) error {
	l.upkeep.Lock() // no file is replaced meanwhile
	defer l.upkeep.Unlock()
	l.mu.RLock()
	var names []string
	for _, g := range l.segments {
		names = append(names, g.name)
	}
	l.mu.RUnlock()
	if err := disk.MkdirAll(dir, 0o700); err != nil {
		return err
	}
	for _, name := range append(names, indexFile) {
		err := vfs.LinkOrCopy(disk, l.path(name), disk.PathJoin(dir, name))
		if err != nil && !(name == indexFile && isNotExist(err)) {
			return err
		}
	}
	return nil
}

// Set returns the set of the log's facts, which reads them there. Whoever adds to it
// has to Append the same, in the same order.
func (l *Log) Set() *records.FactSet { return l.set }

// Next returns the number behind the last fact on disk.
func (l *Log) Next() int {
	l.mu.RLock()
	defer l.mu.RUnlock()
	return l.next
}

// Size returns how many bytes the segments have.
func (l *Log) Size() (bytes int64) {
	l.mu.RLock()
	defer l.mu.RUnlock()
	for _, g := range l.segments {
		bytes += g.size
	}
	return bytes
}

// Append writes entries, whose numbers ascend from Next on, and returns once they are on
// disk. After an error it is unknown what the disk has, and nothing is written any more.
func (l *Log) Append(entries []Entry) error {
	l.writing.Lock()
	defer l.writing.Unlock()
	for len(entries) > 0 && l.err == nil {
		var n int
		n, l.err = l.append(entries)
		entries = entries[n:]
	}
	return l.err
}

// append writes the first entries, as many as go into one segment, and returns how many.
func (l *Log) append(entries []Entry) (n int, err error) {
	g, err := l.writable(entries[0].Number)
	if err != nil {
		return 0, fmt.Errorf("append facts: %w", err)
	}
	l.buf = l.buf[:0]
	ends := make([]int, 0, len(entries)) // of each entry in buf
	for n < len(entries) && g.size+int64(len(l.buf)) < l.cfg.segment && entries[n].Number-g.base <= math.MaxUint32 {
		l.buf = entries[n].append(l.buf, g.base)
		ends = append(ends, len(l.buf))
		n++
	}
	if _, err := l.last.WriteAt(l.buf, g.size); err != nil {
		return 0, fmt.Errorf("append facts: %w", err)
	}
	if !weak.Off(weak.SyncWrites) {
		if err := l.last.SyncData(); err != nil {
			return 0, fmt.Errorf("append facts: %w", err)
		}
	}
	l.mu.Lock()
	defer l.mu.Unlock()
	at := 0
	for i, end := range ends {
		g.note(entries[i].Number, end-at)
		at = end
	}
	l.next = g.next
	return n, nil
}

// writable returns the last segment with a file to append to, or begins one for a number.
// Owned by writing.
func (l *Log) writable(number int) (*segment, error) {
	g, err := l.mended()
	switch {
	case err != nil:
		return nil, err
	case g == nil, g.size >= l.cfg.segment, number-g.base > math.MaxUint32:
		return l.begun(number)
	case l.last == nil:
		l.last, err = l.cfg.FS.OpenReadWrite(l.path(g.name), vfs.WriteCategoryUnspecified)
	}
	return g, err
}

// mended returns the last segment, nil where there is none. What a crash left behind its
// entries is taken away first. Owned by writing.
func (l *Log) mended() (*segment, error) {
	l.mu.RLock()
	n := len(l.segments)
	if n == 0 {
		l.mu.RUnlock()
		return nil, nil
	}
	g := l.segments[n-1]
	l.mu.RUnlock()
	if !g.torn {
		return g, nil
	}
	return l.rewrite(g, g.epoch, func(Entry) bool { return true })
}

// begun makes a new segment, whose head is on disk before an entry is. Owned by writing.
func (l *Log) begun(number int) (*segment, error) {
	if l.last != nil {
		if err := l.last.Close(); err != nil {
			return nil, err
		}
		l.last = nil
	}
	if err := l.cfg.FS.MkdirAll(l.cfg.Dir, 0o700); err != nil {
		return nil, err
	}
	l.mu.Lock()
	l.serial++
	g := &segment{name: segmentName(number), serial: l.serial, epoch: l.epoch, base: number, end: number, next: number, size: segmentHead}
	l.mu.Unlock()
	f, err := l.cfg.FS.Create(l.path(g.name), vfs.WriteCategoryUnspecified)
	if err != nil {
		return nil, err
	}
	if _, err = f.Write(g.head()); err == nil {
		err = f.Sync()
	}
	if err == nil {
		err = l.syncDir()
	}
	if err == nil {
		g.file, err = l.cfg.FS.Open(l.path(g.name))
	}
	if err != nil {
		return nil, errors.Join(err, f.Close())
	}
	l.last = f
	l.mu.Lock()
	defer l.mu.Unlock()
	l.segments = append(slices.Clip(l.segments), g)
	return g, nil
}

// seal sees to it that no segment with entries gets more of them.
func (l *Log) seal() error {
	l.writing.Lock()
	defer l.writing.Unlock()
	if l.err != nil {
		return l.err
	}
	g, err := l.mended()
	if err == nil && g != nil && g.entries > 0 {
		_, err = l.begun(g.next)
	}
	l.err = err
	return err
}

func (l *Log) path(name string) string { return l.cfg.FS.PathJoin(l.cfg.Dir, name) }

// syncDir makes the names in the directory durable, and the directory's own.
func (l *Log) syncDir() error {
	for _, name := range []string{l.cfg.Dir, l.cfg.FS.PathDir(l.cfg.Dir)} {
		dir, err := l.cfg.FS.OpenDir(name)
		if err != nil {
			return err
		}
		if err := errors.Join(dir.Sync(), dir.Close()); err != nil {
			return err
		}
	}
	return nil
}

// damaged tells of an entry that does not verify; -1 is one whose number cannot be read.
func (l *Log) damaged(g *segment, number int, err error) {
	l.cfg.Damaged(fmt.Sprintf("fact %d of %s", number, g.name), err)
}

func (l *Log) unreadable(g *segment, err error) {
	l.cfg.Unreadable(fmt.Errorf("read facts: %s: %w", g.name, err))
}

// Close writes INDEX if it is old, and gives the files free. Nothing can be read any more;
// a second Close does nothing.
func (l *Log) Close() error {
	if l.isClosed() {
		return nil
	}
	err := l.Checkpoint()
	l.writing.Lock()
	defer l.writing.Unlock()
	if l.err == nil {
		l.err = errors.New("the log of facts is closed")
	}
	if l.last != nil {
		err = errors.Join(err, l.last.Close())
		l.last = nil
	}
	l.closeFiles()
	return err
}

func (l *Log) isClosed() bool {
	l.mu.RLock()
	defer l.mu.RUnlock()
	return l.closed
}

// closeFiles closes what was opened to be read.
func (l *Log) closeFiles() {
	l.mu.Lock()
	defer l.mu.Unlock()
	if l.closed {
		return
	}
	l.closed = true
	for _, g := range l.segments {
		_ = g.file.Close()
	}
	l.dismiss()
}

// dismiss closes the files of segments that were replaced. Owned by mu.
func (l *Log) dismiss() {
	for _, g := range l.retired {
		g.gone = true
		_ = g.file.Close() // it was only read
	}
	l.retired = nil
}
