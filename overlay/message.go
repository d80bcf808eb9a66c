package overlay

import (
	"bufio"
	"errors"
	"fmt"
	"io"

	pb "github.com/libp2p/go-libp2p-kad-dht/pb"
	record "github.com/libp2p/go-libp2p-record"
	"github.com/libp2p/go-libp2p/core/peer"
	"github.com/multiformats/go-multiaddr"
	manet "github.com/multiformats/go-multiaddr/net"
	"github.com/multiformats/go-varint"
	"google.golang.org/protobuf/proto"

	"github.com/cairn-overlay/cairn/records"
)

const (
	// maxReply bounds the frame of an answer: a value, and 21 peers of up to 8 KiB.
	maxReply = 256 << 10
	// maxRequest bounds the frame of a served request: a value and its envelope.
	maxRequest = records.MaxValueSize + 4<<10
	// maxPeerAddrs bounds the addresses taken for one peer from an answer.
	maxPeerAddrs = 16
	// maxPeerID bounds the bytes of a peer ID in an answer.
	maxPeerID = 64
)

var (
	errFrameTooLarge = errors.New("frame too large")
	errWrongKey      = errors.New("the answer is about another key")
	errNoValue       = errors.New("the answer's value is empty")
	errNoEcho        = errors.New("the acknowledgement does not repeat the value")
)

// The requests of this package. Keys are raw bytes: an agent's key, or for a walk
// whatever hashes to the wanted position.

func findNode(key string) *pb.Message {
	return pb.NewMessage(pb.Message_FIND_NODE, []byte(key), 0)
}

func getValue(key string) *pb.Message {
	return pb.NewMessage(pb.Message_GET_VALUE, []byte(key), 0)
}

func putValue(key string, value []byte) *pb.Message {
	m := pb.NewMessage(pb.Message_PUT_VALUE, []byte(key), 0)
	m.Record = record.MakePutRecord(key, value)
	return m
}

// valueIn returns the bytes of the value in an answer, nil where there is none.
func valueIn(m *pb.Message, key string) ([]byte, error) {
	r := m.GetRecord()
	if r == nil {
		return nil, nil
	}
	if string(r.GetKey()) != key {
		return nil, errWrongKey
	}
	if len(r.GetValue()) == 0 {
		return nil, errNoValue
	}
	return r.GetValue(), nil
}

// peersIn returns the peers that an answer names, at most limit, each with the
// addresses that are acceptable here. Duplicates are the lookup's business.
func peersIn(m *pb.Message, limit int, acceptable func(multiaddr.Multiaddr) bool) []contact {
	closer := m.GetCloserPeers()
	closer = closer[:min(len(closer), limit)]
	out := make([]contact, 0, len(closer))
	for _, n := range closer {
		if len(n.GetId()) > maxPeerID {
			continue
		}
		id, err := peer.IDFromBytes(n.GetId())
		if err != nil {
			continue
		}
		info := contact{ID: id}
		for _, b := range n.GetAddrs()[:min(len(n.GetAddrs()), maxPeerAddrs)] {
			if a, err := multiaddr.NewMultiaddrBytes(b); err == nil && acceptable(a) {
				info.Addrs = append(info.Addrs, a)
			}
		}
		out = append(out, info)
	}
	return out
}

// acceptAny takes every address that needs no further question to be resolved
// into many: a stranger's dnsaddr could name any number of victims.
func acceptAny(a multiaddr.Multiaddr) bool {
	return len(a) > 0 && a[0].Protocol().Code != multiaddr.P_DNSADDR
}

// acceptPublic takes what a node of the public profile dials on a stranger's word.
func acceptPublic(a multiaddr.Multiaddr) bool { return acceptAny(a) && manet.IsPublicAddr(a) }

// encodeFrame returns the message with its length before it.
func encodeFrame(m *pb.Message) ([]byte, error) {
	size := proto.Size(m)
	b := make([]byte, 0, varint.UvarintSize(uint64(size))+size)
	b = append(b, varint.ToUvarint(uint64(size))...)
	return proto.MarshalOptions{}.MarshalAppend(b, m)
}

// readFrame reads one message of at most limit bytes, and says how many it took.
func readFrame(r *bufio.Reader, limit int) (*pb.Message, int, error) {
	size, err := varint.ReadUvarint(r)
	if err != nil {
		return nil, 0, err
	}
	if size > uint64(limit) {
		return nil, 0, fmt.Errorf("%w: %d bytes, at most %d", errFrameTooLarge, size, limit)
	}
	b := make([]byte, size)
	if _, err := io.ReadFull(r, b); err != nil {
		return nil, 0, err
	}
	m := new(pb.Message)
	if err := proto.Unmarshal(b, m); err != nil {
		return nil, len(b), fmt.Errorf("%w: %w", errGarbled, err)
	}
	return m, len(b), nil
}
