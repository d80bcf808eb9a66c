package store

import (
	"bytes"
	"errors"
	"fmt"
	"io/fs"
	"math/rand/v2"
	"os"
	"path/filepath"
	"strings"
	"testing"

	"github.com/cairn-overlay/cairn/records"
)

// TestDamagedFiles damages one file of a store after the other. Opening and reading
// everything either says ErrCorrupt, or finds everything. Only where the process was
// killed, damage to the log may look like a write that the kill cut short.
func TestDamagedFiles(t *testing.T) {
	t.Parallel()
	closed, killed := filepath.Join(t.TempDir(), "closed"), filepath.Join(t.TempDir(), "killed")
	want := fillForDamage(t, closed, killed)
	t.Run("closed", func(t *testing.T) { damageFiles(t, closed, want, false) })
	t.Run("killed", func(t *testing.T) { damageFiles(t, killed, want, true) })
}

func damageFiles(t *testing.T, whole string, want int, mayTear bool) {
	var files []string
	err := fs.WalkDir(os.DirFS(whole), ".", func(name string, d fs.DirEntry, err error) error {
		if !d.IsDir() {
			files = append(files, name)
		}
		return err
	})
	if err != nil {
		t.Fatal(err)
	}
	rng := rand.New(rand.NewPCG(5, 6))
	tries := pick(25, 5, 1)
	found, unhurt, torn := 0, 0, 0
	for _, name := range files {
		raw, err := os.ReadFile(filepath.Join(whole, name))
		if err != nil {
			t.Fatal(err)
		}
		for what, damaged := range damages(raw, rng, tries) {
			dir := filepath.Join(t.TempDir(), "copy")
			if err := os.CopyFS(dir, os.DirFS(whole)); err != nil {
				t.Fatal(err)
			}
			damageFile(t, filepath.Join(dir, name), damaged)
			got, err := readAll(dir)
			switch {
			case err == nil && got == want:
				unhurt++
			case errors.Is(err, ErrCorrupt):
				found++
			case err == nil && mayTear && strings.HasSuffix(name, ".log"):
				torn++
			default:
				t.Errorf("%s: %s: %d of %d, %v", name, what, got, want, err)
			}
		}
	}
	t.Logf("damage found %d times, without effect %d times, taken for a write cut short %d times", found, unhurt, torn)
}

// damageFile replaces a file, or removes it.
func damageFile(t *testing.T, path string, damaged []byte) {
	if err := os.Remove(path); err != nil {
		t.Fatal(err)
	}
	if damaged == nil {
		return
	}
	if err := os.WriteFile(path, damaged, 0o600); err != nil {
		t.Fatal(err)
	}
}

// damages are ways in which the bytes of a file go bad; nil is a file that is gone.
func damages(raw []byte, rng *rand.Rand, n int) map[string][]byte {
	all := map[string][]byte{"gone": nil}
	if len(raw) == 0 {
		return all
	}
	all["cut to nothing"] = []byte{}
	all["all zero"] = make([]byte, len(raw))
	all["junk at the end"] = append(bytes.Clone(raw), "junk that nobody wrote here"...)
	for range n {
		at := rng.IntN(len(raw))
		all[fmt.Sprintf("cut at %d", at)] = bytes.Clone(raw[:at])
		at = rng.IntN(len(raw))
		flipped := bytes.Clone(raw)
		flipped[at] ^= 1 << rng.IntN(8)
		all[fmt.Sprintf("bit of byte %d", at)] = flipped
		at = rng.IntN(len(raw))
		zeroed := bytes.Clone(raw)
		clear(zeroed[at:min(at+512, len(raw))])
		all[fmt.Sprintf("sector at %d", at)] = zeroed
	}
	return all
}

