package view

import (
	"crypto/sha256"
	"encoding/binary"
	"net/netip"
	"slices"
	"testing"
	"time"
	"unsafe"

	"pgregory.net/rapid"

	"github.com/cairn-overlay/cairn/overlay/lookup"
)

// A test's peers are numbers, and their address is the /24 that they are in.
type testView = View[uint32, byte]

func where(n uint32) lookup.Position {
	return sha256.Sum256(binary.BigEndian.AppendUint32(nil, n))
}

func group(a byte) netip.Prefix {
	return netip.PrefixFrom(netip.AddrFrom4([4]byte{10, 0, a, 0}), 24)
}

func newView(limit, perSource, perGroup int) *testView {
	return New(Config[uint32, byte]{Self: 0, Where: where, Max: limit, PerSource: perSource, Group: group, PerGroup: perGroup, Secret: 7})
}

var noon = time.Date(2026, 1, 1, 12, 0, 0, 0, time.UTC)

// check holds the view against its own promises.
func check(t interface{ Fatalf(string, ...any) }, v *testView) {
	members, hints := v.Len()
	if members+hints > v.cfg.Max {
		t.Fatalf("%d members and %d hints, at most %d", members, hints, v.cfg.Max)
	}
	perSource, perGroup := make(map[uint16]int), [2]map[byte]int{{}, {}}
	for i, s := range []*shelf[uint32, byte]{&v.members, &v.hints} {
		var last mark
		n := 0
		s.each(func(e *entry[uint32, byte]) bool {
			if n++; n > 1 && e.at <= last || e.at != markOf(where(e.id)) {
				t.Fatalf("shelf %d: %x out of order", i, e.at)
			}
			last = e.at
			perGroup[i][e.addr]++
			if i == 1 {
				perSource[e.source]++
			}
			return true
		})
		if n != s.n || v.groups[i].total != n {
			t.Fatalf("shelf %d has %d entries, and counts %d and %d", i, n, s.n, v.groups[i].total)
		}
		for g, n := range perGroup[i] {
			if n > v.cfg.PerGroup || n != v.groups[i].count(groupNumber(group(g), 7)) {
				t.Fatalf("shelf %d: %d of one group, counted %d", i, n, v.groups[i].count(groupNumber(group(g), 7)))
			}
		}
	}
	for n := range v.sources.all {
		if got := perSource[uint16(n)]; got != v.sources.all[n].hints || got > v.cfg.PerSource {
			t.Fatalf("%d hints of one source, counted %d", got, v.sources.all[n].hints)
		}
	}
}

// Whatever comes in whatever order, the bounds hold, the books are right, what is found
// nearest is nearest, and only members are passed on.
func TestView(t *testing.T) {
	rapid.Check(t, func(t *rapid.T) {
		v := newView(rapid.IntRange(4, 60).Draw(t, "max"), 8, 10)
		talked := make(map[uint32]bool)
		now := noon
		number := rapid.Uint32Range(1, 120)
		for range rapid.IntRange(1, 300).Draw(t, "steps") {
			id, by := number.Draw(t, "id"), number.Draw(t, "by")
			addr := rapid.ByteRange(0, 6).Draw(t, "addr")
			switch rapid.IntRange(0, 5).Draw(t, "what") {
			case 0:
				v.Met(id, addr, now)
				talked[id] = true
			case 1, 2:
				v.Hint(id, addr, by, now)
			case 3:
				v.Failed(id, Failure(rapid.IntRange(1, 3).Draw(t, "how")), now)
			case 4:
				v.Doubt(uint64(markOf(where(id))), by, now)
			case 5:
				now = now.Add(time.Duration(rapid.IntRange(0, 1000).Draw(t, "seconds")) * time.Second)
			}
			check(t, v)
		}
		target := where(number.Draw(t, "target"))
		found := v.Nearest(target, 10)
		var all []uint32
		for _, s := range []*shelf[uint32, byte]{&v.members, &v.hints} {
			s.each(func(e *entry[uint32, byte]) bool { all = append(all, e.id); return true })
		}
		slices.SortFunc(all, func(a, b uint32) int { return target.To(where(a)).Compare(target.To(where(b))) })
		for i, p := range found {
			if p.ID != all[i] {
				t.Fatalf("at %d: %d, want %d", i, p.ID, all[i])
			}
		}
		if len(found) != min(10, len(all)) {
			t.Fatalf("%d found of %d", len(found), len(all))
		}
		met, _ := v.News(time.Time{}, 1000)
		paged := pages(v, target, 3)
		members, _ := v.Len()
		if len(met) != members || len(paged) != members {
			t.Fatalf("%d members, %d in the news, %d on pages", members, len(met), len(paged))
		}
		for _, p := range append(met, paged...) {
			if !talked[p.ID] || p.Hint {
				t.Fatalf("%d is passed on, and nobody talked with it", p.ID)
			}
		}
	})
}

