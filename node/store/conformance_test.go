package store

import (
	"context"
	"errors"
	"net/netip"
	"slices"
	"strings"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"

	"github.com/cairn-overlay/cairn/records"
)

// opener opens the same store again and again; Memory has no second time.
type opener func(t testing.TB, opts Options) *Store

// TestOpen, TestMemory and TestDisk hold every kind of store to the same promises.
func TestOpen(t *testing.T) {
	testStore(t, func(t testing.TB) opener {
		dir := t.TempDir() + "/data/store"
		return func(t testing.TB, opts Options) *Store { return must[*Store](t)(Open(dir, opts)) }
	}, true)
}

func TestMemory(t *testing.T) {
	testStore(t, func(testing.TB) opener {
		return func(t testing.TB, opts Options) *Store { return must[*Store](t)(Memory(opts)) }
	}, false)
}

func TestDisk(t *testing.T) {
	testStore(t, func(testing.TB) opener {
		disk := NewDisk()
		return func(t testing.TB, opts Options) *Store { return must[*Store](t)(disk.Open(opts)) }
	}, true)
}

// testStore runs the conformance test; lasts says whether a store outlives Close.
func testStore(t *testing.T, place func(testing.TB) opener, lasts bool) {
	for name, test := range map[string]func(*testing.T, *Store){
		"facts in order of arrival":       testFacts,
		"a fact drops its record":         testFactDropsRecord,
		"records by rank":                 testRecords,
		"records keep their mark":         testDropRecord,
		"sweep":                           testSweep,
		"leases":                          testLeases,
		"sequences":                       testSequences,
		"peers":                           testPeers,
		"meta":                            testMeta,
		"bad arguments":                   testInvalid,
		"ended contexts":                  testEndedContext,
		"writes inside loops":             testWriteInLoop,
		"close inside loops":              testCloseInLoop,
		"use after close":                 testUseAfterClose,
		"damaged values count as missing": testDamagedValues,
	} {
		t.Run(name, func(t *testing.T) {
			s := place(t)(t, Options{})
			defer s.Close()
			test(t, s)
		})
	}
	t.Run("quota", func(t *testing.T) {
		s := place(t)(t, Options{MaxRecordBytes: 2000})
		defer s.Close()
		testQuota(t, s)
	})
	t.Run("room is shared", func(t *testing.T) {
		s := place(t)(t, Options{})
		defer s.Close()
		testShares(t, s)
	})
	t.Run("room for the nearest", func(t *testing.T) {
		s := place(t)(t, Options{MaxRecordBytes: 2000})
		defer s.Close()
		testMakeRoom(t, s)
	})
	if lasts {
		t.Run("restart", func(t *testing.T) { testRestart(t, place(t)) })
	}
}

func testFacts(t *testing.T, s *Store) {
	if s.LastCursor() != 0 || len(allFacts(t, s, 0)) != 0 {
		t.Fatal("a new store holds facts")
	}
	a, b, c := testAgent(t, 1), testAgent(t, 2), testAgent(t, 3)
	in := []StampedFact{a.stamped(t), b.stamped(t), a.stamped(t)}
	in[1].Source, in[1].At = SourceLocal, testTime.Add(1234567*time.Nanosecond)
	if err := s.PutFacts(ctx, in); err != nil {
		t.Fatal(err)
	}
	if in[0].Cursor != 1 || in[1].Cursor != 2 || in[2].Cursor != 1 {
		t.Fatalf("cursors %d %d %d, want 1 2 1", in[0].Cursor, in[1].Cursor, in[2].Cursor)
	}
	late := a.stamped(t)
	late.Source, late.Cursor = "sync", 99
	again := []StampedFact{late, c.stamped(t)}
	if err := s.PutFacts(ctx, again); err != nil {
		t.Fatal(err)
	}
	if again[0].Cursor != 1 || again[1].Cursor != 3 || s.LastCursor() != 3 {
		t.Fatalf("cursors %d %d, last %d", again[0].Cursor, again[1].Cursor, s.LastCursor())
	}
	got := allFacts(t, s, 0)
	if len(got) != 3 || got[0].Source != "gossip" || got[1].Source != SourceLocal {
		t.Fatalf("facts %+v", got)
	}
	if !got[1].At.Equal(testTime.Add(1234 * time.Microsecond)) {
		t.Fatalf("at %s", got[1].At)
	}
	for i, want := range []agent{a, b, c} {
		if got[i].Fact.ID() != want.ID() || got[i].Cursor != uint64(i+1) {
			t.Fatalf("fact %d: %+v", i, got[i])
		}
		if f := must[records.Fact](t)(s.Fact(want.ID())); f == nil || f.ID() != want.ID() {
			t.Fatalf("fact of %d: %v", i, f)
		}
	}
	if tail := allFacts(t, s, 2); len(tail) != 1 || tail[0].Cursor != 3 {
		t.Fatalf("after 2: %+v", tail)
	}
	if tail := allFacts(t, s, 3); len(tail) != 0 {
		t.Fatalf("after 3: %+v", tail)
	}
	if f := must[records.Fact](t)(s.Fact(testAgent(t, 4).ID())); f != nil {
		t.Fatal("a fact of a stranger")
	}
	if err := s.PutFacts(ctx, nil); err != nil {
		t.Fatal(err)
	}
	if n := s.Counts(); n.Facts != 3 || n.FactBytes != 3*78 {
		t.Fatalf("counts %+v", n)
	}
	checkCounts(t, s)
}

