package gossip

import (
	"bytes"
	"encoding/binary"
	"fmt"

	"github.com/cairn-overlay/cairn/internal/riblt"
)

// syncVersion is the first byte of hello and welcome.
const syncVersion = 1

// frameKind is the first byte of a frame.
type frameKind byte

// The frames of a reconciliation, in the order in which they appear in one.
const (
	frameHello   frameKind = 1  // the client: who I am, what I hold
	frameWelcome frameKind = 2  // the server: the same, and how we go on
	frameRefuse  frameKind = 3  // the server: not now
	frameSymbols frameKind = 4  // a run of coded symbols
	frameMore    frameKind = 5  // that many more symbols, please
	frameAskList frameKind = 6  // a list instead of symbols, please
	frameList    frameKind = 7  // short hashes of the sender's whole set
	frameWant    frameKind = 8  // short hashes of facts that the sender lacks
	frameFacts   frameKind = 9  // facts
	frameEnd     frameKind = 10 // the solver has sent its wants and facts
	frameDone    frameKind = 11 // how the sender stands now
	frameAnew    frameKind = 12 // that many symbols under this session's key, please
	frameFetch   frameKind = 13 // items of facts that the sender lacks
)

// The flags of hello and welcome.
const (
	flagEverReady byte = 1 << iota
	flagFresh          // in hello only
	flagScope          // a scope stands at the end
)

// mode is how a reconciliation goes on after the welcome.
type mode byte

const (
	modeSame    mode = 0 // the sets are equal
	modeSymbols mode = 1 // symbols that the server keeps follow; the client solves
	modeList    mode = 2 // the server's list follows; the client solves
	modeTell    mode = 3 // the client lists, the server solves
	modeFeed    mode = 4 // what the server got since then follows
	modeFresh   mode = 5 // symbols under this session's key follow; the client solves
	modeNarrow  mode = 6 // another hello, please, about what is in the server's scope
	lastMode         = modeNarrow
)

const nonceSize = 8

// nonce is a side's part in the keys of a session.
type nonce [nonceSize]byte

// hello introduces a client: its nonce for this session, its set, and how much of the
// server's set it holds.
type hello struct {
	everReady bool
	fresh     bool // the last session was misled by symbols that everybody can compute
	nonce     nonce
	instance  [8]byte // of the set and its arrival numbers
	clock     uint64  // Unix seconds by the sender's clock; 0: it does not say
	size      uint64
	sum       uint64  // of the fingerprint, under the client's nonce alone
	next      uint64  // the arrival number that the sender's next fact gets
	holds     uint64  // of the peer's facts the sender holds those with numbers below
	of        [8]byte // the instance that this is about; nothing unless holds is something
	sketch    sketch
	over      scope // what all this is about, and so the session
}

const (
	// maxSetSize bounds the sizes that a peer may claim.
	maxSetSize = 1 << 40
	// maxClock bounds what a clock may show, in seconds.
	maxClock = 1 << 40
)

const helloFixed = 1 + 1 + nonceSize + 8

func (h hello) append(b []byte) []byte {
	flags := flag(h.everReady)*flagEverReady | flag(h.fresh)*flagFresh | flag(!h.over.all())*flagScope
	b = append(b, syncVersion, flags)
	b = append(b, h.nonce[:]...)
	b = append(b, h.instance[:]...)
	b = binary.AppendUvarint(b, h.clock)
	b = binary.AppendUvarint(b, h.size)
	b = binary.BigEndian.AppendUint64(b, h.sum)
	b = binary.AppendUvarint(b, h.next)
	b = binary.AppendUvarint(b, h.holds)
	if h.holds > 0 {
		b = append(b, h.of[:]...)
	}
	b = h.sketch.append(b)
	if !h.over.all() {
		b = h.over.append(b)
	}
	return b
}

func parseHello(b []byte) (h hello, err error) {
	if len(b) < helloFixed || b[0] != syncVersion || b[1] > flagEverReady|flagFresh|flagScope {
		return h, junkf("hello of %d bytes, or of another version", len(b))
	}
	scoped := b[1]&flagScope != 0
	h.everReady, h.fresh = b[1]&flagEverReady != 0, b[1]&flagFresh != 0
	b = b[2:]
	b = b[copy(h.nonce[:], b):]
	b = b[copy(h.instance[:], b):]
	if h.clock, b, err = parseUvarint(b, maxClock); err != nil {
		return h, fmt.Errorf("clock: %w", err)
	}
	if h.size, h.sum, b, err = parseSet(b); err != nil {
		return h, err
	}
	if h.next, h.holds, b, err = parseNumbers(b); err != nil {
		return h, err
	}
	if h.holds > 0 {
		if len(b) < len(h.of) {
			return h, junkf("hello without an instance")
		}
		b = b[copy(h.of[:], b):]
	}
	if len(b) < sketchSize {
		return h, junkf("sketch of %d bytes", len(b))
	}
	h.sketch, b = parseSketch(b), b[sketchSize:]
	if scoped {
		if h.over, b, err = cutScope(b); err != nil || h.over.all() {
			return h, junkf("hello about no scope: %v", err)
		}
	}
	return h, nothingLeft(b)
}

// parseSet splits a set's size and sum off b.
func parseSet(b []byte) (size, sum uint64, rest []byte, err error) {
	if size, b, err = parseUvarint(b, maxSetSize); err != nil {
		return 0, 0, nil, fmt.Errorf("size: %w", err)
	}
	if len(b) < 8 {
		return 0, 0, nil, junkf("no sum")
	}
	return size, binary.BigEndian.Uint64(b), b[8:], nil
}

