package gossip

import (
	"encoding/binary"
	"fmt"
)

// syncVersion is the first byte of hello and welcome.
const syncVersion = 1

// frameKind is the first byte of a frame.
type frameKind byte

// The frames of a reconciliation, in the order in which they appear in one.
const (
	frameHello   frameKind = 1  // the client: who I am, how large my set is
	frameWelcome frameKind = 2  // the server: the same, and how we go on
	frameRefuse  frameKind = 3  // the server: not now
	frameSymbols frameKind = 4  // a run of coded symbols
	frameMore    frameKind = 5  // that many more symbols, please
	frameAskList frameKind = 6  // a list instead of symbols, please
	frameList    frameKind = 7  // short hashes of the sender's whole set
	frameWant    frameKind = 8  // short hashes of facts that the sender lacks
	frameFacts   frameKind = 9  // facts
	frameEnd     frameKind = 10 // the solver has sent its wants and facts
	frameDone    frameKind = 11 // the sender has everything
)

// mode is how a reconciliation goes on after the welcome.
type mode byte

const (
	modeSame    mode = 0 // nothing has changed since we last agreed
	modeSymbols mode = 1 // symbols follow; the client solves
	modeList    mode = 2 // the server's list follows; the client solves
	modeTell    mode = 3 // the client lists, the server solves
)

// hello introduces a side: its nonce for this session, and its set. Of one
// instance of a set, equal generations are equal sets.
type hello struct {
	everReady  bool
	nonce      [16]byte
	instance   [8]byte
	generation uint64
	size       uint64
}

// maxSetSize bounds the size and generation that a peer may claim.
const maxSetSize = 1 << 40

const helloFixed = 1 + 1 + 16 + 8

func (h hello) append(b []byte) []byte {
	b = append(b, syncVersion, flag(h.everReady))
	return h.appendRest(b)
}

func (h hello) appendRest(b []byte) []byte {
	b = append(b, h.nonce[:]...)
	b = append(b, h.instance[:]...)
	b = binary.AppendUvarint(b, h.generation)
	return binary.AppendUvarint(b, h.size)
}

func parseHello(b []byte) (h hello, err error) {
	if len(b) < helloFixed || b[0] != syncVersion {
		return h, junkf("hello of %d bytes, or of another version", len(b))
	}
	if h.everReady, err = parseFlag(b[1]); err != nil {
		return h, err
	}
	return h, h.parseRest(b[2:])
}

func (h *hello) parseRest(b []byte) (err error) {
	b = b[copy(h.nonce[:], b):]
	b = b[copy(h.instance[:], b):]
	if h.generation, b, err = parseUvarint(b, maxSetSize); err != nil {
		return fmt.Errorf("generation: %w", err)
	}
	if h.size, b, err = parseUvarint(b, maxSetSize); err != nil {
		return fmt.Errorf("size: %w", err)
	}
	return nothingLeft(b)
}

// welcome is the server's hello and its choice.
type welcome struct {
	hello
	mode mode
}

func (w welcome) append(b []byte) []byte {
	b = append(b, syncVersion, flag(w.everReady), byte(w.mode))
	return w.appendRest(b)
}

func parseWelcome(b []byte) (w welcome, err error) {
	if len(b) < helloFixed+1 || b[0] != syncVersion {
		return w, junkf("welcome of %d bytes, or of another version", len(b))
	}
	if w.everReady, err = parseFlag(b[1]); err != nil {
		return w, err
	}
	if w.mode = mode(b[2]); w.mode > modeTell {
		return w, junkf("mode %d", w.mode)
	}
	return w, w.parseRest(b[3:])
}

// refusal is why a server does not serve now.
type refusal byte

const (
	refuseBusy refusal = 1 // too many sessions at once
	refuseRate refusal = 2 // this peer comes too often, or took too much
)

func (r refusal) String() string {
	switch r {
	case refuseBusy:
		return "busy"
	case refuseRate:
		return "too often"
	}
	return fmt.Sprintf("reason %d", byte(r))
}

func parseRefusal(b []byte) (refusal, error) {
	if len(b) != 1 {
		return 0, junkf("refusal of %d bytes", len(b))
	}
	return refusal(b[0]), nil
}

// parseMore reads how many further symbols are asked for, at most limit.
func parseMore(b []byte, limit int) (int, error) {
	n, b, err := parseUvarint(b, uint64(max(limit, 0)))
	if err == nil && n == 0 {
		err = junkf("asks for no symbols")
	}
	if err == nil {
		err = nothingLeft(b)
	}
	return int(n), err
}

// hashSize is the length of a short hash: the first bytes of an item.
const hashSize = 8

// maxHashes is how many short hashes a frame may hold.
const maxHashes = (maxFrame - 1) / hashSize