// fillForDamage makes a store with tables and a log in dir, copies it to killed
// before it is closed, and returns what readAll counts.
func fillForDamage(t *testing.T, dir, killed string) int {
	s := must[*Store](t)(Open(dir, Options{}))
	for i := range 120 {
		if err := s.PutFacts(ctx, []StampedFact{{Fact: tombstone(uint64(i)), At: testTime, Source: "sync"}}); err != nil {
			t.Fatal(err)
		}
		if err := s.PutRecord(ctx, testAgent(t, i).record(t, 1), false, testTime); err != nil {
			t.Fatal(err)
		}
		if i%50 == 49 {
			if err := s.eng.Flush(); err != nil {
				t.Fatal(err)
			}
		}
	}
	if err := os.CopyFS(killed, os.DirFS(dir)); err != nil {
		t.Fatal(err)
	}
	if err := s.Close(); err != nil {
		t.Fatal(err)
	}
	const want = 4 * 120
	for _, place := range []string{dir, killed} {
		into := filepath.Join(t.TempDir(), "whole")
		if err := os.CopyFS(into, os.DirFS(place)); err != nil {
			t.Fatal(err)
		}
		if n, err := readAll(into); err != nil || n != want {
			t.Fatalf("%s: %d, %v", place, n, err)
		}
	}
	return want
}

// readAll opens a store and reads everything, in order and by key.
func readAll(dir string) (n int, err error) {
	s, err := Open(dir, Options{})
	if err != nil {
		return 0, err
	}
	defer func() {
		if cerr := s.Close(); err == nil {
			err = cerr
		}
	}()
	for f, err := range s.Facts(0) {
		if err != nil {
			return n, err
		}
		if g, err := s.Fact(f.Fact.ID()); err != nil {
			return n, err
		} else if g != nil {
			n++
		}
		n++
	}
	var held []records.AgentID
	for rec, err := range s.Records() {
		if err != nil {
			return n, err
		}
		held = append(held, rec.ID())
		n++
	}
	for _, id := range held {
		if m, err := s.Mark(id); err != nil {
			return n, err
		} else if !m.IsZero() {
			n++
		}
	}
	if c := s.Counts(); c.Corrupt > 0 {
		return n, fmt.Errorf("%w: %d values", ErrCorrupt, c.Corrupt)
	}
	return n, nil
}

// TestNewerFormat and the rows below it refuse what another program wrote.
func TestNewerFormat(t *testing.T) {
	dir := t.TempDir()
	s := must[*Store](t)(Open(dir, Options{}))
	if err := s.eng.Set([]byte{tableVersion}, []byte{0, 0, 0, formatVersion + 1}, nil); err != nil {
		t.Fatal(err)
	}
	if err := s.Close(); err != nil {
		t.Fatal(err)
	}
	for range 2 { // the refusal gives the lock back
		if _, err := Open(dir, Options{}); !errors.Is(err, ErrNewerFormat) {
			t.Fatalf("a newer key layout: %v", err)
		}
	}
	marker := filepath.Join(dir, fmt.Sprintf("marker.format-version.999999.%03d", engineFormat+1))
	if err := os.WriteFile(marker, nil, 0o600); err != nil {
		t.Fatal(err)
	}
	if _, err := Open(dir, Options{}); !errors.Is(err, ErrNewerFormat) {
		t.Fatalf("a newer engine: %v", err)
	}
}

// TestForeign opens what is no store.
func TestForeign(t *testing.T) {
	dir := t.TempDir()
	s := must[*Store](t)(Open(dir, Options{}))
	for _, key := range []string{"v", "z"} {
		if err := s.eng.Delete([]byte(key), nil); err != nil {
			t.Fatal(err)
		}
	}
	if err := s.eng.Set([]byte("somebody's"), []byte("data"), nil); err != nil {
		t.Fatal(err)
	}
	if err := s.Close(); err != nil {
		t.Fatal(err)
	}
	if _, err := Open(dir, Options{}); !errors.Is(err, ErrCorrupt) {
		t.Fatalf("a foreign database: %v", err)
	}
	file := filepath.Join(dir, "file")
	if err := os.WriteFile(file, []byte("x"), 0o600); err != nil {
		t.Fatal(err)
	}
	if _, err := Open(file, Options{}); err == nil {
		t.Fatal("a file opened as a store")
	}
}
