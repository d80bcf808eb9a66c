package factlog

import (
	"bufio"
	"encoding/binary"
	"errors"
	"fmt"
	"hash/crc32"
	"io"

	"github.com/cockroachdb/pebble/v2/vfs"
)

// maxSegments bounds what is read of INDEX.
const maxSegments = 1 << 20

// segmentRow is the bytes of a segment in INDEX without its marks.
const segmentRow = 5*8 + 4

// appendSegments encodes what INDEX says of segments.
func appendSegments(b []byte, segments []segment, epoch uint32) []byte {
	b = append(b, indexMagic...)
	b = binary.LittleEndian.AppendUint32(b, epoch)
	b = binary.LittleEndian.AppendUint32(b, uint32(len(segments)))
	for _, g := range segments {
		for _, v := range []uint64{uint64(g.base), g.serial, uint64(g.size), uint64(g.entries), uint64(g.next)} {
			b = binary.LittleEndian.AppendUint64(b, v)
		}
		b = binary.LittleEndian.AppendUint32(b, uint32(len(g.marks)))
		for _, m := range g.marks {
			b = binary.LittleEndian.AppendUint32(b, m.number)
			b = binary.LittleEndian.AppendUint32(b, m.at)
		}
	}
	return b
}

// readSegments reads what appendSegments wrote.
func readSegments(r io.Reader) (segments []segment, epoch uint32, err error) {
	var head [16]byte
	if _, err := io.ReadFull(r, head[:]); err != nil {
		return nil, 0, err
	}
	n := binary.LittleEndian.Uint32(head[12:])
	if string(head[:8]) != indexMagic || n > maxSegments {
		return nil, 0, errors.New(indexFile + " is of another format")
	}
	for ; n > 0; n-- {
		g, err := readSegment(r)
		if err != nil {
			return nil, 0, err
		}
		segments = append(segments, g)
	}
	return segments, binary.LittleEndian.Uint32(head[8:]), nil
}

func readSegment(r io.Reader) (g segment, err error) {
	var b [segmentRow]byte
	if _, err := io.ReadFull(r, b[:]); err != nil {
		return g, err
	}
	var v [5]uint64
	for i := range v {
		if v[i] = binary.LittleEndian.Uint64(b[8*i:]); i != 1 && v[i] > maxNumber {
			return g, fmt.Errorf("%s says %d", indexFile, v[i])
		}
	}
	g.base, g.serial, g.size, g.entries, g.next = int(v[0]), v[1], int64(v[2]), int(v[3]), int(v[4])
	marks := int(binary.LittleEndian.Uint32(b[40:]))
	if marks != (g.entries+markEvery-1)/markEvery || int64(marks) > g.size/leastEntry {
		return g, fmt.Errorf("%s has %d marks for %d entries", indexFile, marks, g.entries)
	}
	g.marks = make([]mark, 0, min(marks, segmentSize/leastEntry/markEvery))
	for len(g.marks) < marks {
		var raw [4096]byte
		some := raw[:min(len(raw), 8*(marks-len(g.marks)))]
		if _, err := io.ReadFull(r, some); err != nil {
			return g, err
		}
		if err := g.readMarks(some); err != nil {
			return g, err
		}
	}
	return g, nil
}

// readMarks appends marks.
func (g *segment) readMarks(raw []byte) error {
	for ; len(raw) > 0; raw = raw[8:] {
		m := mark{binary.LittleEndian.Uint32(raw), binary.LittleEndian.Uint32(raw[4:])}
		n := len(g.marks)
		if int64(m.at) >= g.size || n > 0 && (m.at <= g.marks[n-1].at || m.number <= g.marks[n-1].number) {
			return fmt.Errorf("%s has marks out of order", indexFile)
		}
		g.marks = append(g.marks, m)
	}
	return nil
}

// maxAnnex bounds the bytes of an annex.
const maxAnnex = 1 << 30

