package links

import (
	"testing"
	"time"

	"github.com/libp2p/go-libp2p/core/host"
	"github.com/libp2p/go-libp2p/core/peer"
)

// A link that was displaced stays open for a while, and longer where anybody wants it.
func TestDisplaced(t *testing.T) {
	t.Parallel()
	const grace = 10 * time.Second
	for name, row := range map[string]struct {
		after  time.Duration
		before func(k *Keeper, p peer.ID)
		closed bool
	}{
		"nobody's":             {patience * grace, func(*Keeper, peer.ID) {}, true},
		"just displaced":       {patience*grace - 1, func(*Keeper, peer.ID) {}, false},
		"chosen by the other":  {patience * grace, func(k *Keeper, p peer.ID) { k.Chosen(p, true) }, false},
		"no longer chosen":     {patience * grace, func(k *Keeper, p peer.ID) { k.Chosen(p, true); k.Chosen(p, false) }, true},
		"the application's":    {patience * grace, func(k *Keeper, p peer.ID) { k.cfg.Host.ConnManager().Protect(p, "app") }, false},
		"not there any more":   {patience * grace, func(k *Keeper, p peer.ID) { _ = k.cfg.Host.Network().ClosePeer(p) }, false},
		"a link of ours again": {patience * grace, func(k *Keeper, p peer.ID) { k.choose(time.Now()) }, false},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			other := newHost(t)
			k := unkept(t, Policy{Near: 1, Cap: 8, Burst: 20, Grace: grace}, other)
			now := time.Now()
			k.mu.Lock()
			k.giveUp(other.ID(), now)
			k.mu.Unlock()
			row.before(k, other.ID())
			if p, ok := k.unwanted(now.Add(row.after)); ok != row.closed || ok && p != other.ID() {
				t.Errorf("closed: %t, want %t", ok, row.closed)
			}
		})
	}
}

// unkept is a keeper that nobody runs, connected to some.
func unkept(t *testing.T, p Policy, others ...host.Host) *Keeper {
	t.Helper()
	h, known := newHost(t), []Known{}
	for _, o := range others {
		known = append(known, Known{ID: o.ID()})
		if err := h.Connect(t.Context(), peer.AddrInfo{ID: o.ID(), Addrs: o.Addrs()}); err != nil {
			t.Fatal(err)
		}
	}
	return New(Config{Host: h, Known: func() []Known { return known }, Policy: p})
}
