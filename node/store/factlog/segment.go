package factlog

import (
	"encoding/binary"
	"errors"
	"fmt"
	"hash/crc32"
	"io"
	"slices"
	"strconv"
	"strings"

	"github.com/cockroachdb/pebble/v2/vfs"
)

const (
	segmentMagic = "cairnfl1"
	segmentHead  = 8 + 8 + 4 + 8 + 8 + 4
	segmentExt   = ".log"
	// segmentSize is the bytes of a segment from which on the next one is begun.
	segmentSize = 16 << 20
	// markEvery is how many entries lie between two whose place is in memory.
	markEvery = 8
)

// segment is one file of the log. What it says of its length grows while it is the last
// one; then it changes no more. Owned by Log.mu, but for what stays the same: the name,
// the serial, the epoch, base, end and the file.
type segment struct {
	name   string
	serial uint64
	epoch  uint32
	base   int      // all its numbers are this or higher
	end    int      // the numbers below that it does not have were dropped
	file   vfs.File // to read

	size    int64  // up to where it has been read or written
	entries int    // how many it has
	next    int    // above the number of the last one, and at least end
	marks   []mark // of every eighth entry
	torn    bool   // something is behind size that is no entry
	gone    bool   // it was replaced, and its file is closed
}

// mark is where an entry is.
type mark struct {
	number uint32 // less base
	at     uint32
}

func segmentName(base int) string { return fmt.Sprintf("%016x%s", base, segmentExt) }

// head encodes what a segment begins with.
func (g *segment) head() []byte {
	b := append(make([]byte, 0, segmentHead), segmentMagic...)
	b = binary.LittleEndian.AppendUint64(b, g.serial)
	b = binary.LittleEndian.AppendUint32(b, g.epoch)
	b = binary.LittleEndian.AppendUint64(b, uint64(g.base))
	b = binary.LittleEndian.AppendUint64(b, uint64(g.end))
	return binary.LittleEndian.AppendUint32(b, crc32.Checksum(b, castagnoli))
}

// parseHead reads what head wrote.
func parseHead(b []byte) (g segment, err error) {
	if len(b) < segmentHead || string(b[:8]) != segmentMagic || binary.LittleEndian.Uint32(b[36:]) != crc32.Checksum(b[:36], castagnoli) {
		return g, errors.New("no segment of facts")
	}
	g.serial = binary.LittleEndian.Uint64(b[8:])
	g.epoch = binary.LittleEndian.Uint32(b[16:])
	base, end := binary.LittleEndian.Uint64(b[20:]), binary.LittleEndian.Uint64(b[28:])
	if base > maxNumber || end > maxNumber || end < base {
		return g, errors.New("a segment of impossible numbers")
	}
	g.base, g.end = int(base), int(end)
	return g, nil
}

// maxNumber is above every arrival number.
const maxNumber = 1 << 40

// openSegment opens a file of the log. One that was begun and got nothing is nil.
func openSegment(fs vfs.FS, dir, name string) (g *segment, err error) {
	base, err := strconv.ParseUint(strings.TrimSuffix(name, segmentExt), 16, 64)
	if err != nil {
		return nil, fmt.Errorf("%w: %s is no name of a segment", ErrCorrupt, name)
	}
	f, err := fs.Open(fs.PathJoin(dir, name))
	if err != nil {
		return nil, err
	}
	defer func() {
		if g == nil {
			_ = f.Close() // it was only read
		}
	}()
	raw := make([]byte, segmentHead)
	n, err := f.ReadAt(raw, 0)
	if err != nil && !errors.Is(err, io.EOF) {
		return nil, err
	}
	head, err := parseHead(raw[:n])
	if err != nil {
		if info, serr := f.Stat(); serr == nil && info.Size() <= segmentHead {
			return nil, nil
		}
		return nil, fmt.Errorf("%w: %s: %w", ErrCorrupt, name, err)
	}
	if head.base != int(base) {
		return nil, fmt.Errorf("%w: %s begins with number %x", ErrCorrupt, name, head.base)
	}
	g = &head
	g.name, g.file, g.size, g.next = name, f, segmentHead, g.end
	return g, nil
}

// length is how long the file is.
func (g *segment) length() (int64, error) {
	info, err := g.file.Stat()
	if err != nil {
		return 0, err
	}
	return info.Size(), nil
}

// note counts an entry of so many bytes that stands at size.
func (g *segment) note(number int, bytes int) {
	if g.entries%markEvery == 0 {
		g.marks = append(g.marks, mark{uint32(number - g.base), uint32(g.size)})
	}
	g.entries++
	g.size += int64(bytes)
	g.next = max(g.next, number+1)
}

// place returns between which bytes the entry with a number is, if it is there.
func (g *segment) place(number int) (from, to int64) {
	i, exact := slices.BinarySearchFunc(g.marks, number-g.base, func(m mark, n int) int { return int(m.number) - n })
	if !exact {
		i--
	}
	if i < 0 {
		return segmentHead, segmentHead
	}
	if to = g.size; i+1 < len(g.marks) {
		to = int64(g.marks[i+1].at)
	}
	return int64(g.marks[i].at), to
}
