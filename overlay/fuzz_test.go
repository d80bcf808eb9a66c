package overlay

import (
	"bufio"
	"bytes"
	"encoding/binary"
	"io"
	"math/rand/v2"
	"testing"

	"github.com/libp2p/go-libp2p/core/network"
	"github.com/libp2p/go-libp2p/core/peer"
	"github.com/multiformats/go-multiaddr"
	"github.com/multiformats/go-multihash"
	"github.com/multiformats/go-varint"
)

type maddr = multiaddr.Multiaddr

// modelPeer makes a valid peer ID from a number.
func modelPeer(n uint64) peer.ID {
	b := binary.BigEndian.AppendUint64(make([]byte, 0, 32), n)
	mh, err := multihash.Sum(b, multihash.SHA2_256, -1)
	if err != nil {
		return ""
	}
	return peer.ID(mh)
}

// chunks reads bytes in pieces whose sizes follow from the bytes themselves.
type chunks struct{ rest []byte }

func newChunks(b []byte) *chunks { return &chunks{b} }

func (c *chunks) Read(p []byte) (int, error) {
	if len(c.rest) == 0 {
		return 0, io.EOF
	}
	n := min(len(p), len(c.rest), 1+int(c.rest[0]%5))
	copy(p, c.rest[:n])
	c.rest = c.rest[n:]
	return n, nil
}

// chunkStream is a stream that can be read and reset.
type chunkStream struct {
	network.Stream
	*chunks
}

func (s *chunkStream) Read(p []byte) (int, error) { return s.chunks.Read(p) }
func (s *chunkStream) Reset() error               { s.rest = nil; return nil }

func readLength(r *bufio.Reader) (uint64, error) { return varint.ReadUvarint(r) }

// Frames within the limit come through the door unchanged, however they are cut.
func TestGuardedPassesFrames(t *testing.T) {
	rng := rand.New(rand.NewPCG(1, 2))
	for range 200 {
		var sent []byte
		for range 20 {
			body := make([]byte, rng.IntN(1001))
			for i := range body {
				body[i] = byte(rng.Uint32())
			}
			sent = append(append(sent, varint.ToUvarint(uint64(len(body)))...), body...)
		}
		tail := varint.ToUvarint(1001 + rng.Uint64N(1<<40))
		s := &chunkStream{chunks: newChunks(append(sent[:len(sent):len(sent)], tail...))}
		g := &guarded{Stream: s, stats: new(counters), limit: 1000}
		got, err := io.ReadAll(g)
		if err != errFrameTooLarge || !bytes.HasPrefix(got, sent) || len(got) >= len(sent)+len(tail) {
			t.Fatalf("%d of %d bytes, %v", len(got), len(sent), err)
		}
	}
}
