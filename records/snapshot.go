package records

import (
	"bufio"
	"errors"
	"fmt"
	"io"
	"strings"
)

// SnapshotType begins a snapshot of facts.
const SnapshotType = kindPrefix + "facts/1"

// A SnapshotWriter writes facts as a snapshot: a sequence of CBOR items (RFC 8742), which
// are [SnapshotType] as text, the canonical bytes of each fact, and, as an unsigned
// integer, how many these are. Each fact proves itself, so a snapshot needs no signature;
// the number tells whether it is whole.
type SnapshotWriter struct {
	w *bufio.Writer
	n int
}

// NewSnapshotWriter begins a snapshot.
func NewSnapshotWriter(w io.Writer) *SnapshotWriter {
	s := &SnapshotWriter{w: bufio.NewWriterSize(w, 64<<10)}
	_, _ = s.w.Write(appendText(nil, SnapshotType)) // End returns the first error
	return s
}

// Write adds a fact, by its canonical bytes.
func (s *SnapshotWriter) Write(fact []byte) error {
	s.n++
	_, err := s.w.Write(fact)
	return err
}

// Len returns how many facts were written.
func (s *SnapshotWriter) Len() int { return s.n }

// End ends the snapshot. Without it a reader says that the snapshot is cut short.
func (s *SnapshotWriter) End() error {
	if _, err := s.w.Write(appendUint(nil, uint64(s.n))); err != nil {
		return err
	}
	return s.w.Flush()
}

// A SnapshotReader reads what a SnapshotWriter wrote, in little memory.
type SnapshotReader struct {
	r *bufio.Reader
	n int
}

// NewSnapshotReader begins to read. What does not begin as a snapshot is ErrMalformed.
func NewSnapshotReader(r io.Reader) (*SnapshotReader, error) {
	s := &SnapshotReader{r: bufio.NewReaderSize(r, 64<<10)}
	head := string(appendText(nil, SnapshotType))
	b, err := s.r.Peek(len(head))
	switch {
	case !strings.HasPrefix(head, string(b)):
		err = fmt.Errorf("%w: it does not begin with %q", ErrMalformed, SnapshotType)
	case errors.Is(err, io.EOF):
		err = io.ErrUnexpectedEOF
	}
	if err == nil {
		_, err = s.r.Discard(len(head))
	}
	if err != nil {
		return nil, fmt.Errorf("snapshot: %w", err)
	}
	return s, nil
}

// Next returns the bytes of the next fact, a fresh copy, which are not verified: OpenFact
// does. At the end of a whole snapshot it is io.EOF; of one that lost its end,
// io.ErrUnexpectedEOF; what is no snapshot is ErrMalformed.
func (s *SnapshotReader) Next() ([]byte, error) {
	b, err := s.item()
	if err != nil {
		return nil, fmt.Errorf("snapshot: after %d facts: %w", s.n, err)
	}
	switch b[0] >> 5 {
	case majorArray:
		s.n++
		return b, nil
	case majorUint:
		if _, n, size := argument(string(b)); n != uint64(s.n) || size != headSize(n) {
			return nil, fmt.Errorf("snapshot: %w: it ends as one of %d facts, after %d", ErrMalformed, n, s.n)
		}
		if _, err := s.r.Peek(1); err == nil {
			return nil, fmt.Errorf("snapshot: %w: it goes on behind its end", ErrMalformed)
		} else if !errors.Is(err, io.EOF) {
			return nil, err
		}
		return nil, io.EOF
	}
	return nil, fmt.Errorf("snapshot: %w: something that is no fact, after %d", ErrMalformed, s.n)
}

// Len returns how many facts were read.
func (s *SnapshotReader) Len() int { return s.n }

// item reads the next item of CBOR, of at most MaxFactSize bytes.
func (s *SnapshotReader) item() ([]byte, error) {
	for _, most := range []int{MaxTombstoneSize, MaxFactSize} {
		b, err := s.r.Peek(most)
		if err != nil && !errors.Is(err, io.EOF) {
			return nil, err
		}
		if item, ok := CutItem(b); ok {
			item = append([]byte(nil), item...)
			_, err = s.r.Discard(len(item))
			return item, err
		}
		if len(b) < most { // that is all there is
			return nil, io.ErrUnexpectedEOF
		}
	}
	return nil, fmt.Errorf("%w: no item of CBOR, or one of over %d bytes", ErrMalformed, MaxFactSize)
}

// CutItem returns the one well-formed item of CBOR, canonical or not, that b begins with.
func CutItem(b []byte) (item []byte, ok bool) {
	n := wellFormed(string(b[:min(len(b), MaxFactSize)]), 0)
	return b[:n], n > 0
}
