package node

import (
	"errors"
	"net/netip"
	"testing"

	"github.com/cairn-overlay/cairn/node/store"
	"github.com/cairn-overlay/cairn/overlay"
)

// A16: one group of addresses fills the room for strangers' records with what lies near the
// node. Who comes from elsewhere gets in all the same, also from farther away.
func TestRoomIsShared(t *testing.T) {
	if testing.Short() {
		t.Skip("it fills 16 MiB")
	}
	n := newTestNode(t, Config{Limits: Limits{Memory: 1 << 20}})
	flood := overlay.WithSource(t.Context(), netip.MustParsePrefix("192.0.2.0/24"))
	for i := 0; ; i += 16 {
		err := n.hold(flood, n.bulky(t, i, 1<<62), false)
		if errors.Is(err, store.ErrQuota) {
			break
		}
		if err != nil {
			t.Fatal(err)
		}
	}
	for i := range 3 {
		from := netip.PrefixFrom(netip.AddrFrom4([4]byte{198, 51, byte(i), 0}), 24)
		far := n.bulky(t, 1<<20+1000*i, 1<<64-1)
		for j := 1; n.dht.Away(far.ID()) < 1<<63; j++ {
			far = n.bulky(t, 1<<20+1000*i+j, 1<<64-1)
		}
		if err := n.hold(overlay.WithSource(t.Context(), from), far, false); err != nil {
			t.Errorf("one from %s is refused: %v", from, err)
		}
	}
	if got := n.store.Counts().ForeignBytes; got > n.cfg.Limits.RecordBytes() {
		t.Errorf("%d bytes of strangers", got)
	}
}