// pages reads all pages, and fails where they are not in order.
func pages(v *testView, target lookup.Position, size int) (all []Peer[uint32, byte]) {
	for from := uint64(0); ; {
		page, next := v.Page(target, from, size, time.Time{}, nil)
		all = append(all, page...)
		if next == 0 {
			return all
		}
		from = next
	}
}

// A million members leave the neighbourhood dense, and a fair sample of the rest, in
// 8 MiB with the identities and addresses of the real network.
func TestMillion(t *testing.T) {
	type id [32]byte
	type addr [20]byte
	place := func(i id) lookup.Position { return lookup.Position(i) }
	draw := sha256.Sum256(nil)
	next := func() id { draw = sha256.Sum256(draw[:]); return draw }
	v := New(Config[id, addr]{Self: next(), Where: place, Secret: 7})
	const n = 1_000_000
	nearby := 0
	var ids []id
	for range n {
		p := next()
		v.Met(p, addr{}, noon)
		ids = append(ids, p)
	}
	for _, p := range ids {
		if shared(v.own, markOf(place(p))) >= 6 {
			nearby++
			if v.members.get(markOf(place(p))) == nil {
				t.Fatal("a near member is missing")
			}
		}
	}
	members, _ := v.Len()
	room := 0
	for _, b := range v.members.buckets {
		room += cap(b) * int(unsafe.Sizeof(entry[id, addr]{}))
	}
	t.Logf("%d members, %d of them near, in %.1f MiB; dense from %d bits, of the rest one in %d",
		members, nearby, float64(room)/(1<<20), v.members.dense, 1<<v.members.thin)
	if room > 8<<20 || members < DefaultMax/4 || 1<<v.members.thin > 64 {
		t.Error("too much room, or too few members")
	}
}

// A liar who names ten thousand inventions has few hints, and none once some failed.
func TestLiar(t *testing.T) {
	v := newView(20_000, 256, 0)
	for i := range uint32(100) {
		v.Hint(100+i, 0, 1, noon) // by somebody honest
	}
	for i := range uint32(10_000) {
		v.Hint(1000+i, 0, 2, noon)
	}
	if _, hints := v.Len(); hints > 100+256 {
		t.Errorf("%d hints", hints)
	}
	asked := 0
	for _, p := range v.Nearest(where(5000), 400) {
		if _, stands := v.At(uint64(markOf(where(p.ID)))); stands && p.Source == 2 {
			v.Failed(p.ID, Unreached, noon)
			asked++
		}
	}
	if _, hints := v.Len(); hints != 100 || asked > badHints {
		t.Errorf("%d hints are left, %d inventions were dialled", hints, asked)
	}
	if v.Hint(50_000, 0, 2, noon.Add(time.Minute)) {
		t.Error("the liar is believed again")
	}
	if !v.Hint(50_000, 0, 2, noon.Add(2*disbelieved)) {
		t.Error("the liar is never believed again")
	}
}

// Many sources that name peers of one group of addresses get no more than a group's part.
func TestOneGroup(t *testing.T) {
	v := newView(20_000, 1000, 8)
	for i := range uint32(5000) {
		v.Hint(1000+i, 9, 1+i%50, noon)
	}
	for i := range uint32(64) {
		v.Hint(100_000+i, byte(10+i), 1+i%50, noon)
	}
	if _, hints := v.Len(); hints != 8+64 {
		t.Errorf("%d hints, want 8 of the group and 64 of others", hints)
	}
}

// One failure is enough for a hint, a member gets more, and neither comes back on
// somebody's word.
func TestFailures(t *testing.T) {
	v := newView(100, 50, 100)
	v.Hint(5, 1, 2, noon)
	v.Met(6, 1, noon)
	if !v.Failed(5, Silent, noon) {
		t.Error("a hint that failed stays")
	}
	if v.Failed(6, Unreached, noon) || !v.Failed(6, Silent, noon) {
		t.Error("a member goes at another failure than the one that is too much")
	}
	for _, id := range []uint32{5, 6} {
		if v.Hint(id, 1, 3, noon.Add(time.Minute)) {
			t.Errorf("%d is back on somebody's word", id)
		}
		if !v.Hint(id, 1, 3, noon.Add(2*buriedFor)) {
			t.Errorf("%d is never taken again", id)
		}
	}
	if _, gone := v.News(noon, 10); !slices.Equal(gone, []uint64{uint64(markOf(where(6)))}) {
		t.Errorf("gone are %x", gone)
	}
	if !v.Met(5, 1, noon) || !v.Met(6, 1, noon) {
		t.Error("who answers is no member")
	}
}

