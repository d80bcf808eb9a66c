package riblt

import (
	"encoding/binary"
	"errors"
	"fmt"
)

// MaxSize is the largest set size that a Run may claim.
const MaxSize = 1 << 40

// minSymbolBytes is the wire size of a symbol whose count differs from the
// expected one by less than 64: delta, check, sum.
const minSymbolBytes = 1 + 4 + 16

// ErrMalformed is returned for bytes that are not the encoding of a run.
var ErrMalformed = errors.New("riblt: malformed run")

// A Run is a stretch of one set's symbols, as it travels.
//
// On the wire it is start and size, then for each symbol the difference of its
// count from the expected floor(2·size/(i+2)), its check and its sum; nothing
// says how many there are, the run fills its bytes. Start and size are unsigned
// varints (LEB128), the difference is zig-zag coded and then the same, each in
// its shortest form; check and sum are 4 (big endian) and 16 bytes. A symbol
// costs 21 bytes, or 22 where the count's spread, sqrt(2·size/(i+2)), is large.
type Run struct {
	Start   int      // index of the first symbol
	Size    int64    // number of items in the sender's set
	Symbols []Symbol // the symbols Start, Start+1, ...
}

// Append appends the run's encoding to dst. The run must come from Next or
// ParseRun.
func (r Run) Append(dst []byte) []byte {
	dst = binary.AppendUvarint(dst, uint64(r.Start))
	dst = binary.AppendUvarint(dst, uint64(r.Size))
	for i, s := range r.Symbols {
		dst = binary.AppendVarint(dst, s.Count-expected(r.Size, r.Start+i))
		dst = binary.BigEndian.AppendUint32(dst, s.Check)
		dst = append(dst, s.Sum[:]...)
	}
	return dst
}

// ParseRun is the inverse of Append, and accepts one byte sequence per run. It
// refuses a run of no symbols or of more than limit, and counts that no set of
// the claimed size has. Every error is ErrMalformed. Its memory is bounded by
// len(b) and by limit; nothing in the result refers to b.
func ParseRun(b []byte, limit int) (Run, error) {
	start, b, err := uvarint(b)
	if err != nil {
		return Run{}, fmt.Errorf("start: %w", err)
	}
	size, b, err := uvarint(b)
	if err != nil {
		return Run{}, fmt.Errorf("size: %w", err)
	}
	if start >= MaxSymbols || size > MaxSize {
		return Run{}, fmt.Errorf("%w: start %d, size %d", ErrMalformed, start, size)
	}
	run := Run{Start: int(start), Size: int64(size)}
	run.Symbols = make([]Symbol, 0, max(0, min(limit, len(b)/minSymbolBytes)))
	for len(b) > 0 {
		if len(run.Symbols) >= limit {
			return Run{}, fmt.Errorf("%w: more than %d symbols", ErrMalformed, limit)
		}
		var s Symbol
		if s, b, err = parseSymbol(b, expected(run.Size, run.Start+len(run.Symbols))); err != nil {
			return Run{}, fmt.Errorf("symbol %d: %w", run.Start+len(run.Symbols), err)
		}
		run.Symbols = append(run.Symbols, s)
	}
	if err := run.check(); err != nil {
		return Run{}, fmt.Errorf("%w: %w", ErrMalformed, err)
	}
	return run, nil
}

// parseSymbol splits one symbol off b.
func parseSymbol(b []byte, expected int64) (Symbol, []byte, error) {
	zigzag, b, err := uvarint(b)
	if err != nil {
		return Symbol{}, nil, err
	}
	if len(b) < minSymbolBytes-1 {
		return Symbol{}, nil, fmt.Errorf("%w: cut short", ErrMalformed)
	}
	delta := int64(zigzag>>1) ^ -int64(zigzag&1)
	// A sum that overflows comes out negative, which check refuses.
	s := Symbol{Count: expected + delta, Check: binary.BigEndian.Uint32(b)}
	copy(s.Sum[:], b[4:])
	return s, b[minSymbolBytes-1:], nil
}

// check says what no encoder produces: an impossible position, size or count.
func (r Run) check() error {
	if len(r.Symbols) == 0 {
		return errors.New("no symbols")
	}
	if r.Start < 0 || r.Start > MaxSymbols-len(r.Symbols) || r.Size < 0 || r.Size > MaxSize {
		return fmt.Errorf("%d symbols from %d on of a set of %d", len(r.Symbols), r.Start, r.Size)
	}
	for i, s := range r.Symbols {
		if s.Count < 0 || s.Count > r.Size || r.Start+i == 0 && s.Count != r.Size {
			return fmt.Errorf("symbol %d counts %d of %d items", r.Start+i, s.Count, r.Size)
		}
	}
	return nil
}

// expected is the mean count of symbol i over all sets of this size.
func expected(size int64, i int) int64 { return 2 * size / int64(i+2) }

// uvarint splits an unsigned varint in its shortest form off b.
func uvarint(b []byte) (uint64, []byte, error) {
	v, n := binary.Uvarint(b)
	if n <= 0 || n > 1 && b[n-1] == 0 {
		return 0, nil, fmt.Errorf("%w: bad varint", ErrMalformed)
	}
	return v, b[n:], nil
}