// appendList encodes a stretch of a list. last says that the list ends here.
func appendList(b []byte, hashes []uint64, last bool) []byte {
	return appendHashes(append(b, flag(last)), hashes)
}

func parseList(b []byte) (hashes []uint64, last bool, err error) {
	if len(b) == 0 {
		return nil, false, junkf("empty list frame")
	}
	if last, err = parseFlag(b[0]); err != nil {
		return nil, false, err
	}
	if len(b) == 1 && !last {
		return nil, false, junkf("list goes on with nothing")
	}
	hashes, err = parseHashes(b[1:])
	return hashes, last, err
}

func appendHashes(b []byte, hashes []uint64) []byte {
	for _, h := range hashes {
		b = binary.BigEndian.AppendUint64(b, h)
	}
	return b
}

// parseHashes reads short hashes, which ascend strictly.
func parseHashes(b []byte) ([]uint64, error) {
	if len(b)%hashSize != 0 {
		return nil, junkf("%d bytes are no hashes", len(b))
	}
	hashes := make([]uint64, 0, len(b)/hashSize)
	for ; len(b) > 0; b = b[hashSize:] {
		h := binary.BigEndian.Uint64(b)
		if n := len(hashes); n > 0 && h <= hashes[n-1] {
			return nil, junkf("hashes do not ascend")
		}
		hashes = append(hashes, h)
	}
	return hashes, nil
}

func appendFact(b, fact []byte) []byte {
	return append(binary.AppendUvarint(b, uint64(len(fact))), fact...)
}

// parseFacts splits a frame of facts. The results refer to b and are not verified.
func parseFacts(b []byte) ([][]byte, error) {
	if len(b) == 0 {
		return nil, junkf("empty frame of facts")
	}
	var facts [][]byte
	for len(b) > 0 {
		n, rest, err := parseUvarint(b, maxFactSize)
		if err != nil {
			return nil, fmt.Errorf("fact length: %w", err)
		}
		if n == 0 || int(n) > len(rest) {
			return nil, junkf("fact of %d bytes in %d", n, len(rest))
		}
		facts = append(facts, rest[:n])
		b = rest[n:]
	}
	return facts, nil
}

// end closes what a solver sends: its wants and the facts the describer lacks.
type end struct {
	partial bool   // a limit cut it short: the round cannot end in agreement
	union   uint64 // XOR of the short hashes of both sets' union
}

func (e end) append(b []byte) []byte {
	return binary.BigEndian.AppendUint64(append(b, flag(e.partial)), e.union)
}

func parseEnd(b []byte) (e end, err error) {
	if len(b) != 1+8 {
		return e, junkf("end of %d bytes", len(b))
	}
	e.union = binary.BigEndian.Uint64(b[1:])
	e.partial, err = parseFlag(b[0])
	return e, err
}

// done says how the session ended for its sender.
type done struct {
	agreed     bool   // the sender holds the union, flushed
	exact      bool   // and at this generation its set was the union and nothing else
	generation uint64 // 0 unless exact
	union      uint64 // XOR of the short hashes of what the sender should hold now
}

func (d done) append(b []byte) []byte {
	b = append(b, flag(d.agreed)|flag(d.exact)<<1)
	b = binary.BigEndian.AppendUint64(b, d.union)
	return binary.AppendUvarint(b, d.generation)
}

func parseDone(b []byte) (d done, err error) {
	if len(b) < 1+8+1 || b[0] > 3 || b[0] == 2 {
		return d, junkf("done of %d bytes", len(b))
	}
	d.agreed, d.exact = b[0]&1 != 0, b[0]&2 != 0
	d.union = binary.BigEndian.Uint64(b[1:])
	if d.generation, b, err = parseUvarint(b[9:], maxSetSize); err != nil {
		return d, fmt.Errorf("generation: %w", err)
	}
	if d.generation != 0 && !d.exact {
		return d, junkf("generation without exactness")
	}
	return d, nothingLeft(b)
}

func flag(set bool) byte {
	if set {
		return 1
	}
	return 0
}

func parseFlag(b byte) (bool, error) {
	if b > 1 {
		return false, junkf("unknown flags %#x", b)
	}
	return b == 1, nil
}

// parseUvarint splits an unsigned varint of at most limit, in its shortest form, off b.
func parseUvarint(b []byte, limit uint64) (uint64, []byte, error) {
	v, n := binary.Uvarint(b)
	if n <= 0 || n > 1 && b[n-1] == 0 {
		return 0, nil, junkf("bad varint")
	}
	if v > limit {
		return 0, nil, junkf("%d is over %d", v, limit)
	}
	return v, b[n:], nil
}

func nothingLeft(b []byte) error {
	if len(b) > 0 {
		return junkf("%d bytes too many", len(b))
	}
	return nil
}