// The quickest are those that were measured, and those that may be nearer.
func TestQuickest(t *testing.T) {
	v := newView(100, 50, 100)
	for id := range uint32(7) {
		v.Met(id, 1, noon)
	}
	v.Hint(7, 1, 1, noon)
	v.Measured(1, 30)
	v.Measured(2, 10)
	for _, by := range []uint32{1, 2} {
		v.Guessed(uint64(markOf(where(3))), 20, 90, by, noon)
		v.Guessed(uint64(markOf(where(7))), 0, 80, by, noon)
		v.Guessed(uint64(markOf(where(1))), 1, 2, by, noon) // it was measured
		v.Guessed(uint64(markOf(where(4))), 20, 95, by, noon)
	}
	var got []uint32
	for _, p := range v.Quickest(10) {
		got = append(got, p.ID)
	}
	if want := []uint32{7, 2, 3, 4, 1}; !slices.Equal(got, want) {
		t.Errorf("%v, want %v", got, want)
	}
	if got := v.Quickest(2); len(got) != 2 || got[0].ID != 7 {
		t.Errorf("the first two are %v", got)
	}
	if got := v.Quickest(0); len(got) != 0 {
		t.Errorf("of none %v", got)
	}
}

// A liar who says that near peers are far hides none of them: two are to say it, and
// nobody may say that they are nearer.
func TestFarByOneWord(t *testing.T) {
	const liar, second, honest = 1, 2, 3
	at := uint64(markOf(where(5)))
	least := func(said ...func(v *testView)) uint8 {
		v := newView(100, 50, 100)
		v.Met(5, 1, noon)
		for _, f := range said {
			f(v)
		}
		p, _ := v.At(at)
		return p.Least
	}
	says := func(least, most uint8, who uint32) func(v *testView) {
		return func(v *testView) { v.Guessed(at, least, most, who, noon) }
	}
	for _, row := range []struct {
		name string
		said []func(v *testView)
		want uint8
	}{
		{"one liar", []func(v *testView){says(200, 250, liar)}, 0},
		{"one liar, twice", []func(v *testView){says(200, 250, liar), says(210, 250, liar)}, 0},
		{"a liar behind an honest one", []func(v *testView){says(30, 50, honest), says(200, 250, liar)}, 30},
		{"an honest one behind a liar", []func(v *testView){says(200, 250, liar), says(30, 50, honest)}, 30},
		{"two liars, and one who knows better", []func(v *testView){says(200, 250, liar), says(190, 250, second), says(30, 50, honest)}, 50},
	} {
		if got := least(row.said...); got != row.want {
			t.Errorf("%s: at least %d, want %d", row.name, got, row.want)
		}
	}
}

// One voice makes nobody disappear but its own hints.
func TestDoubts(t *testing.T) {
	v := newView(100, 50, 100)
	v.Met(5, 1, noon)
	v.Hint(6, 1, 2, noon)
	v.Hint(7, 1, 3, noon)
	for _, id := range []uint32{5, 6, 7} {
		v.Doubt(uint64(markOf(where(id))), 2, noon)
		v.Doubt(uint64(markOf(where(id))), 2, noon)
	}
	if members, hints := v.Len(); members != 1 || hints != 1 {
		t.Errorf("%d members and %d hints are left, want one each", members, hints)
	}
	v.Talked(5, noon)
	v.Measured(5, 9)
	v.Guessed(uint64(markOf(where(5))), 5, 20, 1, noon)
	v.Guessed(uint64(markOf(where(5))), 5, 30, 2, noon)
	if p, _ := v.At(uint64(markOf(where(5)))); p.RTT != 9 || p.Least != 5 || p.Most != 20 {
		t.Errorf("measured %d, guessed %d to %d", p.RTT, p.Least, p.Most)
	}
	for _, id := range []uint32{5, 7} {
		v.Doubt(uint64(markOf(where(id))), 3, noon)
	}
	if members, hints := v.Len(); members != 1 || hints != 0 {
		t.Errorf("%d members and %d hints are left, want the member that answered between", members, hints)
	}
}
