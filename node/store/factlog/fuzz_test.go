package factlog

import (
	"bytes"
	"encoding/binary"
	"errors"
	"hash/crc32"
	"testing"

	"github.com/cockroachdb/pebble/v2/vfs"
)

func writeFile(t testing.TB, fs vfs.FS, name string, b []byte) {
	t.Helper()
	f, err := fs.Create(name, "")
	if err != nil {
		t.Fatal(err)
	}
	_, err = f.Write(b)
	if err = errors.Join(err, f.Close()); err != nil {
		t.Fatal(err)
	}
}

// FuzzEntry decodes entries: one sequence of bytes for each.
func FuzzEntry(f *testing.F) {
	for n := range 5 {
		f.Add(Entry{Number: 7 + n, At: testTime, Source: source(n), Fact: fact(n)}.append(nil, 7)[4:])
	}
	f.Fuzz(func(t *testing.T, rest []byte) {
		raw := append(binary.LittleEndian.AppendUint32(nil, crc32.Checksum(rest, castagnoli)), rest...)
		b, number, err := cut(raw, 7)
		if err != nil || len(b) != len(raw) {
			return
		}
		e, err := open(b, 7)
		if err != nil {
			return
		}
		if e.Number != number || e.Fact == nil || len(e.Source) > MaxSource {
			t.Fatalf("decoded %+v", e)
		}
		if again := e.append(nil, 7); !bytes.Equal(again, raw) {
			t.Fatalf("decoded %x, encoded %x", raw, again)
		}
	})
}

// FuzzSegment opens a log whose only segment has a head and then whatever bytes: what
// verifies is there, the rest is cut away by the next append, and what is appended stays.
func FuzzSegment(f *testing.F) {
	var whole []byte
	for n := range 20 {
		whole = Entry{Number: n, At: testTime, Source: source(n), Fact: fact(n)}.append(whole, 0)
	}
	f.Add(whole)
	f.Add(whole[:len(whole)-1])
	f.Add(append(bytes.Clone(whole[:500]), whole[501:]...))
	f.Fuzz(func(t *testing.T, raw []byte) {
		fs := vfs.NewMem()
		if err := fs.MkdirAll("facts", 0o700); err != nil {
			t.Fatal(err)
		}
		writeFile(t, fs, "facts/"+segmentName(0), append((&segment{serial: 1}).head(), raw...))
		l := openLog(t, fs)
		before := l.Set().Len()
		put(t, l, 1000, 1003)
		if l = openLog(t, fs); l.Set().Len() != before+3 {
			t.Fatalf("%d facts after 3 were put to %d", l.Set().Len(), before)
		}
		for n, f := range l.Set().Between(0, l.Next()) {
			if l.Set().Lookup(f.ID()) == nil || !l.Set().Holds(n, f.ID()) {
				t.Fatal("a fact is there and is not")
			}
		}
	})
}

// FuzzIndex opens a log with whatever INDEX, of a right checksum: it is refused, or
// nothing crashes.
func FuzzIndex(f *testing.F) {
	fs := vfs.NewMem()
	l := openLog(f, fs)
	put(f, l, 0, 60)
	var index bytes.Buffer
	if err := l.writeIndex(&index, appendSegments(nil, []segment{*l.segments[0], *l.segments[1]}, 0), l.Next(), []byte{3, 0, 0, 0, 1, 2, 3}); err != nil {
		f.Fatal(err)
	}
	f.Add(index.Bytes()[:index.Len()-4])
	f.Fuzz(func(t *testing.T, raw []byte) {
		fs := vfs.NewMem()
		l := openLog(t, fs)
		put(t, l, 0, 60)
		writeFile(t, fs, "facts/INDEX", binary.LittleEndian.AppendUint32(raw, crc32.Checksum(raw, castagnoli)))
		l, err := Open(Config{FS: fs, Dir: "facts"})
		if err != nil {
			return
		}
		for n := range 60 {
			l.Set().Lookup(fact(n).ID())
		}
		for range l.Entries(0, l.Next()) {
		}
		if err := l.Close(); err != nil {
			t.Fatal(err)
		}
	})
}