func testFactDropsRecord(t *testing.T, s *Store) {
	a := testAgent(t, 1)
	rec := a.record(t, 5)
	if err := s.PutRecord(ctx, rec, false, testTime); err != nil {
		t.Fatal(err)
	}
	if err := s.PutFacts(ctx, []StampedFact{a.stamped(t)}); err != nil {
		t.Fatal(err)
	}
	if got := must[*records.Record](t)(s.Record(a.ID())); got != nil {
		t.Fatal("the record of a dead agent is still held")
	}
	if m := must[records.Mark](t)(s.Mark(a.ID())); m != rec.Mark() {
		t.Fatalf("mark %+v", m)
	}
	for _, seq := range []uint64{1, 5, 6} {
		if err := s.PutRecord(ctx, a.record(t, seq), true, testTime); !errors.Is(err, records.ErrRevoked) {
			t.Fatalf("sequence %d of a dead agent: %v", seq, err)
		}
	}
	if err := s.PutLease(ctx, Lease{ID: a.ID(), Record: rec}); !errors.Is(err, records.ErrRevoked) {
		t.Fatalf("lease of a dead agent: %v", err)
	}
	if rep := must[SweepReport](t)(s.Sweep(ctx, testTime)); rep.Records != 1 || rep.Marks != 0 {
		t.Fatalf("a sweep dropped %+v", rep)
	}
	if n := s.Counts(); n.Records != 0 || n.RecordBytes != 0 || n.Marks != 1 {
		t.Fatalf("counts %+v", n)
	}
	checkCounts(t, s)
}

func testRecords(t *testing.T, s *Store) {
	a := testAgent(t, 1)
	if got := must[*records.Record](t)(s.Record(a.ID())); got != nil {
		t.Fatal("a record of a stranger")
	}
	if m := must[records.Mark](t)(s.Mark(a.ID())); !m.IsZero() {
		t.Fatal("a mark of a stranger")
	}
	x, y := a.recordAt(t, 2, "x", testTime, time.Hour), a.recordAt(t, 2, "y", testTime, time.Hour)
	low, high := x, y // of one sequence, the lower hash wins
	if records.Compare(x, y) > 0 {
		low, high = y, x
	}
	for _, step := range []struct {
		name string
		rec  *records.Record
		want error
		held *records.Record
	}{
		{"first", a.record(t, 1), nil, a.record(t, 1)},
		{"newer", low, nil, low},
		{"same sequence, wins", high, nil, high},
		{"same sequence, loses", low, records.ErrStale, high},
		{"older", a.record(t, 1), records.ErrStale, high},
		{"same again", high, nil, high},
		{"newest", a.record(t, 9), nil, a.record(t, 9)},
	} {
		if err := s.PutRecord(ctx, step.rec, false, testTime); !errors.Is(err, step.want) {
			t.Fatalf("%s: %v", step.name, err)
		}
		got := must[*records.Record](t)(s.Record(a.ID()))
		if got == nil || got.Mark() != step.held.Mark() {
			t.Fatalf("%s: another record is held", step.name)
		}
		if m := must[records.Mark](t)(s.Mark(a.ID())); m != step.held.Mark() {
			t.Fatalf("%s: mark %+v", step.name, m)
		}
		checkCounts(t, s)
	}
	before := s.eng.Metrics().WAL.BytesIn
	if err := s.PutRecord(ctx, a.record(t, 9), false, testTime); err != nil {
		t.Fatal(err)
	}
	if after := s.eng.Metrics().WAL.BytesIn; after != before {
		t.Fatalf("the same record again wrote %d bytes", after-before)
	}
	late := a.recordAt(t, 10, "a", testTime, time.Hour)
	if err := s.PutRecord(ctx, late, false, testTime.Add(2*time.Hour+time.Second)); !errors.Is(err, records.ErrExpired) {
		t.Fatalf("long expired: %v", err)
	}
	n := 0
	for rec, err := range s.Records() {
		if err != nil || rec.Sequence() != 9 {
			t.Fatal(rec, err)
		}
		n++
	}
	if n != 1 || s.Counts().Records != 1 {
		t.Fatalf("%d records", n)
	}
}

