package factlog

import (
	"encoding/binary"
	"testing"
	"time"

	"github.com/cockroachdb/pebble/v2/vfs"
	"go.uber.org/goleak"

	"github.com/cairn-overlay/cairn/records"
)

func TestMain(m *testing.M) { goleak.VerifyTestMain(m) }

var testTime = time.Unix(1_800_000_000, 0).UTC()

// fact makes the n-th of many cheap facts; of every fifth the header has three locks.
func fact(n int) records.Fact {
	var secrets []records.Secret
	for i := range 1 + n%5/4*2 {
		s := records.Secret{1, byte(i)}
		binary.BigEndian.PutUint64(s[8:], uint64(n))
		secrets = append(secrets, s)
	}
	h, err := records.NewHeader(records.KindGrant, 1_900_000_000, [32]byte(secrets[0]), secrets...)
	if err != nil {
		panic(err)
	}
	f, err := h.Reveal(secrets[0])
	if err != nil {
		panic(err)
	}
	return f
}

// entries are facts from one to another, with the numbers that the log gives next.
func entries(l *Log, from, to int) (all []Entry) {
	for n := from; n < to; n++ {
		f := fact(n)
		if number, now := l.Set().Enter(f); now == f {
			all = append(all, Entry{Number: number, At: testTime.Add(time.Duration(n) * time.Second), Source: source(n), Fact: f})
		}
	}
	return all
}

// source is a name with a code, or another one, or none.
func source(n int) string { return []string{"gossip", "", "elsewhere", "local"}[n%4] }

// put appends facts from one to another.
func put(t testing.TB, l *Log, from, to int) {
	t.Helper()
	some := entries(l, from, to)
	if err := l.Append(some); err != nil {
		t.Fatal(err)
	}
	l.Set().Shelved(l.Next())
}

func openLog(t testing.TB, fs vfs.FS, change ...func(*Config)) *Log {
	t.Helper()
	cfg := Config{FS: fs, Dir: "facts", segment: 2000}
	for _, f := range change {
		f(&cfg)
	}
	l, err := Open(cfg)
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { _ = l.Close() })
	return l
}

// holds fails where the log and its set do not have exactly the facts of these numbers.
func holds(t testing.TB, l *Log, want []int, at func(number int) (n int)) {
	t.Helper()
	i := 0
	for e, err := range l.Entries(0, l.Next()) {
		if err != nil {
			t.Fatal(err)
		}
		if i == len(want) || e.Number != want[i] {
			t.Fatalf("fact %d at place %d of %d", e.Number, i, len(want))
		}
		n := at(e.Number)
		if e.Fact.ID() != fact(n).ID() || e.Source != source(n) || !e.At.Equal(testTime.Add(time.Duration(n)*time.Second)) {
			t.Fatalf("fact %d is not what was put: %+v", e.Number, e)
		}
		if got := l.Set().Lookup(e.Fact.ID()); got == nil || got.ID() != e.Fact.ID() || l.Set().Arrival(e.Fact.ID()) != e.Number {
			t.Fatalf("fact %d is not found by its subject", e.Number)
		}
		i++
	}
	if i != len(want) || l.Set().Len() != len(want) {
		t.Fatalf("%d facts, and %d in the set, want %d", i, l.Set().Len(), len(want))
	}
}

func numbers(from, to int) (all []int) {
	for ; from < to; from++ {
		all = append(all, from)
	}
	return all
}

func same(n int) int { return n }