// readAnnex reads the annex that INDEX has, nil where there is none.
func readAnnex(r io.Reader) ([]byte, error) {
	var size [4]byte
	if _, err := io.ReadFull(r, size[:]); err != nil {
		return nil, err
	}
	n := int64(binary.LittleEndian.Uint32(size[:]))
	if n == 0 {
		return nil, nil
	}
	annex, err := io.ReadAll(io.LimitReader(r, min(n, maxAnnex)))
	if err == nil && int64(len(annex)) < n {
		err = fmt.Errorf("%s says an annex of %d bytes", indexFile, n)
	}
	return annex, err
}

// Annex returns what Open found beside the index, nil where there was none.
func (l *Log) Annex() []byte { return l.found }

// Beside has every INDEX written with an annex from now on: what make returns, of the facts
// with numbers below the given one. It may read facts, and must not Append, Retain nor
// Checkpoint. What it returns nil for has no annex.
func (l *Log) Beside(make func(below int) []byte) {
	l.upkeep.Lock()
	defer l.upkeep.Unlock()
	l.annex = make
}

// Checkpoint writes INDEX if something was appended since. It takes 10 to 15 bytes a fact;
// other calls go on meanwhile.
func (l *Log) Checkpoint() error {
	l.upkeep.Lock()
	defer l.upkeep.Unlock()
	if l.Next() == l.Saved() {
		return nil
	}
	return l.checkpoint()
}

// Save is Checkpoint in any case, such as when the annex has become another one.
func (l *Log) Save() error {
	l.upkeep.Lock()
	defer l.upkeep.Unlock()
	return l.checkpoint()
}

// Saved returns below which number the facts are in INDEX.
func (l *Log) Saved() int { return int(l.saved.Load()) }

// checkpoint writes INDEX. Owned by upkeep.
func (l *Log) checkpoint() error {
	l.mu.RLock()
	next, epoch := l.next, l.epoch
	var segments []segment
	for i, g := range l.segments {
		if g.entries > 0 || i+1 == len(l.segments) {
			segments = append(segments, *g)
		}
	}
	l.mu.RUnlock()
	if len(segments) == 0 {
		return nil
	}
	annex := l.appendAnnex(next) // before the index: what is dropped between is then known to be missing in it
	name := l.path(indexFile)
	f, err := l.cfg.FS.Create(name+newExt, vfs.WriteCategoryUnspecified)
	if err != nil {
		return fmt.Errorf("write %s: %w", indexFile, err)
	}
	err = l.writeIndex(f, appendSegments(nil, segments, epoch), next, annex)
	if err == nil {
		err = f.Sync()
	}
	if err = errors.Join(err, f.Close()); err == nil {
		err = l.cfg.FS.Rename(name+newExt, name)
	}
	if err == nil {
		err = l.syncDir()
	}
	if err != nil {
		return fmt.Errorf("write %s: %w", indexFile, err)
	}
	l.saved.Store(int64(next))
	return nil
}

// appendAnnex encodes the annex of the facts with numbers below one. Owned by upkeep.
func (l *Log) appendAnnex(below int) []byte {
	var annex []byte
	if l.annex != nil {
		annex = l.annex(below)
	}
	if len(annex) > maxAnnex {
		annex = nil
	}
	return append(binary.LittleEndian.AppendUint32(nil, uint32(len(annex))), annex...)
}

func (l *Log) writeIndex(f io.Writer, segments []byte, next int, annex []byte) error {
	sum := crc32.New(castagnoli)
	buf := bufio.NewWriterSize(f, readSize)
	w := io.MultiWriter(buf, sum)
	if _, err := w.Write(segments); err != nil {
		return err
	}
	if err := l.set.WriteIndex(w, next); err != nil {
		return err
	}
	if _, err := w.Write(annex); err != nil {
		return err
	}
	if _, err := buf.Write(binary.LittleEndian.AppendUint32(nil, sum.Sum32())); err != nil {
		return err
	}
	return buf.Flush()
}
