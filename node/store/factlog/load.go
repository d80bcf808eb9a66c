package factlog

import (
	"bufio"
	"encoding/binary"
	"errors"
	"fmt"
	"hash"
	"hash/crc32"
	"io"
	"io/fs"
	"os"

	"github.com/cairn-overlay/cairn/records"
)

const (
	indexFile  = "INDEX"
	indexMagic = "cairnfi2"
	// newExt is behind the name of a file that is not complete.
	newExt = ".new"
)

func isNotExist(err error) bool { return errors.Is(err, fs.ErrNotExist) || os.IsNotExist(err) }

// load makes the set: from INDEX and what was appended since, or from all facts.
func (l *Log) load() error {
	err := l.loadIndex()
	if err != nil {
		if !isNotExist(err) {
			l.cfg.Damaged(indexFile, err)
		}
		if errors.Is(err, ErrCorrupt) {
			return err
		}
		l.set = records.NewShelvedFactSet(l)
		for _, g := range l.segments {
			g.reset()
		}
	}
	total, done := int64(0), int64(0)
	from := make([]int64, len(l.segments))
	for i, g := range l.segments {
		n, err := g.length()
		if err != nil {
			return err
		}
		from[i] = g.size
		total += n - g.size
	}
	for i, g := range l.segments {
		if err := l.scan(g, i+1 == len(l.segments), func(n int64) { l.cfg.Progress(done+n, total) }); err != nil {
			return err
		}
		done += g.size - from[i]
	}
	return nil
}

// reset forgets what was known of the entries.
func (g *segment) reset() {
	g.size, g.entries, g.next, g.marks = segmentHead, 0, g.end, nil
}

// scan reads the entries behind size and takes those into the set that it does not know.
func (l *Log) scan(g *segment, last bool, progress func(int64)) error {
	length, err := g.length()
	if err != nil {
		return err
	}
	p := pass{log: l, g: g, at: g.size, size: length}
	begin, prev := g.size, g.base-1
	if g.entries > 0 {
		prev = g.next - 1
	}
	for {
		raw, number, err := cut(p.b, g.base)
		if errors.Is(err, errShort) && p.at+int64(len(p.b)) < length {
			if err := p.fill(); err != nil {
				return fmt.Errorf("read facts: %s: %w", g.name, err)
			}
			progress(g.size - begin)
			continue
		}
		var e Entry
		if err == nil {
			e, err = open(raw, g.base)
		}
		if err == nil && number <= prev {
			err = fmt.Errorf("%w: number %d comes after %d", errEntry, number, prev)
		}
		if err != nil {
			g.torn = g.size < length
			if g.torn && !last {
				return fmt.Errorf("%w: %s: at %d of %d bytes: %w; the files are left as they are: restore the directory, or move it away and join again", ErrCorrupt, g.name, g.size, length, err)
			}
			l.set.Skip(g.next)
			return nil
		}
		p.b, p.at = p.b[len(raw):], p.at+int64(len(raw))
		g.note(number, len(raw))
		prev = number
		if number >= l.set.Next() {
			l.set.Replay(number, e.Fact)
		}
	}
}

// loadIndex reads INDEX. ErrCorrupt says that it names what is gone.
func (l *Log) loadIndex() error {
	f, err := l.cfg.FS.Open(l.path(indexFile))
	if err != nil {
		return err
	}
	defer f.Close() // it is only read
	r := &summing{r: bufio.NewReaderSize(f, 1<<20), sum: crc32.New(castagnoli)}
	known, epoch, err := readSegments(r)
	if err != nil {
		return err
	}
	set, err := records.OpenShelvedFactSet(l, r)
	if err != nil {
		return err
	}
	annex, err := readAnnex(r)
	if err != nil {
		return err
	}
	sum := r.sum.Sum32()
	var tail [4]byte
	if _, err := io.ReadFull(r.r, tail[:]); err != nil {
		return err
	}
	if binary.LittleEndian.Uint32(tail[:]) != sum {
		return errors.New("the checksum of " + indexFile + " is wrong")
	}
	if epoch < l.epoch {
		return errors.New(indexFile + " does not know what was dropped since")
	}
	if err := l.adopt(known); err != nil {
		return err
	}
	l.set, l.epoch, l.found = set, epoch, annex
	l.saved.Store(int64(set.Next()))
	return nil
}

// adopt takes what INDEX says of the segments.
func (l *Log) adopt(known []segment) error {
	for i := range known {
		k := &known[i]
		g := l.segmentOf(k.base)
		if g == nil || g.base != k.base {
			return fmt.Errorf("%w: %s is gone; restore the directory, or move it away and join again", ErrCorrupt, segmentName(k.base))
		}
		l.serial = max(l.serial, k.serial)
		if g.serial != k.serial {
			continue // it was written anew, with the same entries
		}
		n, err := g.length()
		if err != nil {
			return err
		}
		if n < k.size {
			return fmt.Errorf("%w: %s has %d bytes and had %d; restore the directory, or move it away and join again", ErrCorrupt, g.name, n, k.size)
		}
		g.size, g.entries, g.next, g.marks = k.size, k.entries, k.next, k.marks
	}
	return nil
}

// summing sums what is read.
type summing struct {
	r   io.Reader
	sum hash.Hash32
}

func (s *summing) Read(b []byte) (int, error) {
	n, err := s.r.Read(b)
	_, _ = s.sum.Write(b[:n]) // never fails
	return n, err
}