func testDropRecord(t *testing.T, s *Store) {
	a := testAgent(t, 1)
	if err := s.DropRecord(a.ID()); err != nil {
		t.Fatal(err)
	}
	if err := s.PutRecord(ctx, a.record(t, 5), false, testTime); err != nil {
		t.Fatal(err)
	}
	for range 2 {
		if err := s.DropRecord(a.ID()); err != nil {
			t.Fatal(err)
		}
	}
	if got := must[*records.Record](t)(s.Record(a.ID())); got != nil {
		t.Fatal("dropped, and held")
	}
	if n := s.Counts(); n.Records != 0 || n.RecordBytes != 0 || n.ForeignBytes != 0 || n.Marks != 1 {
		t.Fatalf("counts %+v", n)
	}
	if err := s.PutRecord(ctx, a.record(t, 4), false, testTime); !errors.Is(err, records.ErrStale) {
		t.Fatalf("roll-back after a drop: %v", err)
	}
	if err := s.PutRecord(ctx, a.record(t, 5), false, testTime); err != nil {
		t.Fatal(err)
	}
	if got := must[*records.Record](t)(s.Record(a.ID())); got == nil {
		t.Fatal("nil, and not held")
	}
	checkCounts(t, s)
}

func testQuota(t *testing.T, s *Store) {
	size := testAgent(t, 1).record(t, 1).Size()
	fit := 2000 / size
	for i := range fit {
		if err := s.PutRecord(ctx, testAgent(t, i).record(t, 1), false, testTime); err != nil {
			t.Fatal(err)
		}
	}
	over := testAgent(t, fit)
	err := s.PutRecord(ctx, over.record(t, 1), false, testTime)
	if !errors.Is(err, ErrQuota) || !errors.Is(err, ErrFull) {
		t.Fatalf("over the quota: %v", err)
	}
	if m := must[records.Mark](t)(s.Mark(over.ID())); !m.IsZero() {
		t.Fatal("refused, and marked")
	}
	if err := s.PutRecord(ctx, over.record(t, 1), true, testTime); err != nil {
		t.Fatalf("own: %v", err)
	}
	if err := s.PutRecord(ctx, testAgent(t, 0).record(t, 2), false, testTime); err != nil {
		t.Fatalf("in place of its predecessor: %v", err)
	}
	if err := s.DropRecord(testAgent(t, 1).ID()); err != nil {
		t.Fatal(err)
	}
	if err := s.PutRecord(ctx, testAgent(t, fit+1).record(t, 1), false, testTime); err != nil {
		t.Fatalf("after a drop: %v", err)
	}
	if n := s.Counts(); n.Refused != 1 || n.ForeignBytes > 2000 || n.RecordBytes != n.ForeignBytes+int64(size) {
		t.Fatalf("counts %+v", n)
	}
	checkCounts(t, s)
}

// Strangers' records fill the quota: for a near one the farthest leave, for a far one
// nobody does; and never own ones, or those that are to stay.
func testMakeRoom(t *testing.T, s *Store) {
	size := testAgent(t, 1).record(t, 1).Size()
	fit, far := 2000/size, make(map[records.AgentID]uint64)
	for i := range fit {
		a := testAgent(t, i)
		far[a.ID()] = uint64(1+i) << 40
		if err := s.PutRecord(ctx, a.record(t, 1), false, testTime); err != nil {
			t.Fatal(err)
		}
	}
	own := testAgent(t, 100)
	if err := s.PutRecord(ctx, own.record(t, 1), true, testTime); err != nil {
		t.Fatal(err)
	}
	last, spared := testAgent(t, fit-1), testAgent(t, fit-2)
	distance := func(id records.AgentID) (uint64, bool) { return far[id], id != spared.ID() }
	makeRoom := func(newcomer uint64, now time.Time) int64 {
		return must[int64](t)(s.MakeRoom(ctx, int64(2000-size), Newcomer{Far: newcomer}, now, distance))
	}
	if freed := makeRoom(uint64(1+fit)<<40, testTime); freed != 0 {
		t.Fatalf("%d bytes freed for what is farther than all", freed)
	}
	if freed := makeRoom(1, testTime); freed < int64(size)-8 {
		t.Fatalf("%d bytes freed for the nearest", freed)
	}
	held := func(a agent) bool { return must[*records.Record](t)(s.Record(a.ID())) != nil }
	if held(last) || !held(own) || !held(spared) || !held(testAgent(t, 0)) {
		t.Fatal("not the farthest left, or another too")
	}
	if m := must[records.Mark](t)(s.Mark(last.ID())); m.IsZero() {
		t.Fatal("its mark is gone as well")
	}
	if freed := makeRoom(1<<63, testTime.Add(25*time.Hour)); freed > 0 && held(testAgent(t, 0)) && held(testAgent(t, 1)) {
		t.Fatal("one whose lease has ended stays before one whose lease holds")
	}
	checkCounts(t, s)
}

