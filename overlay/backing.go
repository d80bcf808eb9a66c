package overlay

import (
	"net/netip"
	"time"

	pb "github.com/libp2p/go-libp2p-kad-dht/pb"
	"github.com/libp2p/go-libp2p/core/network"
	"github.com/libp2p/go-libp2p/core/peer"
	"github.com/multiformats/go-multiaddr"
	manet "github.com/multiformats/go-multiaddr/net"
	"github.com/multiformats/go-varint"
	"google.golang.org/protobuf/encoding/protowire"

	"github.com/cairn-overlay/cairn/records"
)

// fieldCovers is a field of ours in a message, of docs/spec/006-overlay.md, section 6. In a
// question it asks whether the server holds all facts of a range that covers the key; in
// the answer it is for how many seconds that has been unconfirmed, plus one, and absent
// where the server does not.
const fieldCovers protowire.Number = 7474

// maxCoverAge bounds what is read, in seconds.
const maxCoverAge = 1 << 30

// enoughGroups is in how many groups of addresses those must be on whose word a record is
// taken for the last one, where there are so many.
const enoughGroups = 5

// Backing is what the peers nearest to a key say of how well they know that nothing is
// revoked there.
type Backing struct {
	// Known: the nearest are known, by a view that is dense there or at the end of a lookup.
	Known bool
	// Nearest is how many count: the k nearest that are not known to be dead, or all, where
	// there are fewer.
	Nearest int
	// Covering is how many of them said that they hold all facts of a range that covers the
	// key, as of lately.
	Covering int
	// Groups is in how many groups of addresses these are, and Available in how many they
	// have to be: as many as were met, up to five, and no more than half of the nearest and
	// one.
	Groups, Available int
}

// Enough reports whether more than half of the nearest cover the key, in as many groups of
// addresses as there are, up to five.
func (b Backing) Enough() bool {
	return b.Known && 2*b.Covering > b.Nearest && b.Groups >= b.Available
}

// askingCover adds the question whether the server covers the key.
func askingCover(m *pb.Message) *pb.Message {
	m.ProtoReflect().SetUnknown(coverField(1))
	return m
}

// coverField encodes the field.
func coverField(v uint64) []byte {
	return protowire.AppendVarint(protowire.AppendTag(nil, fieldCovers, protowire.VarintType), v)
}

// coverIn is what a message says in the field: false where it says nothing.
func coverIn(m *pb.Message) (v uint64, ok bool) {
	for b := m.ProtoReflect().GetUnknown(); len(b) > 0; {
		num, kind, n := protowire.ConsumeTag(b)
		if n < 0 {
			return 0, false
		}
		size := protowire.ConsumeFieldValue(num, kind, b[n:])
		if size < 0 {
			return 0, false
		}
		if num == fieldCovers && kind == protowire.VarintType {
			v, _ = protowire.ConsumeVarint(b[n:])
			ok = v > 0
		}
		b = b[n+size:]
	}
	return v, ok
}

// cover is the field of the answer to a question, nil where there is none to give.
func (d *DHT) cover(m *pb.Message) []byte {
	if d.cfg.Covers == nil || m.GetType() != pb.Message_GET_VALUE {
		return nil
	}
	if _, asked := coverIn(m); !asked {
		return nil
	}
	id, err := records.ParseKey(string(m.GetKey()))
	if err != nil {
		return nil
	}
	age, ok := d.cfg.Covers(id)
	if !ok {
		return nil
	}
	return coverField(1 + uint64(max(age, 0)/time.Second))
}

// stamped adds a field to the end of a frame that is all of a message, and gives back any
// other bytes as they are.
func stamped(frame, field []byte) []byte {
	size, n, err := varint.FromUvarint(frame)
	if err != nil || uint64(len(frame)-n) != size {
		return frame
	}
	out := append(varint.ToUvarint(size+uint64(len(field))), frame[n:]...)
	return append(out, field...)
}

// backing is the state of a search that asks who covers its key. It belongs to the
// goroutine of the walk.
type backing struct {
	d      *DHT
	dense  bool
	youth  time.Duration            // how old completeness may be
	covers map[peer.ID]netip.Prefix // who covers the key, and in which group
	groups map[netip.Prefix]bool    // all that were met
}

func (d *DHT) newBacking(dense bool, youth time.Duration) *backing {
	b := &backing{d: d, dense: dense, youth: youth, covers: make(map[peer.ID]netip.Prefix), groups: make(map[netip.Prefix]bool)}
	for _, p := range d.TablePeers() {
		b.groups[d.groupOf(p)] = true
	}
	return b
}

// note takes what a peer said in a direct answer.
func (b *backing) note(r reply) {
	if r.via != "" || r.err != nil {
		return
	}
	group := b.d.groupOf(r.peer)
	b.groups[group] = true
	if r.covers && r.age <= b.youth {
		b.covers[r.peer] = group
	}
}

// of is the backing as the lookup stands.
func (b *backing) of(l course) Backing {
	nearest, done := l.Nearest(), l.Done()
	if done {
		nearest = l.Closest()
	}
	out := Backing{Known: b.dense || done, Nearest: len(nearest), Available: min(len(b.groups), enoughGroups, len(nearest)/2+1)}
	groups := make(map[netip.Prefix]bool)
	for _, p := range nearest {
		if group, ok := b.covers[p]; ok {
			out.Covering++
			groups[group] = true
		}
	}
	out.Groups = len(groups)
	return out
}

// groupOf is the group of addresses that p is in: a /24 or /48 of a public address, one for
// all that are reached through relays, and one for all others.
func (d *DHT) groupOf(p peer.ID) netip.Prefix {
	var addrs []multiaddr.Multiaddr
	for _, c := range d.cfg.Host.Network().ConnsToPeer(p) {
		addrs = append(addrs, c.RemoteMultiaddr())
	}
	if d.cfg.Host.Network().Connectedness(p) == network.NotConnected {
		addrs = d.cfg.Host.Peerstore().Addrs(p)
	}
	for _, a := range addrs {
		if _, err := a.ValueForProtocol(multiaddr.P_CIRCUIT); err == nil || !manet.IsPublicAddr(a) {
			continue
		}
		if door, ok := doorOf(a); ok {
			return doorGroup(door)
		}
	}
	return netip.Prefix{}
}
