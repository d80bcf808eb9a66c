package factlog

import (
	"errors"
	"fmt"
	"os"
	"slices"
	"strings"
	"testing"

	"github.com/cockroachdb/pebble/v2/vfs"
)

// TestReopen closes a log in between, with and without its INDEX: nothing changes.
func TestReopen(t *testing.T) {
	for _, row := range []struct {
		name string
		end  func(t *testing.T, fs vfs.FS, l *Log)
	}{
		{"closed", func(t *testing.T, _ vfs.FS, l *Log) {
			if err := l.Close(); err != nil {
				t.Fatal(err)
			}
		}},
		{"not closed", func(*testing.T, vfs.FS, *Log) {}},
		{"without INDEX", func(t *testing.T, fs vfs.FS, l *Log) {
			if err := errors.Join(l.Close(), fs.Remove("facts/INDEX")); err != nil {
				t.Fatal(err)
			}
		}},
		{"with junk for INDEX", func(t *testing.T, fs vfs.FS, l *Log) {
			if err := l.Close(); err != nil {
				t.Fatal(err)
			}
			f, err := fs.Create("facts/INDEX", "")
			if err != nil {
				t.Fatal(err)
			}
			_, err = f.Write([]byte("junk"))
			if err = errors.Join(err, f.Close()); err != nil {
				t.Fatal(err)
			}
		}},
	} {
		t.Run(row.name, func(t *testing.T) {
			fs := vfs.NewMem()
			l := openLog(t, fs)
			if l.Next() != 0 || l.Set().Len() != 0 {
				t.Fatal("a new log has facts")
			}
			for from := 0; from < 200; from += 40 {
				put(t, l, from, from+25)
				put(t, l, from+25, from+40)
				holds(t, l, numbers(0, from+40), same)
				row.end(t, fs, l)
				l = openLog(t, fs)
				holds(t, l, numbers(0, from+40), same)
			}
			if len(l.segments) < 5 || l.Size() < 200*97 {
				t.Errorf("%d segments of %d bytes", len(l.segments), l.Size())
			}
		})
	}
}

// TestReadsOnlyTheTail: a start with INDEX reads no fact that INDEX knows.
func TestReadsOnlyTheTail(t *testing.T) {
	fs := vfs.NewMem()
	l := openLog(t, fs)
	put(t, l, 0, 300)
	if err := l.Checkpoint(); err != nil {
		t.Fatal(err)
	}
	put(t, l, 300, 310) // and no INDEX of them
	read := int64(0)
	l = openLog(t, fs, func(c *Config) { c.Progress = func(_, total int64) { read = total } })
	if read == 0 || read > 10*150 {
		t.Errorf("%d bytes were read of 10 facts", read)
	}
	holds(t, l, numbers(0, 310), same)
}

// TestAnnex: what was computed of some facts is found again with these, and never with others.
func TestAnnex(t *testing.T) {
	fs := vfs.NewMem()
	of := func(l *Log) {
		l.Beside(func(below int) []byte { return fmt.Appendf(nil, "%d of %d", below-l.Set().Dropped(), below) })
	}
	l := openLog(t, fs)
	found := func(want string) {
		t.Helper()
		l = openLog(t, fs) // as after a crash
		if got := string(l.Annex()); got != want {
			t.Fatalf("beside the facts is %q, want %q", got, want)
		}
		of(l)
	}
	put(t, l, 0, 100)
	if err := l.Checkpoint(); err != nil {
		t.Fatal(err)
	}
	found("") // nobody had made one
	if err := l.Checkpoint(); err != nil {
		t.Fatal(err)
	}
	found("") // and nothing has changed since
	if err := l.Save(); err != nil {
		t.Fatal(err)
	}
	found("100 of 100")
	put(t, l, 100, 110)
	found("100 of 100")
	if n, err := l.Retain(func() bool { return false }, func(e Entry) bool { return e.Number%2 == 0 }); n != 55 || err != nil {
		t.Fatal(n, err)
	}
	found("55 of 110")
	l.Beside(func(int) []byte { return nil })
	if err := l.Save(); err != nil {
		t.Fatal(err)
	}
	found("")
}

