package gossip

import (
	"crypto/aes"
	"crypto/cipher"
	"crypto/sha256"
	"encoding/binary"

	"github.com/cairn-overlay/cairn/internal/riblt"
	"github.com/cairn-overlay/cairn/records"
)

// essence is what all nodes compute of a fact alike, without a session's key: of a
// tombstone, from its subject.
type essence struct {
	item  riblt.Item // begins with its subject's digest
	signs uint32     // a bit for each counter of a sketch
	lanes fingerprint
}

// essenceOf draws it from the key stream of AES-256 in counter mode, under the fact's
// item as key: 8 bytes for the end of the item, 4 for the signs, 4 of no use, and the
// lanes.
func essenceOf(id records.AgentID) (e essence) {
	block, head := streamOf(id)
	e.item = itemFrom(id, &head)
	e.signs = binary.BigEndian.Uint32(head[8:])
	var stream [lanesSize]byte
	cipher.NewCTR(block, []byte{aes.BlockSize - 1: 1}).XORKeyStream(stream[:], stream[:])
	for i := range e.lanes {
		e.lanes[i] = binary.BigEndian.Uint64(stream[8*i:])
	}
	return e
}

// itemOf is the item alone.
func itemOf(id records.AgentID) riblt.Item {
	_, head := streamOf(id)
	return itemFrom(id, &head)
}

// streamOf returns the cipher of a fact and the first block of its stream.
func streamOf(id records.AgentID) (block cipher.Block, head [aes.BlockSize]byte) {
	key := records.DeadItem(id)
	block, _ = aes.NewCipher(key[:]) // never fails: 32 bytes are a key
	block.Encrypt(head[:], head[:])
	return block, head
}

func itemFrom(id records.AgentID, head *[aes.BlockSize]byte) (it riblt.Item) {
	digest := id.Digest()
	copy(it[:8], digest[:])
	copy(it[8:], head[:8])
	return it
}

// lanesSize is the length of a fingerprint.
const lanesSize = 512

// A fingerprint tells sets apart, and grows with them: the sum of what is drawn for
// each element, in 256 lanes of 16 bits (LtHash; Bellare and Micciancio 1997, Lewi
// and others 2019). To find two sets with one fingerprint is to find short solutions
// of 256 random equations modulo 2^16.
type fingerprint [lanesSize / 8]uint64

// add adds the lanes of an element, four in a word: the carry stays in its lane.
func (p *fingerprint) add(q *fingerprint) {
	const low = 0x7fff_7fff_7fff_7fff
	for i, a := range p {
		b := q[i]
		p[i] = (a&low + b&low) ^ (a^b)&^low
	}
}

// take takes the lanes of an element out again.
func (p *fingerprint) take(q *fingerprint) {
	var less fingerprint // each lane is 2^16 less q's
	for i, v := range q {
		less[i] = ^v
	}
	p.add(&less)
	for i := range less {
		less[i] = 0x0001_0001_0001_0001
	}
	p.add(&less)
}

const sumDomain = "cairn-sync/1 sum"

// sum is 8 bytes of the fingerprint that say something in one session only: what is
// the same under nonces drawn by both sides is the same.
func (p *fingerprint) sum(client, server nonce) uint64 {
	b := append([]byte(sumDomain), client[:]...)
	b = append(append(b, server[:]...), p.bytes()...)
	sum := sha256.Sum256(b)
	return binary.BigEndian.Uint64(sum[:])
}

func (p *fingerprint) bytes() []byte {
	b := make([]byte, 0, lanesSize)
	for _, v := range p {
		b = binary.BigEndian.AppendUint64(b, v)
	}
	return b
}
