// Package wire speaks the Kademlia protocol of a Cairn network by hand: frames
// over a stream of any libp2p host, without any of Cairn's own network code. What
// it sends is what a foreign implementation would send, so it serves to look at a
// node from outside and to attack one.
package wire

import (
	"bufio"
	"bytes"
	"context"
	"errors"
	"fmt"
	"io"
	"time"

	pb "github.com/libp2p/go-libp2p-kad-dht/pb"
	record "github.com/libp2p/go-libp2p-record"
	"github.com/libp2p/go-libp2p/core/host"
	"github.com/libp2p/go-libp2p/core/network"
	"github.com/libp2p/go-libp2p/core/peer"
	"github.com/libp2p/go-libp2p/core/protocol"
	"github.com/multiformats/go-varint"
	"google.golang.org/protobuf/proto"
)

const (
	// maxFrame bounds one frame that is read.
	maxFrame = 1 << 20
	// limit ends a request whose context has no deadline.
	limit = 10 * time.Second
)

// ErrNoEcho says that a peer answered a put with something else than the value.
var ErrNoEcho = errors.New("the answer does not repeat the value")

// Kad returns the ID of the Kademlia protocol of a network.
func Kad(network string) protocol.ID { return protocol.ID(Root(network) + "/kad/1.0.0") }

// Sync returns the ID of the reconciliation protocol of a network.
func Sync(network string) protocol.ID { return protocol.ID(Root(network) + "/sync/1") }

// Topic returns the name of the fact topic of a network.
func Topic(network string) string { return Root(network) + "/facts/1" }

// Root returns what every protocol and topic of a network begins with.
func Root(network string) string {
	if network == "" {
		return "/cairn"
	}
	return "/cairn/" + network
}

// Write sends one message as a frame.
func Write(w io.Writer, m *pb.Message) error {
	body, err := proto.Marshal(m)
	if err != nil {
		return err
	}
	_, err = w.Write(append(varint.ToUvarint(uint64(len(body))), body...))
	return err
}

// Read reads one frame.
func Read(r *bufio.Reader) (*pb.Message, error) {
	size, err := varint.ReadUvarint(r)
	if err != nil {
		return nil, err
	}
	if size > maxFrame {
		return nil, fmt.Errorf("a frame of %d bytes", size)
	}
	b := make([]byte, size)
	if _, err := io.ReadFull(r, b); err != nil {
		return nil, err
	}
	m := new(pb.Message)
	return m, proto.Unmarshal(b, m)
}

// PutRequest asks a peer to store value at key.
func PutRequest(key string, value []byte) *pb.Message {
	m := pb.NewMessage(pb.Message_PUT_VALUE, []byte(key), 0)
	m.Record = record.MakePutRecord(key, value)
	return m
}

// Session is one stream to one peer. A peer that refuses a request resets it. Not
// for concurrent use.
type Session struct {
	stream network.Stream
	in     *bufio.Reader
}

// Open opens a session with a connected peer, or with one whose address h knows.
func Open(ctx context.Context, h host.Host, p peer.ID, id protocol.ID) (*Session, error) {
	s, err := h.NewStream(ctx, p, id)
	if err != nil {
		return nil, err
	}
	return &Session{stream: s, in: bufio.NewReader(s)}, nil
}

// Ask sends a request and waits for the answer.
func (s *Session) Ask(ctx context.Context, req *pb.Message) (*pb.Message, error) {
	deadline, ok := ctx.Deadline()
	if !ok {
		deadline = time.Now().Add(limit)
	}
	if err := s.stream.SetDeadline(deadline); err != nil {
		return nil, err
	}
	if err := Write(s.stream, req); err != nil {
		return nil, err
	}
	return Read(s.in)
}

// Put asks the peer to store value at key. Nil means that it said it did.
func (s *Session) Put(ctx context.Context, key string, value []byte) error {
	answer, err := s.Ask(ctx, PutRequest(key, value))
	if err != nil {
		return err
	}
	if !bytes.Equal(answer.GetRecord().GetValue(), value) {
		return ErrNoEcho
	}
	return nil
}

// Get asks the peer for the value at key: nil where it has none.
func (s *Session) Get(ctx context.Context, key string) ([]byte, error) {
	answer, err := s.Ask(ctx, pb.NewMessage(pb.Message_GET_VALUE, []byte(key), 0))
	if err != nil {
		return nil, err
	}
	return answer.GetRecord().GetValue(), nil
}

// Close ends the session.
func (s *Session) Close() error { return s.stream.Reset() }

// Ask opens a session for one request.
func Ask(ctx context.Context, h host.Host, p peer.ID, id protocol.ID, req *pb.Message) (*pb.Message, error) {
	s, err := Open(ctx, h, p, id)
	if err != nil {
		return nil, err
	}
	defer s.Close()
	return s.Ask(ctx, req)
}