// parseNumbers splits the arrival numbers next and holds off b.
func parseNumbers(b []byte) (next, holds uint64, rest []byte, err error) {
	if next, b, err = parseUvarint(b, maxSetSize); err != nil {
		return 0, 0, nil, fmt.Errorf("next: %w", err)
	}
	if holds, b, err = parseUvarint(b, maxSetSize); err != nil {
		return 0, 0, nil, fmt.Errorf("holds: %w", err)
	}
	return next, holds, b, nil
}

// welcome is the server's hello and its choice.
type welcome struct {
	everReady bool
	mode      mode
	nonce     nonce
	instance  [8]byte
	clock     uint64 // as in hello
	size      uint64
	sum       uint64 // of the fingerprint, under both nonces
	next      uint64 // as in hello
	holds     uint64 // of the client's facts the server holds those with numbers below
	count     uint64 // how many symbols follow
	stated    bool   // the server's own scope follows: it is not what the hello is about
	own       scope
}

func (w welcome) append(b []byte) []byte {
	b = append(b, syncVersion, flag(w.everReady)*flagEverReady|flag(w.stated)*flagScope, byte(w.mode))
	b = append(b, w.nonce[:]...)
	b = append(b, w.instance[:]...)
	b = binary.AppendUvarint(b, w.clock)
	b = binary.AppendUvarint(b, w.size)
	b = binary.BigEndian.AppendUint64(b, w.sum)
	b = binary.AppendUvarint(b, w.next)
	b = binary.AppendUvarint(b, w.holds)
	b = binary.AppendUvarint(b, w.count)
	if w.stated {
		b = w.own.append(b)
	}
	return b
}

func parseWelcome(b []byte) (w welcome, err error) {
	if len(b) < helloFixed+1 || b[0] != syncVersion {
		return w, junkf("welcome of %d bytes, or of another version", len(b))
	}
	if b[1]&^(flagEverReady|flagScope) != 0 {
		return w, junkf("unknown flags %#x", b[1])
	}
	w.everReady, w.stated = b[1]&flagEverReady != 0, b[1]&flagScope != 0
	if w.mode = mode(b[2]); w.mode > lastMode || w.mode == modeNarrow && !w.stated {
		return w, junkf("mode %d", w.mode)
	}
	b = b[3:]
	b = b[copy(w.nonce[:], b):]
	b = b[copy(w.instance[:], b):]
	if w.clock, b, err = parseUvarint(b, maxClock); err != nil {
		return w, fmt.Errorf("clock: %w", err)
	}
	if w.size, w.sum, b, err = parseSet(b); err != nil {
		return w, err
	}
	if w.next, w.holds, b, err = parseNumbers(b); err != nil {
		return w, err
	}
	if w.count, b, err = parseUvarint(b, max(maxSymbols, mostCells)); err != nil {
		return w, fmt.Errorf("count: %w", err)
	}
	if w.stated {
		if w.own, b, err = cutScope(b); err != nil {
			return w, junkf("welcome of no scope: %w", err)
		}
	}
	return w, nothingLeft(b)
}

// refusal is why a server does not serve now.
type refusal byte

const (
	refuseBusy refusal = 1 // too many sessions at once
	refuseRate refusal = 2 // this peer comes too often, or took too much
	// refuseAhead: the cut-off in hello is ahead of the server's clock.
	refuseAhead refusal = 3
)

func (r refusal) String() string {
	switch r {
	case refuseBusy:
		return "busy"
	case refuseRate:
		return "too often"
	case refuseAhead:
		return errAhead.Error()
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

// itemSize is the length of an item.
const itemSize = 16

// appendItems encodes what names facts: items, of which the first size bytes count.
func appendItems(b []byte, names []riblt.Item, size int) []byte {
	for i := range names {
		b = append(b, names[i][:size]...)
	}
	return b
}

// parseItems reads at least one name of that size. They ascend strictly.
func parseItems(b []byte, size int) ([]riblt.Item, error) {
	if len(b) == 0 || len(b)%size != 0 {
		return nil, junkf("%d bytes are no names", len(b))
	}
	names := make([]riblt.Item, 0, len(b)/size)
	for ; len(b) > 0; b = b[size:] {
		var it riblt.Item
		copy(it[:size], b)
		if n := len(names); n > 0 && compareItems(names[n-1], it) >= 0 {
			return nil, junkf("names do not ascend")
		}
		names = append(names, it)
	}
	return names, nil
}

func compareItems(a, b riblt.Item) int { return bytes.Compare(a[:], b[:]) }

// parseEnd reads whether a limit cut short what the solver sent: the session cannot
// end in agreement then.
func parseEnd(b []byte) (partial bool, err error) {
	if len(b) != 1 {
		return false, junkf("end of %d bytes", len(b))
	}
	return parseFlag(b[0])
}

// done says how its sender stands: at the end of the session, or after its last turn.
type done struct {
	whole bool   // it holds all that it should now, flushed
	sum   uint64 // of the fingerprint of that, under both nonces
	reach uint64 // of the sender's facts the receiver holds those with numbers below; 0 if unknown
}

func (d done) append(b []byte) []byte {
	b = binary.BigEndian.AppendUint64(append(b, flag(d.whole)), d.sum)
	return binary.AppendUvarint(b, d.reach)
}

func parseDone(b []byte) (d done, err error) {
	if len(b) < 1+8+1 {
		return d, junkf("done of %d bytes", len(b))
	}
	if d.whole, err = parseFlag(b[0]); err != nil {
		return d, err
	}
	d.sum = binary.BigEndian.Uint64(b[1:])
	if d.reach, b, err = parseUvarint(b[9:], maxSetSize); err != nil {
		return d, fmt.Errorf("reach: %w", err)
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
