package factlog

import (
	"encoding/binary"
	"errors"
	"hash/crc32"
	"math"
	"slices"
	"time"

	"github.com/cairn-overlay/cairn/records"
)

// MaxSource bounds the bytes of a source.
const MaxSource = 32

// sources are those that take no more than their code, which is 0x80 and the place.
var sources = [...]string{"local", "gossip", "sync", "dht"}

const (
	entryHead  = 4 + 2     // checksum and size
	entryFixed = 4 + 8 + 1 // number, time, source
	sourceCode = 0x80      // a code in place of a length
	maxFact    = 8 << 10   // bytes of a fact of whatever kind
	leastEntry = entryFixed + 1
	mostEntry  = entryFixed + MaxSource + maxFact
)

// Entry is a fact as it arrived.
type Entry struct {
	Number int       // its arrival number
	At     time.Time // kept to the microsecond
	Source string    // at most MaxSource bytes
	Fact   records.Fact
}

var castagnoli = crc32.MakeTable(crc32.Castagnoli)

// append encodes an entry of a segment that begins with number base.
func (e Entry) append(b []byte, base int) []byte {
	at := len(b)
	b = append(b, make([]byte, entryHead)...)
	b = binary.LittleEndian.AppendUint32(b, uint32(e.Number-base))
	b = binary.LittleEndian.AppendUint64(b, uint64(e.At.UnixMicro()))
	if code := slices.Index(sources[:], e.Source); code >= 0 {
		b = append(b, sourceCode|byte(code))
	} else {
		b = append(append(b, byte(len(e.Source))), e.Source...)
	}
	b = e.Fact.AppendBytes(b)
	binary.LittleEndian.PutUint16(b[at+4:], uint16(len(b)-at-entryHead))
	binary.LittleEndian.PutUint32(b[at:], crc32.Checksum(b[at+4:], castagnoli))
	return b
}

var (
	errShort = errors.New("an entry is cut short")
	errEntry = errors.New("an entry does not verify")
)

// cut returns the bytes of the entry that b begins with, its head included, and its
// number. errShort says that there are not enough bytes to tell; errEntry that it is
// none. The checksum is not looked at.
func cut(b []byte, base int) (raw []byte, number int, err error) {
	if len(b) < entryHead {
		return nil, 0, errShort
	}
	size := int(binary.LittleEndian.Uint16(b[4:]))
	if size < leastEntry || size > mostEntry {
		return nil, 0, errEntry
	}
	if len(b) < entryHead+size {
		return nil, 0, errShort
	}
	return b[:entryHead+size], base + int(binary.LittleEndian.Uint32(b[entryHead:])), nil
}

// open verifies the bytes of an entry, as cut returned them, and the fact.
func open(raw []byte, base int) (e Entry, err error) {
	if binary.LittleEndian.Uint32(raw) != crc32.Checksum(raw[4:], castagnoli) {
		return e, errEntry
	}
	b := raw[entryHead:]
	e.Number = base + int(binary.LittleEndian.Uint32(b))
	micros := binary.LittleEndian.Uint64(b[4:])
	if micros > math.MaxInt64 && int64(micros) > 0 {
		return e, errEntry
	}
	e.At = time.UnixMicro(int64(micros)).UTC()
	n := int(b[12])
	if b = b[entryFixed:]; n >= sourceCode {
		if n -= sourceCode; n >= len(sources) {
			return e, errEntry
		}
		e.Source = sources[n]
	} else {
		if n > MaxSource || n > len(b) {
			return e, errEntry
		}
		e.Source, b = string(b[:n]), b[n:]
	}
	e.Fact, err = records.OpenFact(b)
	return e, err
}
