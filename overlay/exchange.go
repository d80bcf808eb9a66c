package overlay

import (
	"bufio"
	"context"
	"fmt"
	"slices"
	"time"

	"github.com/libp2p/go-libp2p/core/network"
	"github.com/libp2p/go-libp2p/core/peer"
	"github.com/libp2p/go-libp2p/core/protocol"
)

// The exchange of members, spec 005. A node asks; who is asked answers with members that
// it talked with itself.
const (
	membersSuffix = "/members/1"
	// memberTime bounds one exchange, on both sides.
	memberTime = 5 * time.Second
	// memberRate and memberBurst are how often one peer is answered.
	memberRate  = 0.5
	memberBurst = 20
)

// startMembers begins to keep the view, and to serve it.
func (d *DHT) startMembers() error {
	if d.members.view == nil {
		return nil
	}
	sub, err := d.members.subscribe()
	if err != nil {
		return err
	}
	d.start(func() { d.listen(sub) })
	d.start(d.gather)
	if !d.cfg.Client {
		d.cfg.Host.SetStreamHandler(d.cfg.prefix()+membersSuffix, func(s network.Stream) { d.doors.serve(s, d.serveMembers) })
		d.cfg.Host.SetStreamHandler(d.cfg.prefix()+passSuffix, func(s network.Stream) { d.doors.serve(s, d.servePass) })
	}
	return nil
}

// serveMembers answers one question on a stream.
func (d *DHT) serveMembers(s network.Stream) {
	_ = s.SetDeadline(time.Now().Add(memberTime))
	b, err := readBody(bufio.NewReaderSize(s, readBuffer), maxMemberAsk)
	if err != nil || !d.asks.of(s.Conn().RemotePeer()).Allow() {
		_ = s.Reset()
		return
	}
	ask, err := decodeMemberAsk(b)
	if err != nil {
		_ = s.Reset()
		return
	}
	r := d.members.serve(ask)
	d.stats.membersServed.Add(int64(len(r.members)))
	if err := writeFrame(s, r.encode()); err != nil {
		_ = s.Reset()
		return
	}
	_ = s.Close()
}

// askMembers asks a connected peer.
func (d *DHT) askMembers(ctx context.Context, p peer.ID, ask memberAsk) (r memberReply, err error) {
	ctx, cancel := context.WithTimeout(ctx, memberTime)
	defer cancel()
	b, err := d.converse(ctx, p, d.cfg.prefix()+membersSuffix, ask.encode(), maxMemberReply)
	if err != nil {
		return r, fmt.Errorf("ask %s for members: %w", p, err)
	}
	if r, err = decodeMemberReply(b); err == nil && uint64(len(r.members)) > ask.limit {
		err = errMemberFrame
	}
	return r, err
}

// converse sends one frame to a connected peer, on a stream of its own, and reads one.
func (d *DHT) converse(ctx context.Context, p peer.ID, id protocol.ID, body []byte, limit int) ([]byte, error) {
	conns := d.cfg.Host.Network().ConnsToPeer(p)
	if len(conns) == 0 {
		return nil, network.ErrNoConn
	}
	s, err := openStream(ctx, conns[0], id)
	if err != nil {
		return nil, err
	}
	stop := context.AfterFunc(ctx, func() { _ = s.raw.Reset() })
	defer stop()
	if err = writeFrame(s.rw, body); err == nil {
		err = s.raw.CloseWrite()
	}
	var b []byte
	if err == nil {
		b, err = readBody(s.r, limit)
	}
	if err != nil {
		_ = s.raw.Reset()
		return nil, err
	}
	_ = s.raw.Close()
	return b, nil
}

// neighbours are the peers to ask for members: connected ones.
func (d *DHT) neighbours() []peer.ID {
	all := d.cfg.Host.Network().Peers()
	if d.cfg.Neighbours != nil {
		if links := d.cfg.Neighbours(); len(links) >= fewNeighbours {
			all = links
		}
	}
	return slices.DeleteFunc(all, func(p peer.ID) bool {
		if _, ok := keyOfPeer(p); !ok || d.cfg.Host.Network().Connectedness(p) != network.Connected {
			return true
		}
		known, err := d.cfg.Host.Peerstore().GetProtocols(p)
		return err != nil || len(known) > 0 && !slices.Contains(known, d.cfg.prefix()+membersSuffix)
	})
}
