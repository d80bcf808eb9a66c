package store

import (
	"bytes"
	"net/netip"
	"testing"
	"time"

	"github.com/cairn-overlay/cairn/records"
)

// same fails where what was decoded does not encode to what it was decoded from: one
// byte sequence per value.
func same(t *testing.T, got, raw []byte) {
	t.Helper()
	if !bytes.Equal(got, raw) {
		t.Fatalf("decoded %x, encoded %x", raw, got)
	}
}

// FuzzLease decodes stored leases.
func FuzzLease(f *testing.F) {
	a := testAgent(f, 1)
	f.Add(Lease{ID: a.ID(), Name: "alice", Record: a.record(f, 3), Sequence: 4, Lease: 1e9, Pending: true}.encode())
	f.Add(Lease{ID: a.ID(), Record: a.record(f, 3), Sequence: 3}.encode())
	f.Add([]byte{})
	f.Fuzz(func(t *testing.T, raw []byte) {
		l, err := decodeLease(raw)
		if err != nil {
			return
		}
		if l.check() != nil {
			t.Fatal("decoded, and cannot be stored")
		}
		same(t, l.encode(), raw)
	})
}

// FuzzPeer decodes stored peers.
func FuzzPeer(f *testing.F) {
	f.Add("p", KnownPeer{ID: "p", Addrs: []string{"/ip4/192.0.2.1/tcp/1", ""}, LastSeen: testTime, EverReady: true}.encode())
	f.Add("p", KnownPeer{ID: "p", LastSeen: testTime, Since: testTime.Add(-time.Hour)}.encode())
	f.Add("", []byte{})
	f.Fuzz(func(t *testing.T, id string, raw []byte) {
		p, err := decodePeer(id, raw)
		if err != nil {
			return
		}
		if b := p.bounded(); len(b.Addrs) != len(p.Addrs) {
			t.Fatal("decoded, and out of bounds")
		}
		same(t, p.encode(), raw)
	})
}

// FuzzRow decodes stored marks, counters and check files.
func FuzzRow(f *testing.F) {
	f.Add(row{mark: records.Mark{Sequence: 1}, seen: testTime, notAfter: testTime, size: 1, own: true}.encode())
	f.Add(row{mark: records.Mark{Sequence: 1}, seen: testTime, notAfter: testTime, size: 1, from: netip.MustParsePrefix("192.0.2.0/24")}.encode())
	f.Add(row{mark: records.Mark{Sequence: 1}, seen: testTime, notAfter: testTime, size: 1, from: netip.MustParsePrefix("2001:db8:1::/48")}.encode())
	f.Add(tally{1, 2, 3, 4, 5}.encode())
	f.Add(check{9, 3}.encode())
	f.Fuzz(func(t *testing.T, raw []byte) {
		if r, err := decodeRow(raw); err == nil {
			same(t, r.encode(), raw)
		}
		if c, ok := decodeTally(raw); ok {
			same(t, c.encode(), raw)
		}
		if c := decodeCheck(raw); c != (check{}) && len(raw) == checkSize {
			same(t, c.encode(), raw)
		}
	})
}

// FuzzArrival decodes facts as format 1 stored them.
func FuzzArrival(f *testing.F) {
	key, raw := oldArrival(7, testAgent(f, 1).stamped(f))
	f.Add(key, raw)
	f.Add([]byte{}, []byte{})
	f.Fuzz(func(t *testing.T, key, raw []byte) {
		e, err := decodeArrival(item{key, raw})
		if err != nil {
			return
		}
		k, v := oldArrival(e.Number+1, StampedFact{At: e.At, Source: e.Source, Fact: e.Fact})
		same(t, k, key)
		same(t, v, raw)
	})
}
