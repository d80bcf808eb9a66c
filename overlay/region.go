package overlay

import (
	"github.com/libp2p/go-libp2p/core/peer"

	"github.com/cairn-overlay/cairn/overlay/lookup"
)

// RegionBits is how many first bits a key at least has in common with this node's position
// where this node may be among the k nearest to it: the positions that share so many bits
// with its own are its region, and all others' k nearest are others, as far as members are
// known. It is 0, which is everything, where there are few others.
func (d *DHT) RegionBits() int {
	k := d.cfg.Replication
	return regionBits(positionOfPeer(d.self), d.region(k), func(target lookup.Position) []contact {
		near := d.table.nearest(target, k)
		for _, m := range d.members.nearest(target, k) {
			near = append(near, contactOf(m))
		}
		return d.grouped(near)
	})
}

// regionBits asks nearest for the K nearest to a position that are known. A key that shares
// just n bits with own lies in the part of the key space beside it, and whoever is in that
// part is nearer to the key: so the region ends at the first part, from the widest on, in
// which fewer than K others would make up a region.
func regionBits(own lookup.Position, region lookup.Region, nearest func(lookup.Position) []contact) int {
	for bits := range 8 * len(own) {
		beside := own
		beside[bits/8] ^= 0x80 >> (bits % 8)
		seen, there := make(map[peer.ID]bool), region.Outward()
		for _, c := range nearest(beside) {
			if !seen[c.ID] && commonBits(own, positionOfPeer(c.ID)) == bits {
				seen[c.ID] = true
				there.Add(c.Group)
			}
		}
		if there.Len() < region.K {
			return bits
		}
	}
	return 8 * len(own)
}