// testShares: of a group of addresses with more than its share the farthest leave, and of no other.
func testShares(t *testing.T, s *Store) {
	many, few, unknown := netip.MustParsePrefix("192.0.2.0/24"), netip.MustParsePrefix("2001:db8:1::/48"), netip.Prefix{}
	size, far := 0, make(map[records.AgentID]uint64)
	for i, from := range []netip.Prefix{many, many, few, many, many, unknown, many, many, many, few, many, many, many, unknown, many, many} {
		a := testAgent(t, i)
		far[a.ID()] = 1 << (20 + i*7%16) // the nearest to the farthest, in no order
		size = a.record(t, 1).Size()
		if err := s.PutRecordFrom(ctx, a.record(t, 1), testTime, from); err != nil {
			t.Fatal(err)
		}
	}
	held := func() map[netip.Prefix][]uint64 {
		held := make(map[netip.Prefix][]uint64)
		for h, err := range s.Held() {
			if err != nil {
				t.Fatal(err)
			}
			held[h.From] = append(held[h.From], far[h.ID])
		}
		for _, all := range held {
			slices.Sort(all)
		}
		return held
	}
	before, total := held(), int(s.Counts().ForeignBytes)
	makeRoom := func(less int, newcomer Newcomer) int64 {
		most := int64(total - less*size + size/2)
		return must[int64](t)(s.MakeRoom(ctx, most, newcomer, testTime, func(id records.AgentID) (uint64, bool) { return far[id], true }))
	}
	if freed := makeRoom(4, Newcomer{Far: 1 << 40, From: many}); freed != 0 {
		t.Fatalf("%d bytes freed for one who has too much", freed)
	}
	for less, from := range map[int]netip.Prefix{4: few, 7: netip.MustParsePrefix("198.51.100.0/24")} {
		if freed := makeRoom(less, Newcomer{Far: 1 << 40, From: from}); freed == 0 && len(held()[many]) > 12-less {
			t.Fatalf("nothing freed for one from %s", from)
		}
	}
	got := held()
	if !slices.Equal(got[few], before[few]) || !slices.Equal(got[unknown], before[unknown]) || !slices.Equal(got[many], before[many][:5]) {
		t.Fatalf("left are %v, of %v", got, before)
	}
	checkCounts(t, s)
}

func testSweep(t *testing.T, s *Store) {
	hour, day := testAgent(t, 1), testAgent(t, 2)
	dead := testAgent(t, 3)
	putAll := func() {
		for _, rec := range []*records.Record{
			hour.recordAt(t, 7, "a", testTime, time.Hour), day.recordAt(t, 7, "a", testTime, 24*time.Hour),
		} {
			if err := s.PutRecord(ctx, rec, false, testTime); err != nil {
				t.Fatal(err)
			}
		}
	}
	putAll()
	if err := s.PutFacts(ctx, []StampedFact{dead.stamped(t)}); err != nil {
		t.Fatal(err)
	}
	size := int64(hour.record(t, 7).Size())
	old := day.recordAt(t, 6, "old", testTime.Add(-time.Second), 24*time.Hour)
	for _, step := range []struct {
		name  string
		after time.Duration
		want  SweepReport
		stale error // of the older record of a day
	}{
		{"nothing is due", 2 * time.Hour, SweepReport{}, records.ErrStale},
		{"a record, not its mark", 2*time.Hour + time.Second, SweepReport{Records: 1, Bytes: size}, records.ErrStale},
		{"nothing more", 25 * time.Hour, SweepReport{}, records.ErrExpired},
		{"all but the fact", 25*time.Hour + time.Second, SweepReport{Records: 1, Bytes: size, Marks: 2}, records.ErrExpired},
		{"nothing is left", 100 * time.Hour, SweepReport{}, records.ErrExpired},
	} {
		now := testTime.Add(step.after)
		got, err := s.Sweep(ctx, now)
		if err != nil || got != step.want {
			t.Fatalf("%s: %+v, %v; want %+v", step.name, got, err, step.want)
		}
		if err := s.PutRecord(ctx, old, false, now); !errors.Is(err, step.stale) {
			t.Fatalf("%s: roll-back: %v", step.name, err)
		}
		checkCounts(t, s)
	}
	if n := s.Counts(); n.Facts != 1 || n.Records != 0 || n.Marks != 0 {
		t.Fatalf("counts %+v", n)
	}
	for i := range 3 * sweepBatch {
		if err := s.PutRecord(ctx, testAgent(t, i+10).record(t, 1), i%2 == 0, testTime); err != nil {
			t.Fatal(err)
		}
	}
	got, err := s.Sweep(ctx, testTime.Add(48*time.Hour))
	if err != nil || got.Records != 3*sweepBatch || got.Marks != 3*sweepBatch {
		t.Fatalf("many: %+v, %v", got, err)
	}
	checkCounts(t, s)
}