// TestRetain drops facts again and again, with and without a restart: the others keep
// their numbers, what was dropped may come again under a new one, and numbers are never
// given twice, even where nothing is left.
func TestRetain(t *testing.T) {
	fs := vfs.NewMem()
	l := openLog(t, fs)
	put(t, l, 0, 200)
	want, is := numbers(0, 200), map[int]int{}
	at := func(number int) int {
		if n, again := is[number]; again {
			return n
		}
		return number
	}
	retain := func(keep func(number int) bool) {
		t.Helper()
		n, err := l.Retain(func() bool { return false }, func(e Entry) bool { return keep(e.Number) })
		if err != nil {
			t.Fatal(err)
		}
		kept := slices.DeleteFunc(slices.Clone(want), func(number int) bool { return !keep(number) })
		if n != len(want)-len(kept) {
			t.Fatalf("%d were dropped of %d, %d should be left", n, len(want), len(kept))
		}
		want = kept
		holds(t, l, want, at)
		l = openLog(t, fs) // as after a crash
		holds(t, l, want, at)
	}
	retain(func(int) bool { return true })
	retain(func(n int) bool { return n%2 == 1 })
	before := l.Size()
	retain(func(n int) bool { return n >= 100 })
	if l.Size() > before*2/3 {
		t.Errorf("%d bytes after a drop, %d before", l.Size(), before)
	}
	put(t, l, 0, 10) // they come again
	for i := range 10 {
		is[200+i] = i
	}
	want = append(want, numbers(200, 210)...)
	holds(t, l, want, at)
	retain(func(n int) bool { return false })
	if err := l.Close(); err != nil {
		t.Fatal(err)
	}
	if err := fs.Remove("facts/INDEX"); err != nil {
		t.Fatal(err)
	}
	l = openLog(t, fs)
	put(t, l, 500, 501)
	if want, is[210] = []int{210}, 500; l.Next() != 211 {
		t.Fatalf("number %d", l.Next()-1)
	}
	holds(t, l, want, at)
	if names, _ := fs.List("facts"); len(names) > 3 {
		t.Errorf("empty segments are left: %v", names)
	}
}

// TestReadersWhileDropping reads on while segments are replaced under it.
func TestReadersWhileDropping(t *testing.T) {
	l := openLog(t, vfs.NewMem())
	put(t, l, 0, 200)
	last := -1
	for e, err := range l.Entries(0, l.Next()) {
		if err != nil || e.Number <= last || e.Fact.ID() != fact(e.Number).ID() {
			t.Fatalf("%d after %d, %v", e.Number, last, err)
		}
		if last = e.Number; last%20 != 0 {
			continue
		}
		if _, err := l.Retain(func() bool { return false }, func(e Entry) bool { return e.Number%20 <= 20-last/20 }); err != nil {
			t.Fatal(err)
		}
		put(t, l, 1000+last, 1001+last)
	}
}

// TestReaderOutlivesItsFile: a segment that is replaced again and again while somebody has
// read half of it, so that its file is closed, is read on where it is now.
func TestReaderOutlivesItsFile(t *testing.T) {
	l := openLog(t, vfs.NewMem(), func(c *Config) { c.segment = 4 * readSize })
	put(t, l, 0, 2*readSize/100)
	var got []int
	for e, err := range l.Entries(0, l.Next()) {
		if err != nil || e.Fact.ID() != fact(e.Number).ID() {
			t.Fatalf("%d: %v", e.Number, err)
		}
		if got = append(got, e.Number); len(got) != 1 {
			continue
		}
		for i := range 3 {
			if _, err := l.Retain(func() bool { return false }, func(e Entry) bool { return e.Number%(i+2) == 0 }); err != nil {
				t.Fatal(err)
			}
		}
	}
	tail := slices.IndexFunc(got, func(n int) bool { return n > 0 && n-1 > readSize/78 })
	if tail < 0 {
		t.Fatalf("%d were read, up to %d", len(got), got[len(got)-1])
	}
	for i, n := range got[tail:] {
		if n%12 != 0 || i > 0 && n != got[tail+i-1]+12 {
			t.Fatalf("%d came after %d", n, got[tail+i-1])
		}
	}
}

