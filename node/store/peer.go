package store

import (
	"context"
	"encoding/binary"
	"fmt"
	"slices"
	"strings"
	"time"

	"github.com/cockroachdb/pebble/v2"

	"github.com/cairn-overlay/cairn/internal/weak"
)

// Limits of what is kept of known peers.
const (
	MaxPeers    = 1000 // peers; see [Store.PutPeers] for who goes first
	MaxPeerID   = 128  // bytes of a peer's ID
	MaxAddrs    = 16   // addresses of one peer; the first ones stay
	MaxAddrSize = 256  // bytes of an address; a longer one is left out
)

// KnownPeer is a peer to come back to after a restart.
type KnownPeer struct {
	ID        string
	Addrs     []string
	LastSeen  time.Time // kept to the microsecond
	EverReady bool      // it was ready itself once; never unset
	// Since is from when on it was seen, never a day apart; kept to the microsecond. Zero
	// is LastSeen.
	Since time.Time
}

// The flags of an encoded peer.
const (
	flagEverReady = 1
	flagSince     = 2 // it has since
)

// encode is flags (1) | last seen (8) | since (8) | addresses (1) | length (2), address, ...
func (p KnownPeer) encode() []byte {
	flags := bit(p.EverReady)
	if !p.Since.IsZero() {
		flags |= flagSince
	}
	b := appendTime([]byte{flags}, p.LastSeen)
	if !p.Since.IsZero() {
		b = appendTime(b, p.Since)
	}
	b = append(b, byte(len(p.Addrs)))
	for _, a := range p.Addrs {
		b = binary.BigEndian.AppendUint16(b, uint16(len(a)))
		b = append(b, a...)
	}
	return b
}

func decodePeer(id string, b []byte) (p KnownPeer, err error) {
	bad := fmt.Errorf("%w: a peer of %d bytes", ErrCorrupt, len(b))
	if id == "" || len(b) < 10 || b[0] > flagEverReady|flagSince {
		return p, bad
	}
	p = KnownPeer{ID: id, EverReady: b[0]&flagEverReady != 0, LastSeen: readTime(b[1:])}
	rest := b[9:]
	if b[0]&flagSince != 0 {
		if len(rest) < 9 {
			return p, bad
		}
		if p.Since, rest = readTime(rest), rest[8:]; p.Since.IsZero() {
			return p, bad
		}
	}
	n := int(rest[0])
	if rest = rest[1:]; n > MaxAddrs {
		return p, bad
	}
	for range n {
		if len(rest) < 2 {
			return p, bad
		}
		size := int(binary.BigEndian.Uint16(rest))
		if rest = rest[2:]; size > MaxAddrSize || size > len(rest) {
			return p, bad
		}
		p.Addrs = append(p.Addrs, string(rest[:size]))
		rest = rest[size:]
	}
	if len(rest) > 0 {
		return p, bad
	}
	return p, nil
}

// bounded is p without the addresses that are too many or too long.
func (p KnownPeer) bounded() KnownPeer {
	p.Addrs = slices.DeleteFunc(slices.Clone(p.Addrs), func(a string) bool { return len(a) > MaxAddrSize })
	p.Addrs = p.Addrs[:min(len(p.Addrs), MaxAddrs)]
	return p
}

// PutPeers adds peers or updates them, and returns nil once they are on disk. A
// peer's addresses are replaced unless none are given, its last sighting only moves
// forward, Since only back, as long as no day is between, and EverReady stays. Of more than MaxPeers those go that were not seen for a
// day, then newcomers, the least recently seen first: no crowd displaces who is known and
// still comes.
func (s *Store) PutPeers(ctx context.Context, peers []KnownPeer) error {
	for i, p := range peers {
		if p.ID == "" || len(p.ID) > MaxPeerID {
			return fmt.Errorf("put peers: %w: element %d has an ID of %d bytes, want 1 to %d", ErrInvalid, i, len(p.ID), MaxPeerID)
		}
	}
	peers = slices.Clone(peers)
	err := s.update(ctx, []lock{s.peers}, func() (fill, error) { return s.fillPeers(peers) })
	if err != nil {
		return fmt.Errorf("put peers: %w", err)
	}
	return nil
}

