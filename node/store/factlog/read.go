package factlog

import (
	"errors"
	"fmt"
	"io"
	"io/fs"
	"iter"
	"slices"
	"sync"

	"github.com/cairn-overlay/cairn/records"
)

// readSize is how much of a segment is read at once.
const readSize = 256 << 10

// Fact returns the fact with a number, verified, or nil where it was dropped, is not
// written yet, or does not verify. It takes one read of a kilobyte.
func (l *Log) Fact(number int) records.Fact {
	room := rooms.Get().(*[]byte)
	defer rooms.Put(room)
	g, b := l.around(number, room)
	for len(b) > 0 {
		raw, n, err := cut(b, g.base)
		if err == nil && n == number {
			var e Entry
			if e, err = open(raw, g.base); err == nil {
				return e.Fact
			}
		}
		if err != nil {
			l.damaged(g, number, err)
			return nil
		}
		b = b[len(raw):]
	}
	return nil
}

// around reads the entries from the last marked one before a number to the next one.
func (l *Log) around(number int, room *[]byte) (*segment, []byte) {
	l.mu.RLock()
	defer l.mu.RUnlock()
	g := l.segmentOf(number)
	if g == nil || l.closed {
		return nil, nil
	}
	from, to := g.place(number)
	*room = slices.Grow((*room)[:0], int(to-from))[:to-from]
	if _, err := g.file.ReadAt(*room, from); err != nil {
		l.unreadable(g, err)
		return nil, nil
	}
	return g, *room
}

// rooms are for what Fact reads.
var rooms = sync.Pool{New: func() any { return new([]byte) }}

// segmentOf returns the segment in which a number is, if it is anywhere. Owned by mu.
func (l *Log) segmentOf(number int) *segment {
	i, exact := slices.BinarySearchFunc(l.segments, number, func(g *segment, n int) int { return g.base - n })
	if !exact {
		i--
	}
	if i < 0 {
		return nil
	}
	return l.segments[i]
}

// Facts is [records.Shelf].
func (l *Log) Facts(from, to int) iter.Seq2[int, records.Fact] {
	return func(yield func(int, records.Fact) bool) {
		for e, err := range l.Entries(from, to) {
			if err != nil || !yield(e.Number, e.Fact) {
				return
			}
		}
	}
}

// Entries yields the entries with numbers from one on, below another, ascending, that
// verify. It holds nothing between two: what is dropped meanwhile may be among them.
// After an error, which is that a file could not be read, comes nothing.
func (l *Log) Entries(from, to int) iter.Seq2[Entry, error] {
	return func(yield func(Entry, error) bool) {
		for from < to {
			g, p := l.begin(from)
			if g == nil {
				return
			}
			for {
				e, ok, err := p.next()
				if errors.Is(err, errReplaced) {
					break
				}
				if err != nil {
					yield(Entry{}, fmt.Errorf("read facts: %s: %w", g.name, err))
					return
				}
				if !ok || e.Number >= to {
					from = max(from, p.end)
					break
				}
				if e.Number < from {
					continue
				}
				if !yield(e, nil) {
					return
				}
				from = e.Number + 1
			}
		}
	}
}

// begin returns a segment with numbers from one on, and what reads them as they stand;
// nil where there is none.
func (l *Log) begin(from int) (*segment, *pass) {
	l.mu.RLock()
	defer l.mu.RUnlock()
	for i, g := range l.segments {
		end := g.next
		if i+1 < len(l.segments) {
			end = l.segments[i+1].base
		}
		if end <= from {
			continue
		}
		at, _ := g.place(from)
		return g, &pass{log: l, g: g, at: at, size: g.size, marks: g.marks, end: end}
	}
	return nil, nil
}

// pass reads the entries of a segment, as long as it was when it began.
type pass struct {
	log   *Log
	g     *segment
	at    int64 // where b begins
	size  int64
	marks []mark
	end   int // the numbers below are in this segment or nowhere
	b     []byte
	room  []byte
}

// next returns the next entry that verifies; ok is false behind the last one. What does
// not verify is told and left out, up to the next mark.
func (p *pass) next() (e Entry, ok bool, err error) {
	for {
		raw, number, err := cut(p.b, p.g.base)
		if errors.Is(err, errShort) && p.at+int64(len(p.b)) < p.size {
			if err := p.fill(); err != nil {
				return e, false, err
			}
			continue
		}
		if err == nil {
			p.b, p.at = p.b[len(raw):], p.at+int64(len(raw))
			if e, err = open(raw, p.g.base); err == nil {
				return e, true, nil
			}
			p.log.damaged(p.g, number, err)
			continue
		}
		if p.at >= p.size {
			return e, false, nil
		}
		p.log.damaged(p.g, -1, err)
		if !p.skip() {
			return e, false, nil
		}
	}
}

// errReplaced says that a segment was replaced twice since a pass began, and its file is
// closed. What is left of it stands in its successor.
var errReplaced = errors.New("the segment was replaced")

// fill reads more of the file behind what is there.
func (p *pass) fill() error {
	p.log.mu.RLock()
	defer p.log.mu.RUnlock()
	if p.log.closed {
		return fs.ErrClosed
	}
	if p.g.gone {
		return errReplaced
	}
	if p.room == nil {
		p.room = make([]byte, min(readSize, p.size-p.at))
	}
	n := copy(p.room, p.b)
	more := min(int64(len(p.room)-n), p.size-p.at-int64(n))
	m, err := p.g.file.ReadAt(p.room[n:n+int(more)], p.at+int64(n))
	if p.b = p.room[:n+m]; int64(m) == more {
		return nil
	}
	if err == nil || errors.Is(err, io.EOF) {
		err = io.ErrUnexpectedEOF
	}
	p.log.unreadable(p.g, err)
	return err
}

// skip goes on with the next mark behind what cannot be read, and reports whether there
// is one.
func (p *pass) skip() bool {
	i, _ := slices.BinarySearchFunc(p.marks, p.at+1, func(m mark, at int64) int { return int(int64(m.at) - at) })
	if i == len(p.marks) {
		return false
	}
	p.at, p.b = int64(p.marks[i].at), nil
	return true
}
