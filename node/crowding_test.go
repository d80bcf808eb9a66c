package node

import (
	"errors"
	"testing"
	"time"

	"github.com/cairn-overlay/cairn/node/store"
	"github.com/cairn-overlay/cairn/records"
)

// A16: strangers' records fill their quota. What lies near the node gets in all the same,
// for those that lie farthest, and the bytes stay within the quota.
func TestNearestKept(t *testing.T) {
	if testing.Short() {
		t.Skip("it fills 16 MiB")
	}
	n := newTestNode(t, Config{Limits: Limits{Memory: 1 << 20}})
	near, farthest := n.bulky(t, 0, 1<<58), (*records.Record)(nil)
	for i := 1 << 20; n.store.Counts().ForeignBytes < n.cfg.Limits.RecordBytes()-2*int64(near.Size()); i++ {
		rec := n.bulky(t, i, 1<<64-1)
		if err := n.hold(t.Context(), rec, false); err != nil && !errors.Is(err, store.ErrQuota) {
			t.Fatal(err)
		}
		if farthest == nil || n.dht.Away(rec.ID()) > n.dht.Away(farthest.ID()) {
			farthest = rec
		}
	}
	for i := range 4 {
		near = n.bulky(t, 1000*(i+1), 1<<58)
		if err := n.hold(t.Context(), near, false); err != nil {
			t.Fatalf("the nearest is refused: %v", err)
		}
	}
	if rec, err := n.store.Record(farthest.ID()); err != nil || rec != nil {
		t.Errorf("the farthest is held still, %v", err)
	}
	if rec, err := n.store.Record(near.ID()); err != nil || rec == nil {
		t.Errorf("the nearest is not held, %v", err)
	}
	if got := n.store.Counts().ForeignBytes; got > n.cfg.Limits.RecordBytes() {
		t.Errorf("%d bytes of strangers", got)
	}
}

// bulky is the record of the first agent from a number on that lies near enough, about as
// large as one can be.
func (n *Node) bulky(t *testing.T, from int, away uint64) *records.Record {
	t.Helper()
	for ; ; from++ {
		d := newDrawn(t, from)
		if n.dht.Away(d.ident.ID()) > away {
			continue
		}
		at := placeAt("https://a.example/")
		at.Extensions = map[string][]byte{"example.org/a": make([]byte, records.MaxExtension), "example.org/b": make([]byte, records.MaxExtension), "example.org/c": make([]byte, records.MaxExtension)}
		rec, err := records.Sign(d.ident, d.key, records.Draft{Sequence: 1, Issued: time.Now(), Location: at})
		if err != nil {
			t.Fatal(err)
		}
		return rec
	}
}
