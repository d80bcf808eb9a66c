package overlay

import (
	"crypto/sha256"
	"encoding/binary"
	"math"
	"net/netip"
	"time"

	"github.com/libp2p/go-libp2p/core/peer"
	"github.com/multiformats/go-multiaddr"

	"github.com/cairn-overlay/cairn/overlay/lookup"
	"github.com/cairn-overlay/cairn/overlay/view"
)

// memberKey names a member: its Ed25519 key, of which its peer ID is made. Peers with
// other keys are not in the view.
type memberKey [32]byte

// keyHeader is what comes before the key in such a peer ID: an identity multihash of 36
// bytes, protobuf key type Ed25519, 32 bytes of key.
const keyHeader = "\x00\x24\x08\x01\x12\x20"

func keyOfPeer(p peer.ID) (k memberKey, ok bool) {
	if len(p) != len(keyHeader)+len(k) || p[:len(keyHeader)] != keyHeader {
		return k, false
	}
	copy(k[:], p[len(keyHeader):])
	return k, true
}

func (k memberKey) peer() peer.ID { return peer.ID(keyHeader + string(k[:])) }

func (k memberKey) position() lookup.Position {
	return sha256.Sum256(append([]byte(keyHeader), k[:]...))
}

// door is where a member is reached: an IP address, a port, and over what. The zero
// value is no door.
type door struct {
	ip   [16]byte // an IPv4 address in its IPv6 form
	port uint16
	kind doorKind
}

type doorKind uint8

const (
	doorIPv6 doorKind = 1 << iota
	doorTCP           // QUIC without
	doorKinds
)

// doorOf returns the door of an address, false where it is of another form.
func doorOf(a multiaddr.Multiaddr) (d door, ok bool) {
	if len(a) < 2 {
		return d, false
	}
	switch raw := a[0].RawValue(); a[0].Protocol().Code {
	case multiaddr.P_IP4:
		d.ip = netip.AddrFrom4([4]byte(raw)).As16()
	case multiaddr.P_IP6:
		d.ip, d.kind = [16]byte(raw), doorIPv6
	default:
		return d, false
	}
	switch rest := a[2:]; a[1].Protocol().Code {
	case multiaddr.P_TCP:
		d.kind |= doorTCP
		ok = len(rest) == 0
	case multiaddr.P_UDP:
		ok = len(rest) == 1 && rest[0].Protocol().Code == multiaddr.P_QUIC_V1
	}
	d.port = portOf(a[1].RawValue())
	return d, ok && d.valid()
}

func portOf(raw []byte) uint16 {
	if len(raw) != 2 {
		return 0
	}
	return binary.BigEndian.Uint16(raw)
}

// addr is the IP address.
func (d door) addr() netip.Addr { return netip.AddrFrom16(d.ip).Unmap() }

// valid reports whether it is a door, in its one form.
func (d door) valid() bool {
	return d.kind < doorKinds && d.port != 0 && !d.addr().IsUnspecified() && (d.kind&doorIPv6 != 0) == d.addr().Is6()
}

// multiaddr is the address of a valid door.
func (d door) multiaddr() multiaddr.Multiaddr {
	b := make([]byte, 0, 24)
	if d.kind&doorIPv6 != 0 {
		b = append(append(b, multiaddr.P_IP6), d.ip[:]...)
	} else {
		b = append(append(b, multiaddr.P_IP4), d.ip[12:]...)
	}
	port := binary.BigEndian.AppendUint16(nil, d.port)
	if d.kind&doorTCP != 0 {
		b = append(append(b, multiaddr.P_TCP), port...)
	} else {
		b = append(append(binary.AppendUvarint(b, multiaddr.P_UDP), port...), binary.AppendUvarint(nil, multiaddr.P_QUIC_V1)...)
	}
	a, err := multiaddr.NewMultiaddrBytes(b)
	if err != nil {
		return nil
	}
	return a
}

// A distance on the wire and in the view is a number of steps: RTT in logarithmic steps
// of a twentieth.
const (
	stepLeast = 250 * time.Microsecond
	stepRatio = 1.05
)

// stepsOf is a round trip in steps, 1 to 255; 0 where it is not known.
func stepsOf(d time.Duration) uint8 {
	if d <= 0 {
		return 0
	}
	return uint8(min(255, 1+math.Round(max(0, math.Log(float64(d)/float64(stepLeast))/math.Log(stepRatio)))))
}

// roundTripOf is a number of steps as a round trip.
func roundTripOf(steps uint8) time.Duration {
	if steps == 0 {
		return 0
	}
	return time.Duration(float64(stepLeast) * math.Pow(stepRatio, float64(steps-1)))
}

// doorGroup is the part of the network that a door is in.
func doorGroup(d door) netip.Prefix { return addrGroup(d.addr()) }

// addrGroup is a /24, or a /48.
func addrGroup(a netip.Addr) netip.Prefix {
	bits := 48
	if a.Is4() {
		bits = 24
	}
	p, err := a.Prefix(bits)
	if err != nil {
		return netip.Prefix{}
	}
	return p
}

// Whom the view holds here.
type (
	memberView  = view.View[memberKey, door]
	member      = view.Peer[memberKey, door]
	knownMember = view.Known[memberKey, door]
)