func (s *Store) fillPeers(changed []KnownPeer) (fill, error) {
	held, err := s.readPeers()
	if err != nil {
		return nil, err
	}
	known := make(map[string]KnownPeer, len(held)+len(changed))
	for _, p := range held {
		known[p.ID] = p
	}
	touched := make(map[string]bool, len(changed))
	for _, p := range changed {
		known[p.ID] = p.over(known[p.ID]).bounded()
		touched[p.ID] = true
	}
	before := make(map[string]bool, len(held))
	for _, p := range held {
		before[p.ID] = true
	}
	keep, drop := seasoned(known, before)
	if err := s.space.admit(int64(len(touched)*MaxAddrSize), true); err != nil {
		return nil, err
	}
	return func(b *pebble.Batch, _ *tally) error {
		for _, p := range keep {
			if !touched[p.ID] {
				continue
			}
			if err := b.Set(nameKey(tablePeer, p.ID), p.encode(), nil); err != nil {
				return err
			}
		}
		for _, p := range drop {
			if err := b.Delete(nameKey(tablePeer, p.ID), nil); err != nil {
				return err
			}
		}
		return nil
	}, nil
}

// over is what p says, on top of what was known before.
func (p KnownPeer) over(old KnownPeer) KnownPeer {
	if p.Since.IsZero() {
		p.Since = p.LastSeen
	}
	if old.Since.IsZero() {
		old.Since = old.LastSeen
	}
	if !old.Since.IsZero() && old.Since.Before(p.Since) && p.Since.Sub(old.LastSeen) < seasonedFor {
		p.Since = old.Since
	}
	if len(p.Addrs) == 0 {
		p.Addrs = old.Addrs
	}
	if p.LastSeen.Before(old.LastSeen) {
		p.LastSeen = old.LastSeen
	}
	p.EverReady = p.EverReady || old.EverReady
	return p
}

// seasonedFor is how long after its last sighting nobody takes a known peer's place.
const seasonedFor = 24 * time.Hour

// seasoned splits peers into the MaxPeers that stay, and the rest: those known before that
// were seen of late come first, then the others, each the last seen first.
func seasoned(known map[string]KnownPeer, before map[string]bool) (keep, drop []KnownPeer) {
	for _, p := range known {
		keep = append(keep, p)
	}
	sortPeers(keep)
	if len(keep) <= MaxPeers {
		return keep, nil
	}
	last := keep[0].LastSeen
	slices.SortStableFunc(keep, func(a, b KnownPeer) int {
		place := func(p KnownPeer) int {
			if before[p.ID] && last.Sub(p.LastSeen) < seasonedFor && !weak.Off(weak.Seasoned) {
				return 0
			}
			return 1
		}
		return place(a) - place(b)
	})
	return keep[:MaxPeers], keep[MaxPeers:]
}

func sortPeers(peers []KnownPeer) {
	slices.SortFunc(peers, func(a, b KnownPeer) int {
		if c := b.LastSeen.Compare(a.LastSeen); c != 0 {
			return c
		}
		return strings.Compare(a.ID, b.ID)
	})
}

// Peers returns the known peers, the one seen last first.
func (s *Store) Peers() ([]KnownPeer, error) { return read(s, s.readPeers) }

func (s *Store) readPeers() ([]KnownPeer, error) {
	items, err := s.scan([]byte{tablePeer}, []byte{tablePeer + 1}, MaxPeers+1)
	if err != nil {
		return nil, err
	}
	var peers []KnownPeer
	for _, it := range items {
		p, err := decodePeer(string(it.key[1:]), it.val)
		if err != nil {
			s.damaged("peer "+string(it.key[1:]), err)
			continue
		}
		peers = append(peers, p)
	}
	sortPeers(peers)
	return peers, nil
}
