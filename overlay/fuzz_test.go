package overlay

import (
	"bufio"
	"io"

	"github.com/libp2p/go-libp2p/core/network"
	"github.com/multiformats/go-multiaddr"
	"github.com/multiformats/go-varint"
)

type maddr = multiaddr.Multiaddr

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