func testLeases(t *testing.T, s *Store) {
	a, b := testAgent(t, 1), testAgent(t, 2)
	la := Lease{ID: a.ID(), Name: "alice", Record: a.record(t, 3), Lease: time.Hour, Pending: true}
	lb := Lease{ID: b.ID(), Record: b.record(t, 1), Sequence: 8}
	for _, l := range []Lease{la, lb} {
		if err := s.PutLease(ctx, l); err != nil {
			t.Fatal(err)
		}
	}
	la.Sequence = 3
	leases := func() map[records.AgentID]Lease {
		all := map[records.AgentID]Lease{}
		for l, err := range s.Leases() {
			if err != nil {
				t.Fatal(err)
			}
			all[l.ID] = l
		}
		return all
	}
	same := cmp.Comparer(func(x, y *records.Record) bool { return x.Mark() == y.Mark() })
	ids := cmp.Comparer(func(x, y records.AgentID) bool { return x == y })
	if diff := cmp.Diff(map[records.AgentID]Lease{a.ID(): la, b.ID(): lb}, leases(), same, ids); diff != "" {
		t.Fatal(diff)
	}
	la.Pending, la.Record, la.Sequence = false, a.record(t, 4), 4
	if err := s.PutLease(ctx, la); err != nil {
		t.Fatal(err)
	}
	if err := s.PutLease(ctx, Lease{ID: a.ID(), Record: a.record(t, 3)}); !errors.Is(err, records.ErrStale) {
		t.Fatalf("an older sequence: %v", err)
	}
	if err := s.DropLease(b.ID()); err != nil {
		t.Fatal(err)
	}
	if err := s.DropLease(b.ID()); err != nil {
		t.Fatal(err)
	}
	if diff := cmp.Diff(map[records.AgentID]Lease{a.ID(): la}, leases(), same, ids); diff != "" {
		t.Fatal(diff)
	}
	if err := s.PutLease(ctx, Lease{ID: b.ID(), Record: b.record(t, 7)}); !errors.Is(err, records.ErrStale) {
		t.Fatalf("an older sequence after a drop: %v", err)
	}
}

func testSequences(t *testing.T, s *Store) {
	a := testAgent(t, 1)
	want := func(n uint64) {
		t.Helper()
		if got := must[uint64](t)(s.LastSequence(a.ID())); got != n {
			t.Fatalf("last sequence %d, want %d", got, n)
		}
	}
	want(0)
	for i := range uint64(3) {
		if n := must[uint64](t)(s.NextSequence(ctx, a.ID())); n != i+1 {
			t.Fatalf("reserved %d, want %d", n, i+1)
		}
	}
	want(3)
	if err := s.PutRecord(ctx, a.record(t, 10), false, testTime); err != nil {
		t.Fatal(err)
	}
	want(10)
	if err := s.PutLease(ctx, Lease{ID: a.ID(), Record: a.record(t, 20)}); err != nil {
		t.Fatal(err)
	}
	if err := s.DropLease(a.ID()); err != nil {
		t.Fatal(err)
	}
	want(20)
	if n := must[uint64](t)(s.NextSequence(ctx, a.ID())); n != 21 {
		t.Fatalf("reserved %d", n)
	}
	last := Lease{ID: a.ID(), Record: a.record(t, 20), Sequence: records.MaxSequence}
	if err := s.PutLease(ctx, last); err != nil {
		t.Fatal(err)
	}
	if _, err := s.NextSequence(ctx, a.ID()); !errors.Is(err, ErrInvalid) {
		t.Fatalf("beyond the last sequence: %v", err)
	}
}

