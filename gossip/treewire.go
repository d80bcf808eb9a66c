package gossip

import (
	"bufio"
	"encoding/binary"
	"fmt"
	"io"
	"math"

	"github.com/cairn-overlay/cairn/gossip/tree"
)

// The frames of the tree protocol: a length as an unsigned varint in its shortest
// form, a kind, a payload. docs/spec/004-trees.md has them.
const (
	treePush  = 1 // tag (4 bytes), the bytes of a fact
	treeName  = 2 // names of facts that are here, 8 bytes each
	treeFetch = 3 // names of facts that are wanted
	treeWords = 4 // tag (4), role (1), seq (2), distance in units of 10 us (varint), each
	treePing  = 5 // 8 bytes that come back
	treePong  = 6
	treePulse = 7 // flags (1), number of facts (uvarint), their sum under the link's key (8)
	treeMore  = 8 // how many of the next facts are wanted, whatever their trees (uvarint)
)

const (
	nameSize     = len(tree.Name{})
	tagSize      = 4
	maxTreeFrame = 1 + tagSize + maxFactSize
	// distanceUnit is what a distance is rounded to on the wire.
	distanceUnit = 10
)

// appendFrame adds a frame to b.
func appendFrame(b []byte, kind byte, parts ...[]byte) []byte {
	size := 1
	for _, p := range parts {
		size += len(p)
	}
	b = append(binary.AppendUvarint(b, uint64(size)), kind)
	for _, p := range parts {
		b = append(b, p...)
	}
	return b
}

// appendPush adds a push to b.
func appendPush(b []byte, tag tree.Tag, fact []byte) []byte {
	return appendFrame(b, treePush, binary.BigEndian.AppendUint32(nil, uint32(tag)), fact)
}

// appendWords adds what is to be told to b.
func appendWords(b []byte, words []tree.Word) []byte {
	var payload []byte
	for _, w := range words {
		payload = binary.BigEndian.AppendUint32(payload, uint32(w.Tag))
		payload = append(payload, byte(w.Role))
		payload = binary.BigEndian.AppendUint16(payload, w.Seq)
		payload = binary.AppendUvarint(payload, uint64(w.Dist/distanceUnit))
	}
	return appendFrame(b, treeWords, payload)
}

// appendMore adds a request for the next facts to b.
func appendMore(b []byte, facts int) []byte {
	return appendFrame(b, treeMore, binary.AppendUvarint(nil, uint64(facts)))
}

// parseMoreFacts reads how many a neighbour asks for.
func parseMoreFacts(b []byte) (facts int, err error) {
	v, n := binary.Uvarint(b)
	if n <= 0 || n != len(b) || n > 1 && b[n-1] == 0 {
		return 0, junkf("a number that is no varint in its shortest form")
	}
	return int(min(v, math.MaxInt32)), nil
}

// parseWords reads what a neighbour tells.
func parseWords(b []byte) (words []tree.Word, err error) {
	for len(b) > 0 {
		if len(b) < tagSize+3 {
			return nil, junkf("a word of %d bytes", len(b))
		}
		w := tree.Word{Tag: tree.Tag(binary.BigEndian.Uint32(b)), Role: tree.Role(b[tagSize])}
		w.Seq = binary.BigEndian.Uint16(b[tagSize+1:])
		dist, n := binary.Uvarint(b[tagSize+3:])
		if n <= 0 || n > 1 && b[tagSize+2+n] == 0 {
			return nil, junkf("a distance that is no varint in its shortest form")
		}
		w.Dist = tree.Dist(min(dist, uint64(tree.Unreachable/distanceUnit))) * distanceUnit
		if w.Role > tree.Parent|tree.Backup|tree.Ask {
			return nil, junkf("role %d", w.Role)
		}
		words, b = append(words, w), b[tagSize+3+n:]
	}
	return words, nil
}

// The flags of a pulse.
const (
	pulseEverReady = 1 << iota
	pulseIsEcho
	pulseScope // the sender's scope stands at the end
)

// appendPulse adds a pulse to b.
func appendPulse(b []byte, p pulse) []byte {
	var flags byte
	if p.everReady {
		flags |= pulseEverReady
	}
	if p.echo {
		flags |= pulseIsEcho
	}
	if !p.own.all() {
		flags |= pulseScope
	}
	payload := binary.BigEndian.AppendUint64(binary.AppendUvarint([]byte{flags}, p.size), p.sum)
	if !p.own.all() {
		payload = p.own.append(payload)
	}
	return appendFrame(b, treePulse, payload)
}

// parsePulse reads a pulse.
func parsePulse(b []byte) (p pulse, err error) {
	if len(b) < 1+1+8 || b[0] > pulseEverReady|pulseIsEcho|pulseScope {
		return p, junkf("a pulse of %d bytes", len(b))
	}
	flags := b[0]
	p.everReady, p.echo = flags&pulseEverReady != 0, flags&pulseIsEcho != 0
	if p.size, p.sum, b, err = parseSet(b[1:]); err != nil {
		return p, err
	}
	if flags&pulseScope != 0 {
		if p.own, b, err = cutScope(b); err != nil || p.own.all() {
			return p, junkf("a pulse of no scope: %v", err)
		}
	}
	return p, nothingLeft(b)
}

// parseNames reads the names of facts.
func parseNames(b []byte) (names []tree.Name, err error) {
	if len(b) == 0 || len(b)%nameSize != 0 {
		return nil, junkf("names of %d bytes", len(b))
	}
	for ; len(b) > 0; b = b[nameSize:] {
		names = append(names, tree.Name(b[:nameSize]))
	}
	return names, nil
}

// parsePush splits a push; the fact is part of b.
func parsePush(b []byte) (tag tree.Tag, fact []byte, err error) {
	if len(b) <= tagSize {
		return 0, nil, junkf("a push of %d bytes", len(b))
	}
	return tree.Tag(binary.BigEndian.Uint32(b)), b[tagSize:], nil
}

// readTreeFrame reads one frame into buf, which grows as needed, and returns it with
// the payload, which is valid until the next call. io.EOF comes only between frames.
func readTreeFrame(r *bufio.Reader, buf *[]byte) (kind byte, payload []byte, err error) {
	if _, err := r.Peek(1); err != nil {
		return 0, nil, err
	}
	size, _, err := readLength(r)
	if err != nil {
		return 0, nil, err
	}
	if size < 1 || size > maxTreeFrame {
		return 0, nil, junkf("a frame of %d bytes", size)
	}
	if cap(*buf) < size {
		*buf = make([]byte, size)
	}
	b := (*buf)[:size]
	if _, err := io.ReadFull(r, b); err != nil {
		return 0, nil, fmt.Errorf("frame: %w", unexpected(err))
	}
	return b[0], b[1:], nil
}
