package gossip

import (
	"testing"
)

func TestFirstMessageRightAfterConnect(t *testing.T) {
	a, b := join(t, newHost(t), nil), join(t, newHost(t), nil)
	connect(t, a.host, b.host)
	f := fact(t, 1)
	a.publish(t, f)
	b.has(t, f)
}

func TestPublishReachesEveryPeer(t *testing.T) {
	a, b, c := join(t, newHost(t), nil), join(t, newHost(t), nil), join(t, newHost(t), nil)
	connect(t, a.host, b.host)
	connect(t, a.host, c.host)
	connect(t, b.host, c.host)
	meet(t, a, b, c)
	f := fact(t, 1)
	if got := a.publish(t, f); got != 2 {
		t.Errorf("handed to %d peers, want 2", got)
	}
	b.has(t, f)
	c.has(t, f)
	if got := a.publish(t, f); got != 0 {
		t.Errorf("the second time handed to %d peers, want 0", got)
	}
}
