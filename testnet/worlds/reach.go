package worlds

import (
	"context"
	"errors"

	corenet "github.com/libp2p/go-libp2p/core/network"
	"github.com/libp2p/go-libp2p/core/peer"
	"github.com/multiformats/go-multiaddr"

	"github.com/cairn-overlay/cairn/node/presence"
	"github.com/cairn-overlay/cairn/records"
)

// Reach connects from a node to where an agent is, and challenges it there.
func (w *nodes) Reach(ctx context.Context, n int, rec *records.Record) (relayed bool, err error) {
	at, err := w.node(n)
	if err != nil {
		return false, err
	}
	place, err := placeOf(rec)
	if err != nil {
		return false, err
	}
	h := at.Host()
	if err := h.Connect(corenet.WithAllowLimitedConn(ctx, "testnet"), place); err != nil {
		return false, err
	}
	if _, err := (presence.Asker{Agent: rec.ID()}).Peer(ctx, h, place.ID); err != nil {
		return false, err
	}
	return h.Network().Connectedness(place.ID) != corenet.Connected, nil
}

// placeOf is the peer at which a record says that its agent is.
func placeOf(rec *records.Record) (place peer.AddrInfo, err error) {
	for _, e := range rec.Location().Endpoints {
		a, err := multiaddr.NewMultiaddr(e.URL)
		if err != nil {
			continue // a URL
		}
		info, err := peer.AddrInfoFromP2pAddr(a)
		if err != nil || place.ID != "" && place.ID != info.ID {
			continue
		}
		place.ID, place.Addrs = info.ID, append(place.Addrs, info.Addrs...)
	}
	if place.ID == "" {
		return place, errors.New("the record names no peer")
	}
	return place, nil
}