func testPeers(t *testing.T, s *Store) {
	peers := func() []KnownPeer { t.Helper(); return must[[]KnownPeer](t)(s.Peers()) }
	put := func(p ...KnownPeer) {
		t.Helper()
		if err := s.PutPeers(ctx, p); err != nil {
			t.Fatal(err)
		}
	}
	if len(peers()) != 0 {
		t.Fatal("a new store knows peers")
	}
	put(KnownPeer{ID: "old", Addrs: []string{"/ip4/192.0.2.1"}, LastSeen: testTime, EverReady: true},
		KnownPeer{ID: "new", LastSeen: testTime.Add(time.Hour)})
	put(KnownPeer{ID: "old", LastSeen: testTime.Add(-time.Hour)})
	put(KnownPeer{ID: "new", LastSeen: testTime.Add(24 * time.Hour)})
	put(KnownPeer{ID: "new", LastSeen: testTime.Add(25 * time.Hour)}, KnownPeer{ID: "old", LastSeen: testTime.Add(24 * time.Hour)})
	want := []KnownPeer{
		{ID: "new", LastSeen: testTime.Add(25 * time.Hour), Since: testTime.Add(time.Hour)},
		{ID: "old", Addrs: []string{"/ip4/192.0.2.1"}, LastSeen: testTime.Add(24 * time.Hour), EverReady: true, Since: testTime.Add(24 * time.Hour)},
	}
	if diff := cmp.Diff(want, peers()); diff != "" {
		t.Fatal(diff)
	}
	long := strings.Repeat("x", MaxAddrSize+1)
	put(KnownPeer{ID: "new", Addrs: append([]string{long}, names(20)...), LastSeen: testTime.Add(25 * time.Hour)})
	if got := peers()[0].Addrs; !slices.Equal(got, names(16)) {
		t.Fatalf("addresses %q", got)
	}
	var many []KnownPeer
	for i, id := range names(MaxPeers + 5) {
		many = append(many, KnownPeer{ID: id, LastSeen: testTime.Add(24*time.Hour + time.Duration(i+1)*time.Second)})
	}
	put(many...)
	got := peers()
	if len(got) != MaxPeers || got[0].ID != "new" || got[1].ID != "1004" || got[MaxPeers-2].ID != "0007" || got[MaxPeers-1].ID != "old" {
		t.Fatalf("%d peers from %s to %s", len(got), got[1].ID, got[len(got)-1].ID)
	}
	crowd := func(at time.Time) (took int) { // A6: whoever fills the memory of a node before its restart
		for i := range many {
			many[i] = KnownPeer{ID: "crowd" + many[i].ID[len(many[i].ID)-4:], LastSeen: at}
		}
		put(many...)
		for _, p := range peers() {
			if strings.HasPrefix(p.ID, "crowd") {
				took++
			}
		}
		return took
	}
	if took := crowd(testTime.Add(47 * time.Hour)); took != 0 {
		t.Fatalf("a crowd took the places of %d known peers", took)
	}
	if took := crowd(testTime.Add(50 * time.Hour)); took != MaxPeers {
		t.Fatalf("%d took the places of those who were not seen for a day", took)
	}
}

func testMeta(t *testing.T, s *Store) {
	want := func(key string, val []byte) {
		t.Helper()
		got := must[[]byte](t)(s.Meta(key))
		if string(got) != string(val) || (got == nil) != (val == nil) {
			t.Fatalf("%s: %q, want %q", key, got, val)
		}
	}
	want("k", nil)
	for _, val := range [][]byte{[]byte("one"), {}, []byte("two"), nil} {
		if err := s.SetMeta(ctx, "k", val); err != nil {
			t.Fatal(err)
		}
		want("k", val)
		want("k2", nil)
	}
}

func testInvalid(t *testing.T, s *Store) {
	a, b := testAgent(t, 1), testAgent(t, 2)
	rec := a.record(t, 5)
	for name, err := range map[string]error{
		"no fact":           s.PutFacts(ctx, []StampedFact{{}}),
		"long source":       s.PutFacts(ctx, []StampedFact{{Fact: a.fact(t), Source: strings.Repeat("x", 33)}}),
		"no record":         s.PutRecord(ctx, nil, false, testTime),
		"lease, no record":  s.PutLease(ctx, Lease{ID: a.ID()}),
		"lease of another":  s.PutLease(ctx, Lease{ID: b.ID(), Record: rec}),
		"lease, long name":  s.PutLease(ctx, Lease{ID: a.ID(), Record: rec, Name: strings.Repeat("x", 65)}),
		"lease, too long":   s.PutLease(ctx, Lease{ID: a.ID(), Record: rec, Lease: 25 * time.Hour}),
		"lease, negative":   s.PutLease(ctx, Lease{ID: a.ID(), Record: rec, Lease: -1}),
		"lease, sequence":   s.PutLease(ctx, Lease{ID: a.ID(), Record: rec, Sequence: 4}),
		"lease, 2^53":       s.PutLease(ctx, Lease{ID: a.ID(), Record: rec, Sequence: 1 << 53}),
		"peer without ID":   s.PutPeers(ctx, []KnownPeer{{}}),
		"peer with a long":  s.PutPeers(ctx, []KnownPeer{{ID: strings.Repeat("x", 129)}}),
		"meta without key":  s.SetMeta(ctx, "", nil),
		"meta, long key":    s.SetMeta(ctx, strings.Repeat("x", 129), nil),
		"meta, large value": s.SetMeta(ctx, "k", make([]byte, 64<<10+1)),
	} {
		if !errors.Is(err, ErrInvalid) {
			t.Errorf("%s: %v", name, err)
		}
	}
	if n := s.Counts(); n != (Counts{}) {
		t.Fatalf("counts %+v", n)
	}
}

