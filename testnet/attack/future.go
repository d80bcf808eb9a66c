package attack

import (
	"context"
	"crypto/ed25519"
	"crypto/rand"
	"crypto/sha256"
	"encoding/binary"
	"fmt"
	"time"

	"github.com/fxamacker/cbor/v2"
	pb "github.com/libp2p/go-libp2p-kad-dht/pb"
	"github.com/libp2p/go-libp2p/core/peer"
	"github.com/libp2p/go-libp2p/core/protocol"

	"github.com/cairn-overlay/cairn/records"
	"github.com/cairn-overlay/cairn/testnet/wire"
)

// What a node of a later version might send, each as valid as it can be: with true
// signatures and locks, and one thing that this version does not know.

const (
	recordType = "cairn/record/1"
	laterType  = "cairn/record/2"
	laterKind  = 9  // of a header
	laterFrame = 99 // of a reconciliation, and a message of the Kademlia protocol
)

// LaterField returns a record whose signed part has a field more.
func LaterField(now time.Time) (Value, error) {
	return later(now, recordType, func(payload []byte) []byte {
		payload[0]++ // a map of one pair more, whose key sorts behind all others
		return append(payload, "\x66future\x01"...)
	})
}

// LaterType returns a record of a later type.
func LaterType(now time.Time) (Value, error) {
	return later(now, laterType, func(payload []byte) []byte { return payload })
}

// later makes a record, changes its signed part and signs it anew.
func later(now time.Time, as string, change func(payload []byte) []byte) (Value, error) {
	rec, key, err := someRecord(now)
	if err != nil {
		return Value{}, fmt.Errorf("attack: later record: %w", err)
	}
	head := 2 + len(recordType) // array of 5, text, type
	var payload cbor.RawMessage
	rest, err := cbor.UnmarshalFirst(rec.Bytes()[head:], &payload)
	if err != nil {
		return Value{}, fmt.Errorf("attack: later record: %w", err)
	}
	const signed = 1 + 2 + ed25519.SignatureSize // key 0, byte string, signature
	proof := rest[signed:]
	payload = change(payload)
	typed := append([]byte{0x60 + byte(len(as))}, as...)
	b := append([]byte{0x85}, append(typed, payload...)...)
	message := append([]byte{0x82}, b[1:]...)
	b = append(b, rest[:signed-ed25519.SignatureSize]...)
	b = append(b, ed25519.Sign(key, message)...)
	return Value{Key: rec.ID().Key(), Bytes: append(b, proof...)}, nil
}

// someRecord makes an agent and its first record.
func someRecord(now time.Time) (*records.Record, ed25519.PrivateKey, error) {
	public, key, err := ed25519.GenerateKey(rand.Reader)
	if err != nil {
		return nil, nil, err
	}
	pub, err := records.Ed25519Key(public)
	if err != nil {
		return nil, nil, err
	}
	signer, err := records.NewEd25519Signer(key)
	if err != nil {
		return nil, nil, err
	}
	var secret records.Secret
	g := records.Genesis{Keys: []records.PublicKey{pub}, Next: [][32]byte{pub.RotationDigest()}}
	for _, b := range [][]byte{secret[:], g.Nonce[:]} {
		if _, err := rand.Read(b); err != nil {
			return nil, nil, err
		}
	}
	ident, err := records.NewIdentity(g, now.Add(records.DefaultLife), secret)
	if err != nil {
		return nil, nil, err
	}
	rec, err := records.Sign(ident, signer, records.Draft{
		Location: records.Location{Endpoints: []records.Endpoint{{URL: "https://later.example/", Protocol: "a2a"}}},
		Sequence: 1, Issued: now, NotAfter: now.Add(records.DefaultLease),
	})
	return rec, key, err
}

// LaterFact returns a tombstone of a header of a later kind, with a lock that its
// secret opens.
func LaterFact(now time.Time) (Value, error) {
	var body, secret [32]byte
	for _, b := range [][]byte{body[:], secret[:]} {
		if _, err := rand.Read(b); err != nil {
			return Value{}, fmt.Errorf("attack: later fact: %w", err)
		}
	}
	end := uint32(now.Add(records.DefaultLife).Unix())
	info := append([]byte("cairn-lock/1"), laterKind)
	info = binary.BigEndian.AppendUint64(info, uint64(end))
	lock := sha256.Sum256(append(append(info, body[:]...), secret[:]...))
	header := append([]byte{0x84, laterKind, 0x1a}, binary.BigEndian.AppendUint32(nil, end)...)
	header = append(append(append(header, 0x58, 32), body[:]...), 0x81, 0x58, 32)
	subject := records.AgentIDFromDigest(sha256.Sum256(append(header[:len(header):len(header)], lock[:]...)))
	fact := append([]byte{0x82}, append(append(header, secret[:]...), 0)...)
	return Value{Key: subject.Key(), Bytes: fact}, nil
}

// LaterHello is how a later version might begin a reconciliation: with the hello of
// its version.
func LaterHello() []byte {
	payload := append([]byte{2, 1}, make([]byte, 16+8)...) // version, ever ready, nonce, instance
	payload = append(payload, 0, 0)                        // generation, size
	return append([]byte{1, byte(len(payload))}, payload...)
}

// LaterFrame is a frame of a later kind.
func LaterFrame() []byte { return []byte{laterFrame, 0} }

// LaterMessage is a request of the Kademlia protocol of a later type.
func LaterMessage() *pb.Message { return pb.NewMessage(laterFrame, []byte("later"), 0) }

// Try opens a stream of each protocol ID to a node and returns how many it accepts:
// so a peer of another version finds out what both speak. An error means that the
// node is not there.
func (p *Peer) Try(ctx context.Context, to peer.AddrInfo, ids ...protocol.ID) (accepted int, err error) {
	if err := p.Meet(ctx, to); err != nil {
		return 0, err
	}
	for _, id := range ids {
		if s, err := p.host.NewStream(ctx, to.ID, id); err == nil {
			accepted++
			_ = s.Reset() // it has served
		}
	}
	return accepted, nil
}

// Request sends one request of the Kademlia protocol and reports whether there was an
// answer.
func (p *Peer) Request(ctx context.Context, to peer.AddrInfo, m *pb.Message) (answered bool, err error) {
	if err := p.Meet(ctx, to); err != nil {
		return false, err
	}
	_, err = wire.Ask(ctx, p.host, to.ID, wire.Kad(p.network), m)
	return err == nil, nil
}
