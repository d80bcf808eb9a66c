package overlay

import (
	"slices"

	"github.com/libp2p/go-libp2p/core/peer"

	"github.com/cairn-overlay/cairn/overlay/lookup"
)

// RegionBits is how many first bits a key may at least have in common with this node's
// position for this node to be among its k nearest: the positions that share so many bits
// with its own are its region, and all others' k nearest are others. One less than the
// members known say, since some are not known. It is 0, which is everything, where there
// are not k others.
func (d *DHT) RegionBits() int {
	own := positionOfPeer(d.self)
	near := make(map[peer.ID]lookup.Position)
	for _, c := range d.table.nearest(own, d.cfg.Replication) {
		near[c.ID] = positionOfPeer(c.ID)
	}
	for _, m := range d.members.nearest(own, d.cfg.Replication) {
		near[m.ID.peer()] = positionOfPeer(m.ID.peer())
	}
	delete(near, d.self)
	var bits []int
	for _, at := range near {
		bits = append(bits, commonBits(own, at))
	}
	if len(bits) < d.cfg.Replication {
		return 0
	}
	slices.Sort(bits)
	return max(0, bits[len(bits)-d.cfg.Replication]-1)
}
