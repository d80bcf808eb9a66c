package riblt

import (
	"errors"
	"slices"
	"testing"

	"github.com/google/go-cmp/cmp"
	"pgregory.net/rapid"
)

func TestReconcile(t *testing.T) {
	for _, row := range []struct {
		name                          string
		shared, remoteOnly, localOnly int
	}{
		{"both empty", 0, 0, 0},
		{"equal", 500, 0, 0},
		{"one missing", 500, 1, 0},
		{"one extra", 500, 0, 1},
		{"one each", 500, 1, 1},
		{"remote empty", 0, 0, 200},
		{"local empty", 0, 200, 0},
		{"disjoint", 0, 150, 250},
		{"local is a subset", 300, 700, 0},
		{"remote is a subset", 300, 0, 700},
		{"a few of many", 50_000, 12, 9},
		{"many", 3_000, 4_000, 5_000},
	} {
		t.Run(row.name, func(t *testing.T) {
			d := newDraws(uint64(len(row.name)))
			remote, local := d.pair(row.shared, row.remoteOnly, row.localOnly)
			for _, step := range []int{1, 64} {
				dec := reconcile(t, d.key(), remote, local, step)
				checkDifference(t, dec, remote, local)
				if row.remoteOnly+row.localOnly == 0 && dec.Received() != 1 {
					t.Errorf("%d symbols for equal sets", dec.Received())
				}
			}
		})
	}
}

func checkDifference(t interface{ Fatalf(string, ...any) }, dec *Decoder, remote, local []Item) {
	if diff := cmp.Diff(minus(remote, local), sorted(dec.Missing())); diff != "" {
		t.Fatalf("missing: %s", diff)
	}
	if diff := cmp.Diff(minus(local, remote), sorted(dec.Extra())); diff != "" {
		t.Fatalf("extra: %s", diff)
	}
}

func TestReconcileAnySets(t *testing.T) {
	rapid.Check(t, func(rt *rapid.T) {
		n := func(label string) int { return rapid.IntRange(0, 1000).Draw(rt, label) }
		d := newDraws(rapid.Uint64().Draw(rt, "seed"))
		remote, local := d.pair(n("shared"), n("remoteOnly"), n("localOnly"))
		dec := reconcile(t, d.key(), remote, local, rapid.IntRange(1, 100).Draw(rt, "step"))
		checkDifference(rt, dec, remote, local)
	})
}

// What is recovered before the end is already true.
func TestPartialResultsAreTrue(t *testing.T) {
	d := newDraws(7)
	remote, local := d.pair(1000, 200, 200)
	key := d.key()
	enc := NewEncoder(key, slices.Values(remote))
	dec := NewDecoder(key, slices.Values(local), 0)
	missing, extra := minus(remote, local), minus(local, remote)
	partial := false
	for !dec.Done() {
		if err := dec.Add(enc.Next(1)); err != nil {
			t.Fatal(err)
		}
		if len(minus(dec.Missing(), missing))+len(minus(dec.Extra(), extra)) > 0 {
			t.Fatalf("wrong items after %d symbols", dec.Received())
		}
		partial = partial || !dec.Done() && len(dec.Missing()) > 0
	}
	if !partial {
		t.Error("nothing was recovered before the end")
	}
}

func TestTenOfTenThousand(t *testing.T) {
	over := 0
	for seed := range uint64(100) {
		d := newDraws(seed)
		remote, local := d.pair(10_000, 5, 5)
		if dec := reconcile(t, d.key(), remote, local, 1); dec.Received() > 40 {
			over++
		}
	}
	if over > 1 {
		t.Errorf("%d of 100 sessions needed more than 40 symbols", over)
	}
}

// The figures of the package comment, with room for chance.
func TestSymbolsPerDifference(t *testing.T) {
	for _, row := range []struct {
		d, sessions int
		most        float64
	}{{1, 100, 1}, {10, 400, 2}, {100, 100, 1.6}, {1000, 20, 1.45}} {
		symbols := 0
		for seed := range uint64(row.sessions) {
			d := newDraws(seed)
			remote, local := d.pair(0, row.d-row.d/2, row.d/2)
			symbols += reconcile(t, d.key(), remote, local, 1).Received()
		}
		got := float64(symbols) / float64(row.d*row.sessions)
		t.Logf("%4d differences: %.2f symbols each", row.d, got)
		if got > row.most {
			t.Errorf("%d differences: %.2f symbols each, want at most %.2f", row.d, got, row.most)
		}
	}
}

func TestDecoderAfterDone(t *testing.T) {
	d := newDraws(8)
	remote, local := d.pair(10, 1, 1)
	dec := reconcile(t, d.key(), remote, local, 1)
	received := dec.Received()
	if err := dec.Add(Run{Start: 77, Size: -1}); err != nil {
		t.Errorf("a run after the end: %v", err)
	}
	if !dec.Done() || dec.Received() != received {
		t.Error("a run after the end changed the decoder")
	}
}

func TestDecoderLimit(t *testing.T) {
	d := newDraws(9)
	remote, local := d.pair(0, 100, 100)
	key := d.key()
	dec := NewDecoder(key, slices.Values(local), 50)
	enc := NewEncoder(key, slices.Values(remote))
	if err := dec.Add(enc.Next(50)); err != nil {
		t.Fatal(err)
	}
	for range 2 {
		if err := dec.Add(enc.Next(1)); !errors.Is(err, ErrLimit) {
			t.Errorf("err = %v, want ErrLimit", err)
		}
	}
	if dec.Done() || dec.Received() != 50 {
		t.Errorf("done %t, received %d", dec.Done(), dec.Received())
	}
}

func BenchmarkReconcile(b *testing.B) {
	for _, row := range []struct {
		name string
		n, d int
	}{
		{"10k/1", 10_000, 1},
		{"10k/10", 10_000, 10},
		{"10k/100", 10_000, 100},
		{"10k/1000", 10_000, 1000},
		{"1M/1000", 1_000_000, 1000},
	} {
		b.Run(row.name, func(b *testing.B) {
			symbols, wire, sessions := 0, 0, 0
			for b.Loop() {
				b.StopTimer()
				d := newDraws(uint64(sessions))
				remote, local := d.pair(row.n, row.d-row.d/2, row.d/2)
				key := d.key()
				enc := NewEncoder(key, slices.Values(remote))
				b.StartTimer()
				dec := NewDecoder(key, slices.Values(local), 0)
				for !dec.Done() {
					b.StopTimer()
					run := enc.Next(1 + dec.Received()/16)
					wire += len(run.Append(nil))
					b.StartTimer()
					if err := dec.Add(run); err != nil {
						b.Fatal(err)
					}
				}
				symbols += dec.Received()
				sessions++
			}
			b.ReportMetric(float64(symbols)/float64(sessions*row.d), "symbols/diff")
			b.ReportMetric(float64(wire)/float64(sessions*row.d), "B/diff")
		})
	}
}
