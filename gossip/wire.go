package gossip

import (
	"bufio"
	"encoding/binary"
	"errors"
	"fmt"
	"io"
	"time"

	"github.com/cairn-overlay/cairn/internal/weak"
)

// Limits of one reconciliation, the same on both sides. docs/spec/003-reconciliation.md
// has them as a table.
const (
	sessionTime  = 9 * time.Second // from the first byte to the last
	frameTime    = 6 * time.Second // for the next frame to arrive whole
	maxFrame     = 64 << 10        // bytes of a frame's payload
	maxSessionIn = 32 << 20        // bytes that a side reads
	factsBudget  = 24 << 20        // bytes of facts that a side sends
	factsFrame   = 32 << 10        // bytes of facts after which a frame is sent
	maxSymbols   = 12_288          // coded symbols; the decoder then takes 6 MB at worst
	maxWanted    = 65_536          // facts that a solver asks for
	maxFactSize  = 8 << 10         // bytes of a fact, on the topic too
)

// ErrJunk marks a reconciliation that failed because the peer broke the protocol
// or sent what does not verify. Such a peer is left alone for a while.
var ErrJunk = errors.New("gossip: peer sent junk")

func junkf(format string, args ...any) error {
	return fmt.Errorf("%w: %w", ErrJunk, fmt.Errorf(format, args...))
}

// stream is what a session runs on: a libp2p stream, or a pipe.
type stream interface {
	io.ReadWriter
	SetReadDeadline(time.Time) error
	SetWriteDeadline(time.Time) error
}

// wire reads and writes frames: a type byte, the payload's length as an unsigned
// varint in its shortest form, the payload. One goroutine owns it.
type wire struct {
	s       stream
	r       *bufio.Reader
	w       *bufio.Writer
	until   time.Time
	in, out int64
	waits   int  // how often we turned from writing to reading: round trips
	unsent  bool // written, and the peer has not been waited for since
	payload []byte
}

// newWire gives the session sessionTime from now on.
func newWire(s stream) *wire {
	w := &wire{s: s, r: bufio.NewReaderSize(s, 4<<10), w: bufio.NewWriterSize(s, 16<<10), until: time.Now().Add(sessionTime)}
	if weak.Off(weak.SyncCaps) {
		w.until = w.until.Add(time.Hour)
	}
	_ = s.SetWriteDeadline(w.until) // a stream that cannot be timed is reset by its owner's context
	return w
}

// write queues a frame. It is sent by the next read, by flush, or when the buffer is full.
func (w *wire) write(kind frameKind, payload []byte) error {
	var head [1 + binary.MaxVarintLen32]byte
	head[0] = byte(kind)
	n := 1 + binary.PutUvarint(head[1:], uint64(len(payload)))
	w.out += int64(n + len(payload))
	w.unsent = true
	if _, err := w.w.Write(head[:n]); err != nil {
		return err
	}
	_, err := w.w.Write(payload)
	return err
}

// flush sends what was written.
func (w *wire) flush() error { return w.w.Flush() }

// read sends what was written and returns the next frame. The payload is valid
// until the next read. io.EOF comes only between frames.
func (w *wire) read() (frameKind, []byte, error) {
	if w.unsent {
		if err := w.flush(); err != nil {
			return 0, nil, err
		}
		w.unsent = false
		w.waits++
	}
	limit := time.Now().Add(frameTime)
	if limit.After(w.until) || weak.Off(weak.SyncCaps) {
		limit = w.until
	}
	_ = w.s.SetReadDeadline(limit)
	kind, err := w.r.ReadByte()
	if err != nil {
		return 0, nil, err
	}
	size, n, err := readLength(w.r)
	if err != nil {
		return 0, nil, err
	}
	if w.in += int64(1 + n + size); w.in > maxSessionIn {
		return 0, nil, junkf("more than %d bytes", maxSessionIn)
	}
	if cap(w.payload) < size {
		w.payload = make([]byte, size)
	}
	w.payload = w.payload[:size]
	if _, err := io.ReadFull(w.r, w.payload); err != nil {
		return 0, nil, unexpected(err)
	}
	return frameKind(kind), w.payload, nil
}

// readLength reads a payload's length and returns it with the number of bytes it took.
func readLength(r io.ByteReader) (size, n int, err error) {
	for n < 3 {
		b, err := r.ReadByte()
		if err != nil {
			return 0, 0, unexpected(err)
		}
		size |= int(b&0x7f) << (7 * n)
		n++
		if b < 0x80 {
			if b == 0 && n > 1 {
				return 0, 0, junkf("length is not in its shortest form")
			}
			if size > maxFrame {
				return 0, 0, junkf("frame of %d bytes", size)
			}
			return size, n, nil
		}
	}
	return 0, 0, junkf("frame of more than %d bytes", maxFrame)
}

func unexpected(err error) error {
	if errors.Is(err, io.EOF) {
		return io.ErrUnexpectedEOF
	}
	return err
}
