package overlay

import (
	"bufio"
	"context"
	"errors"
	"slices"
	"time"

	"github.com/libp2p/go-libp2p/core/network"
	"github.com/libp2p/go-libp2p/core/peer"

	"github.com/cairn-overlay/cairn/records"
)

// A question that is passed on, spec 005 section 8: whoever is connected with a holder
// asks him for somebody who is not, and so spares the handshake.
const (
	passSuffix = "/pass/1"
	// maxPassers are asked to pass a question on, beside those who are asked directly.
	maxPassers = 6
	// passTime bounds it, on both sides.
	passTime = time.Second
	// passRate and passBurst are how often one peer's questions are passed on, and
	// maxPassing how many at a time.
	passRate, passBurst = 10, 20
	maxPassing          = 16
	// maxPassKey bounds the bytes of a key, maxPassed those of an answer.
	maxPassKey = 128
	maxPassed  = 1 + maxPeerID + records.MaxValueSize
	// staleFor is how long nobody is asked who passed on a value that others outrank.
	staleFor = time.Hour
)

var errPassed = errors.New("malformed answer that was passed on")

// servePass passes one question on.
func (d *DHT) servePass(s network.Stream) {
	_ = s.SetDeadline(time.Now().Add(passTime))
	key, err := readBody(bufio.NewReaderSize(s, readBuffer), maxPassKey)
	asker := s.Conn().RemotePeer()
	if err != nil || !d.passes.of(asker).Allow() {
		_ = s.Reset()
		return
	}
	select {
	case d.passing <- struct{}{}:
		defer func() { <-d.passing }()
	default:
		_ = s.Reset()
		return
	}
	ctx, cancel := context.WithTimeout(d.ctx, passTime)
	defer cancel()
	if err := writeFrame(s, encodePassed(d.pass(ctx, string(key), asker))); err != nil {
		_ = s.Reset()
		return
	}
	_ = s.Close()
}

// pass asks the nearest holder that is connected, or this node's own store where it is
// one itself: what others hold may be old.
func (d *DHT) pass(ctx context.Context, key string, asker peer.ID) (holder peer.ID, v records.Value) {
	id, err := records.ParseKey(key)
	if err != nil {
		return "", nil
	}
	if d.isHolder(key) {
		v, err := d.cfg.Values.Get(ctx, id)
		if err == nil && v != nil {
			return d.self, v
		}
	}
	if h := d.quickestHolder(key, asker); h != "" {
		d.stats.passed.Add(1)
		return h, d.askValue(ctx, h, key).value
	}
	return "", nil
}

// quickestHolder is the connected one of the k nearest that answers the quickest, not
// counting one; empty where none is connected.
func (d *DHT) quickestHolder(key string, without peer.ID) (best peer.ID) {
	least := time.Duration(-1)
	for _, p := range d.holdersOf(key) {
		if p == without || !d.links.connected(p) {
			continue
		}
		if rtt := leastRTT(d.cfg.Host.Network().ConnsToPeer(p)); least < 0 || rtt < least {
			best, least = p, rtt
		}
	}
	return best
}

// isHolder reports whether this node is one of the k nearest to a key.
func (d *DHT) isHolder(key string) bool {
	all, target := d.holdersOf(key), positionOfKey(key)
	return len(all) < d.cfg.Replication ||
		target.To(positionOfPeer(d.self)).Compare(target.To(positionOfPeer(all[len(all)-1]))) < 0
}

// holdersOf are the k nearest known to a key.
func (d *DHT) holdersOf(key string) []peer.ID {
	target := positionOfKey(key)
	var all []peer.ID
	for _, m := range d.members.nearest(target, d.cfg.Replication) {
		all = append(all, m.ID.peer())
	}
	return all
}

// passers are neighbours that are nearer than every connected holder, so that one of
// them may have the answer before anybody else.
func (d *DHT) passers(key string) []peer.ID {
	holders := d.holdersOf(key)
	rtt := func(p peer.ID) time.Duration { return leastRTT(d.cfg.Host.Network().ConnsToPeer(p)) }
	bound := time.Hour
	if h := d.quickestHolder(key, ""); h != "" {
		bound = rtt(h)
	}
	near := slices.DeleteFunc(d.neighbours(), func(p peer.ID) bool {
		known, err := d.cfg.Host.Peerstore().SupportsProtocols(p, d.cfg.prefix()+passSuffix)
		return err != nil || len(known) == 0 || slices.Contains(holders, p) || d.stale.has(p) || rtt(p) <= 0 || rtt(p) >= bound
	})
	slices.SortFunc(near, func(a, b peer.ID) int { return int(rtt(a) - rtt(b)) })
	return near[:min(len(near), maxPassers)]
}

// askPassed asks x to pass a question on.
func (d *DHT) askPassed(ctx context.Context, x peer.ID, key string) reply {
	start := time.Now()
	ctx, cancel := context.WithTimeout(ctx, passTime)
	defer cancel()
	b, err := d.converse(ctx, x, d.cfg.prefix()+passSuffix, []byte(key), maxPassed)
	if err != nil {
		return reply{via: x, err: err}
	}
	r := reply{via: x, rtt: time.Since(start)}
	holder, value, err := decodePassed(b)
	if err != nil || value == nil {
		r.err = err
		return r
	}
	r.peer = holder
	r.value, r.err = d.verify.open(key, value)
	return r
}

// encodePassed is the body of an answer: empty where there is no value.
func encodePassed(holder peer.ID, v records.Value) []byte {
	if v == nil {
		return nil
	}
	return append(append([]byte{byte(len(holder))}, holder...), v.Bytes()...)
}

func decodePassed(b []byte) (holder peer.ID, value []byte, err error) {
	if len(b) == 0 {
		return "", nil, nil
	}
	n := int(b[0])
	if n > maxPeerID || len(b) < 1+n+1 {
		return "", nil, errPassed
	}
	holder, err = peer.IDFromBytes(b[1 : 1+n])
	return holder, b[1+n:], err
}
