package attack

import (
	"bytes"
	"crypto/sha256"
	"errors"
	"slices"

	pb "github.com/libp2p/go-libp2p-kad-dht/pb"
	record "github.com/libp2p/go-libp2p-record"
	"github.com/libp2p/go-libp2p/core/peer"
)

// Handler answers one request of the Kademlia protocol; an error resets the
// stream.
type Handler func(from peer.ID, req *pb.Message) (*pb.Message, error)

var (
	// errSilence leaves a request without an answer, and the stream open.
	errSilence = errors.New("no answer")
	errRefused = errors.New("refused")
)

// maxNamed is how many peers an answer names, as in kad-dht.
const maxNamed = 20

// Crew are the peers that an attacker names to those who ask: its accomplices,
// and honest nodes where that looks better. It is asked at every request, since
// the attackers are made one after the other.
type Crew func() []peer.AddrInfo

// EchoLiar acknowledges every put and stores nothing (attack A1).
func EchoLiar(crew Crew) Handler {
	return func(_ peer.ID, req *pb.Message) (*pb.Message, error) {
		if req.GetType() == pb.Message_PUT_VALUE {
			return req, nil
		}
		return crew.name(req), nil
	}
}

// Refuser is alive, and resets the stream at every put.
func Refuser(crew Crew) Handler {
	return func(_ peer.ID, req *pb.Message) (*pb.Message, error) {
		if req.GetType() == pb.Message_PUT_VALUE {
			return nil, errRefused
		}
		return crew.name(req), nil
	}
}

// BlackHole answers FIND_NODE, and nothing that matters (attack A2).
func BlackHole(crew Crew) Handler {
	return func(_ peer.ID, req *pb.Message) (*pb.Message, error) {
		if req.GetType() == pb.Message_FIND_NODE {
			return crew.name(req), nil
		}
		return nil, errSilence
	}
}

// EarlyTerminator answers everything at once with nothing, so that a search that
// trusts the nearest peers ends at it (attack A4).
func EarlyTerminator() Handler {
	return EchoLiar(func() []peer.AddrInfo { return nil })
}

// Replayer gives the values that it was cast with to whoever asks for their keys,
// whatever became of them since (attack A7).
func Replayer(values map[string][]byte, crew Crew) Handler {
	return func(_ peer.ID, req *pb.Message) (*pb.Message, error) {
		if req.GetType() == pb.Message_PUT_VALUE {
			return req, nil
		}
		answer := crew.name(req)
		if v, ok := values[string(req.GetKey())]; ok && req.GetType() == pb.Message_GET_VALUE {
			answer.Record = record.MakePutRecord(string(req.GetKey()), v)
		}
		return answer, nil
	}
}

// name answers a request with the crew's members nearest to its key.
func (c Crew) name(req *pb.Message) *pb.Message {
	answer := pb.NewMessage(req.GetType(), req.GetKey(), 0)
	target := sha256.Sum256(req.GetKey())
	peers := slices.Clone(c())
	slices.SortFunc(peers, func(a, b peer.AddrInfo) int {
		x, y := distance(target, a.ID), distance(target, b.ID)
		return bytes.Compare(x[:], y[:])
	})
	answer.CloserPeers = pb.RawPeerInfosToPBPeers(peers[:min(len(peers), maxNamed)])
	return answer
}
