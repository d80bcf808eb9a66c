package gossip

import (
	"crypto/aes"
	"crypto/cipher"
	"crypto/sha256"
	"encoding/binary"

	"github.com/cairn-overlay/cairn/internal/riblt"
	"github.com/cairn-overlay/cairn/records"
)

// essence is what all nodes compute of a fact alike, without a session's key: from its item,
// which is one for all proofs of the same.
type essence struct {
	item  riblt.Item // begins with its subject's digest
	signs uint32     // a bit for each counter of a sketch
	lanes fingerprint
}

// essenceOf draws it from the key stream of AES-256 in counter mode, under the fact's
// item as key: 8 bytes for the end of the item, 4 for the signs, 4 of no use, and the
// lanes.
func essenceOf(f records.Fact) (e essence) {
	id := f.ID()
	block, head := streamOf(f, id)
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
func itemOf(f records.Fact) riblt.Item {
	id := f.ID()
	_, head := streamOf(f, id)
	return itemFrom(id, &head)
}

// streamOf returns the cipher of a fact about id and the first block of its stream.
func streamOf(f records.Fact, id records.AgentID) (block cipher.Block, head [aes.BlockSize]byte) {
	var key [32]byte
	if _, dead := f.(*records.Tombstone); dead {
		key = records.DeadItem(id) // without another look for its subject
	} else {
		key = f.Item()
	}
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

// sub takes the lanes of an element away.
func (p *fingerprint) sub(q *fingerprint) {
	const high = 0x8000_8000_8000_8000
	for i, a := range p {
		b := q[i]
		p[i] = (a | high - b&^high) ^ (a^^b)&high
	}
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