// TestDamage damages the log on disk: an entry that does not verify is told, counts as
// absent, and comes again; files and ends that are lost are ErrCorrupt.
func TestDamage(t *testing.T) {
	make := func(t *testing.T) (string, *Log) {
		dir := t.TempDir()
		l := openLog(t, vfs.Default, func(c *Config) { c.Dir = dir })
		put(t, l, 0, 100)
		if err := l.Close(); err != nil {
			t.Fatal(err)
		}
		return dir, l
	}
	change := func(t *testing.T, name string, f func(b []byte) []byte) {
		t.Helper()
		b, err := os.ReadFile(name)
		if err != nil {
			t.Fatal(err)
		}
		if err := os.WriteFile(name, f(b), 0o600); err != nil {
			t.Fatal(err)
		}
	}
	t.Run("a bit of a fact", func(t *testing.T) {
		dir, _ := make(t)
		change(t, dir+"/"+segmentName(0), func(b []byte) []byte { b[segmentHead+60] ^= 1; return b })
		var told []string
		l := openLog(t, vfs.Default, func(c *Config) { c.Dir, c.Damaged = dir, func(what string, _ error) { told = append(told, what) } })
		if l.Set().Len() != 100 || len(told) > 0 {
			t.Fatalf("a start read facts: %v", told)
		}
		if l.Set().Lookup(fact(0).ID()) != nil || len(told) != 1 || l.Set().Len() != 99 || l.Set().Dropped() != 1 {
			t.Fatalf("%d facts, told %v", l.Set().Len(), told)
		}
		holds(t, l, numbers(1, 100), same)
		if len(told) != 2 {
			t.Errorf("told %v", told)
		}
		put(t, l, 0, 1)
		if l.Set().Lookup(fact(0).ID()) == nil || l.Set().Arrival(fact(0).ID()) != 100 {
			t.Error("it did not come again")
		}
	})
	t.Run("the length of an entry", func(t *testing.T) {
		dir, _ := make(t)
		change(t, dir+"/"+segmentName(0), func(b []byte) []byte { b[segmentHead+5] ^= 0x40; return b })
		l := openLog(t, vfs.Default, func(c *Config) { c.Dir = dir })
		got := 0
		for _, err := range l.Entries(0, 100) {
			if got++; err != nil {
				t.Fatal(err)
			}
		}
		if got != 100-markEvery {
			t.Errorf("%d entries are left, want all up to the next mark", got)
		}
	})
	for name, f := range map[string]func(t *testing.T, dir string){
		"a segment is gone": func(t *testing.T, dir string) { _ = os.Remove(dir + "/" + segmentName(0)) },
		"the last one is cut": func(t *testing.T, dir string) {
			names, _ := os.ReadDir(dir)
			last := ""
			for _, e := range names {
				if strings.HasSuffix(e.Name(), segmentExt) {
					last = e.Name()
				}
			}
			change(t, dir+"/"+last, func(b []byte) []byte { return b[:len(b)-1] })
		},
		"a head": func(t *testing.T, dir string) {
			change(t, dir+"/"+segmentName(0), func(b []byte) []byte { b[9]++; return b })
		},
		"a fact, without INDEX": func(t *testing.T, dir string) {
			_ = os.Remove(dir + "/INDEX")
			change(t, dir+"/"+segmentName(0), func(b []byte) []byte { b[segmentHead+60] ^= 1; return b })
		},
	} {
		t.Run(name, func(t *testing.T) {
			dir, _ := make(t)
			f(t, dir)
			if _, err := Open(Config{FS: vfs.Default, Dir: dir}); !errors.Is(err, ErrCorrupt) {
				t.Errorf("opened: %v", err)
			}
		})
	}
	t.Run("fewer than there must be", func(t *testing.T) {
		dir, _ := make(t)
		_ = os.Remove(dir + "/INDEX")
		if _, err := Open(Config{FS: vfs.Default, Dir: dir, Least: 101}); !errors.Is(err, ErrCorrupt) {
			t.Errorf("opened: %v", err)
		}
	})
}