func testEndedContext(t *testing.T, s *Store) {
	ended, cancel := context.WithCancelCause(ctx)
	reason := errors.New("the caller went home")
	cancel(reason)
	a := testAgent(t, 1)
	_, nextErr := s.NextSequence(ended, a.ID())
	for name, err := range map[string]error{
		"PutFacts":     s.PutFacts(ended, []StampedFact{a.stamped(t)}),
		"PutRecord":    s.PutRecord(ended, a.record(t, 1), false, testTime),
		"PutLease":     s.PutLease(ended, Lease{ID: a.ID(), Record: a.record(t, 1)}),
		"PutPeers":     s.PutPeers(ended, []KnownPeer{{ID: "x"}}),
		"SetMeta":      s.SetMeta(ended, "k", nil),
		"NextSequence": nextErr,
	} {
		if !errors.Is(err, reason) {
			t.Errorf("%s: %v", name, err)
		}
	}
	if n := s.Counts(); n != (Counts{}) {
		t.Fatalf("counts %+v", n)
	}
}

// testWriteInLoop writes while it reads: iterators hold no lock.
func testWriteInLoop(t *testing.T, s *Store) {
	for i := range 3 * scanRecords {
		a := testAgent(t, i)
		if err := s.PutRecord(ctx, a.record(t, 1), false, testTime); err != nil {
			t.Fatal(err)
		}
	}
	n := 0
	for rec, err := range s.Records() {
		if err != nil {
			t.Fatal(err)
		}
		if err := s.DropRecord(rec.ID()); err != nil {
			t.Fatal(err)
		}
		if err := s.PutFacts(ctx, []StampedFact{{Fact: tombstone(uint64(n)), At: testTime}}); err != nil {
			t.Fatal(err)
		}
		n++
	}
	if n != 3*scanRecords || s.Counts().Records != 0 {
		t.Fatalf("%d records, %d left", n, s.Counts().Records)
	}
	seen := 0
	for f, err := range s.Facts(0) { // a snapshot: what is added meanwhile is not in it
		if err != nil {
			t.Fatal(err)
		}
		if f.Cursor != uint64(seen+1) {
			t.Fatalf("cursor %d after %d", f.Cursor, seen)
		}
		if err := s.PutFacts(ctx, []StampedFact{{Fact: tombstone(uint64(1000 + seen)), At: testTime}}); err != nil {
			t.Fatal(err)
		}
		seen++
	}
	if seen != n || s.LastCursor() != uint64(2*n) {
		t.Fatalf("%d facts seen of %d, last cursor %d", seen, n, s.LastCursor())
	}
	checkCounts(t, s)
}

func testCloseInLoop(t *testing.T, s *Store) {
	var facts []StampedFact
	for i := range 2 * scanFacts {
		facts = append(facts, StampedFact{Fact: tombstone(uint64(i))})
	}
	if err := s.PutFacts(ctx, facts); err != nil {
		t.Fatal(err)
	}
	var last error
	n := 0
	for f, err := range s.Facts(0) {
		if last = err; err != nil {
			break
		}
		if n++; f.Cursor == 1 {
			if err := s.Close(); err != nil {
				t.Fatal(err)
			}
		}
	}
	if n != scanFacts || !errors.Is(last, ErrClosed) {
		t.Fatalf("%d facts, then %v", n, last)
	}
}

func testUseAfterClose(t *testing.T, s *Store) {
	if err := s.Close(); err != nil {
		t.Fatal(err)
	}
	for name, err := range errorsOfAll(t, s) {
		if !errors.Is(err, ErrClosed) {
			t.Errorf("%s: %v", name, err)
		}
	}
	s.Counts()
	s.LastCursor()
}

// errorsOfAll calls everything that can fail.
func errorsOfAll(t testing.TB, s *Store) map[string]error {
	a := testAgent(t, 1)
	id := a.ID()
	errs := map[string]error{
		"PutFacts":   s.PutFacts(ctx, []StampedFact{a.stamped(t)}),
		"PutRecord":  s.PutRecord(ctx, a.record(t, 1), false, testTime),
		"DropRecord": s.DropRecord(id),
		"PutLease":   s.PutLease(ctx, Lease{ID: id, Record: a.record(t, 1)}),
		"DropLease":  s.DropLease(id),
		"PutPeers":   s.PutPeers(ctx, []KnownPeer{{ID: "x"}}),
		"SetMeta":    s.SetMeta(ctx, "k", nil),
	}
	_, errs["Fact"] = s.Fact(id)
	_, errs["Record"] = s.Record(id)
	_, errs["Mark"] = s.Mark(id)
	_, errs["Sweep"] = s.Sweep(ctx, testTime)
	_, errs["LastSequence"] = s.LastSequence(id)
	_, errs["NextSequence"] = s.NextSequence(ctx, id)
	_, errs["Peers"] = s.Peers()
	_, errs["Meta"] = s.Meta("k")
	for _, err := range s.Facts(0) {
		errs["Facts"] = err
	}
	for _, err := range s.Records() {
		errs["Records"] = err
	}
	for _, err := range s.Leases() {
		errs["Leases"] = err
	}
	if len(errs) != 18 {
		errs["a loop that should fail"] = nil
	}
	errs["Close"] = s.Close()
	return errs
}

// testDamagedValues overwrites values behind the store's back.
func testDamagedValues(t *testing.T, s *Store) {
	a := testAgent(t, 1)
	rec := a.record(t, 3)
	put := func() {
		t.Helper()
		if err := s.PutRecord(ctx, rec, false, testTime); err != nil {
			t.Fatal(err)
		}
		if err := s.PutLease(ctx, Lease{ID: a.ID(), Record: rec}); err != nil {
			t.Fatal(err)
		}
		if err := s.PutPeers(ctx, []KnownPeer{{ID: "p"}}); err != nil {
			t.Fatal(err)
		}
	}
	put()
	for _, key := range [][]byte{agentKey(tableRecord, a.ID()), agentKey(tableLease, a.ID()), nameKey(tablePeer, "p")} {
		raw := must[[]byte](t)(s.get(key))
		raw[len(raw)-1] ^= 1
		if err := s.eng.Set(key, append(raw, 0), nil); err != nil {
			t.Fatal(err)
		}
	}
	if got := must[*records.Record](t)(s.Record(a.ID())); got != nil {
		t.Error("a damaged record was returned")
	}
	for range s.Records() {
		t.Error("a damaged record was yielded")
	}
	for range s.Leases() {
		t.Error("a damaged lease was yielded")
	}
	if got := must[[]KnownPeer](t)(s.Peers()); len(got) != 0 {
		t.Error("a damaged peer was returned")
	}
	if n := s.Counts().Corrupt; n != 4 {
		t.Errorf("%d damaged values counted, want 4", n)
	}
	put() // what is put again is whole again
	if got := must[*records.Record](t)(s.Record(a.ID())); got == nil {
		t.Error("the record was not repaired")
	}
	checkCounts(t, s)
	if err := s.eng.Set(agentKey(tableMark, a.ID()), []byte("junk"), nil); err != nil {
		t.Fatal(err)
	}
	if err := s.PutRecord(ctx, a.record(t, 2), false, testTime); !errors.Is(err, records.ErrStale) {
		t.Errorf("roll-back over a damaged mark: %v", err)
	}
}

func testRestart(t *testing.T, open opener) {
	a, b, own := testAgent(t, 1), testAgent(t, 2), testAgent(t, 3)
	s := open(t, Options{})
	rec := a.record(t, 5)
	for _, err := range []error{
		s.PutRecord(ctx, rec, false, testTime),
		s.PutFacts(ctx, []StampedFact{b.stamped(t), {Fact: tombstone(1), Source: SourceLocal}}),
		s.PutRecord(ctx, own.record(t, 1), true, testTime),
		s.PutLease(ctx, Lease{ID: own.ID(), Name: "own", Record: own.record(t, 1), Sequence: 8, Pending: true}),
		s.PutPeers(ctx, []KnownPeer{{ID: "p", LastSeen: testTime}}),
		s.SetMeta(ctx, "k", []byte("v")),
	} {
		if err != nil {
			t.Fatal(err)
		}
	}
	before := s.Counts()
	for round := range 3 {
		if err := s.Close(); err != nil {
			t.Fatal(err)
		}
		s = open(t, Options{})
		if diff := cmp.Diff(before, s.Counts()); diff != "" {
			t.Fatalf("round %d: counts: %s", round, diff)
		}
		checkCounts(t, s)
		if err := s.PutRecord(ctx, a.record(t, 4), false, testTime); !errors.Is(err, records.ErrStale) {
			t.Fatalf("roll-back after a restart: %v", err)
		}
		if got := must[*records.Record](t)(s.Record(a.ID())); got == nil || got.Mark() != rec.Mark() {
			t.Fatal("the record is gone")
		}
		if s.LastCursor() != 2 || len(allFacts(t, s, 0)) != 2 {
			t.Fatal("facts are gone")
		}
		for l, err := range s.Leases() {
			if err != nil || l.Name != "own" || l.Sequence != 8 || !l.Pending {
				t.Fatalf("lease %+v, %v", l, err)
			}
		}
		if p := must[[]KnownPeer](t)(s.Peers()); len(p) != 1 || !p[0].LastSeen.Equal(testTime) {
			t.Fatalf("peers %+v", p)
		}
		if v := must[[]byte](t)(s.Meta("k")); string(v) != "v" {
			t.Fatalf("meta %q", v)
		}
	}
	again := []StampedFact{{Fact: tombstone(2)}}
	if err := s.PutFacts(ctx, again); err != nil || again[0].Cursor != 3 {
		t.Fatalf("cursor %d, %v", again[0].Cursor, err)
	}
	if err := s.DropRecord(a.ID()); err != nil {
		t.Fatal(err)
	}
	if err := s.Close(); err != nil {
		t.Fatal(err)
	}
	s = open(t, Options{})
	defer s.Close()
	if err := s.PutRecord(ctx, a.record(t, 4), false, testTime); !errors.Is(err, records.ErrStale) {
		t.Fatalf("roll-back after a drop and a restart: %v", err)
	}
}
