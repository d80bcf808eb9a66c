package store

import (
	"archive/tar"
	"bytes"
	"context"
	"errors"
	"fmt"
	"io"
	"io/fs"
	"os"
	"path/filepath"
	"strings"
	"sync"
	"syscall"
	"testing"
	"testing/iotest"

	"github.com/cockroachdb/pebble/v2/vfs"
	"github.com/cockroachdb/pebble/v2/vfs/errorfs"
)

// backedUp is a backup of a store.
func backedUp(t testing.TB, s *Store) []byte {
	t.Helper()
	var b bytes.Buffer
	if err := s.Backup(ctx, &b); err != nil {
		t.Fatal(err)
	}
	return b.Bytes()
}

// TestBackup: what was acknowledged before the backup is in it, while others write on;
// the store that is made of it goes on where it ended, under the same cursors.
func TestBackup(t *testing.T) {
	t.Parallel()
	s := must[*Store](t)(Open(filepath.Join(t.TempDir(), "store"), Options{}))
	rec := testAgent(t, 1).record(t, 5)
	if err := s.PutRecord(ctx, rec, true, testTime); err != nil {
		t.Fatal(err)
	}
	if err := s.PutLease(ctx, Lease{ID: rec.ID(), Name: "one", Record: rec, Sequence: 5}); err != nil {
		t.Fatal(err)
	}
	const before = 100
	for n := range uint64(before) {
		if err := s.PutFacts(ctx, []StampedFact{{At: testTime, Source: "gossip", Fact: tombstone(n)}}); err != nil {
			t.Fatal(err)
		}
	}
	busy, stop := context.WithCancel(ctx)
	var writers sync.WaitGroup
	for w := range uint64(3) {
		writers.Go(func() {
			for n := (w + 1) << 32; busy.Err() == nil; n++ {
				if err := s.PutFacts(ctx, []StampedFact{{At: testTime, Source: "gossip", Fact: tombstone(n)}}); err != nil {
					t.Error(err)
				}
				if err := s.SetMeta(ctx, fmt.Sprint("k", n), []byte("v")); err != nil {
					t.Error(err)
				}
			}
		})
	}
	var backups [3][]byte
	for i := range backups {
		backups[i] = backedUp(t, s)
	}
	stop()
	writers.Wait()
	last := s.LastCursor()
	if left, _ := filepath.Glob(s.dir + ".*"); len(left) > 0 {
		t.Errorf("left behind: %q", left)
	}
	if err := s.Close(); err != nil {
		t.Fatal(err)
	}
	for i, b := range backups {
		dir := filepath.Join(t.TempDir(), "store")
		found, err := Restore(ctx, dir, bytes.NewReader(b), Options{})
		if err != nil {
			t.Fatalf("backup %d: %v", i, err)
		}
		r := must[*Store](t)(Open(dir, Options{}))
		facts := allFacts(t, r, 0)
		if found.Facts != len(facts) || found.Records != 1 || found.Leases != 1 || found.Damaged != 0 || len(facts) < before || r.LastCursor() > last {
			t.Errorf("backup %d: %+v, %d facts, last cursor %d of %d", i, found, len(facts), r.LastCursor(), last)
		}
		for n, f := range facts[:min(before, len(facts))] {
			if f.Cursor != uint64(n+1) || f.Fact.ID() != tombstone(uint64(n)).ID() {
				t.Fatalf("backup %d: fact %d is %+v", i, n, f)
			}
		}
		if seq, err := r.NextSequence(ctx, rec.ID()); err != nil || seq != 6 {
			t.Errorf("backup %d: next sequence %d, %v", i, seq, err)
		}
		checkCounts(t, r)
		if err := r.Close(); err != nil {
			t.Fatal(err)
		}
		if _, err := Restore(ctx, dir, bytes.NewReader(b), Options{}); !errors.Is(err, fs.ErrExist) {
			t.Errorf("over a store: %v", err)
		}
	}
}

// TestBackupFromMemory: a store in memory can be kept.
func TestBackupFromMemory(t *testing.T) {
	t.Parallel()
	s := memory(t, Options{})
	if err := s.PutFacts(ctx, []StampedFact{testAgent(t, 1).stamped(t)}); err != nil {
		t.Fatal(err)
	}
	found, err := VerifyBackup(ctx, filepath.Join(t.TempDir(), "s"), bytes.NewReader(backedUp(t, s)), Options{})
	if err != nil || found.Facts != 1 {
		t.Errorf("%+v, %v", found, err)
	}
}

// repacked is a backup with its files changed.
func repacked(t testing.TB, backup []byte, change func(h *tar.Header, b []byte) []byte) []byte {
	t.Helper()
	var out bytes.Buffer
	w := tar.NewWriter(&out)
	for r := tar.NewReader(bytes.NewReader(backup)); ; {
		h, err := r.Next()
		if err == io.EOF {
			break
		}
		if err != nil {
			t.Fatal(err)
		}
		b := change(h, must[[]byte](t)(io.ReadAll(r)))
		if b == nil {
			continue
		}
		h.Size = int64(len(b))
		if err := errors.Join(w.WriteHeader(h), func() error { _, err := w.Write(b); return err }()); err != nil {
			t.Fatal(err)
		}
	}
	if err := w.Close(); err != nil {
		t.Fatal(err)
	}
	return out.Bytes()
}

// TestBackupRefused: what is no whole backup of this version or an older one makes no
// store, and leaves nothing behind, in the folder or beside it.
func TestBackupRefused(t *testing.T) {
	t.Parallel()
	s := memory(t, Options{})
	for n := range uint64(50) {
		if err := s.PutFacts(ctx, []StampedFact{{At: testTime, Source: "gossip", Fact: tombstone(n)}}); err != nil {
			t.Fatal(err)
		}
		if err := s.PutRecord(ctx, testAgent(t, int(n)).record(t, 1), false, testTime); err != nil {
			t.Fatal(err)
		}
	}
	good := backedUp(t, s)
	if err := s.eng.Set([]byte{tableVersion}, []byte{0, 0, 0, formatVersion + 1}, nil); err != nil {
		t.Fatal(err)
	}
	newer := backedUp(t, s)
	renamed := func(to string) []byte {
		return repacked(t, good, func(h *tar.Header, b []byte) []byte {
			if strings.HasPrefix(h.Name, "OPTIONS") {
				h.Name = to
			}
			return b
		})
	}
	for name, tt := range map[string]struct {
		backup []byte
		want   error
	}{
		"nothing":    {nil, ErrCorrupt},
		"no archive": {bytes.Repeat([]byte("x"), 5000), ErrCorrupt},
		"half":       {good[:len(good)/2], ErrCorrupt},
		"no end": {repacked(t, good, func(h *tar.Header, b []byte) []byte {
			if h.Name == backupEnd {
				return nil
			}
			return b
		}), ErrCorrupt},
		"a table is missing": {repacked(t, good, func(h *tar.Header, b []byte) []byte {
			if strings.HasPrefix(h.Name, "MANIFEST") {
				return nil
			}
			return b
		}), ErrCorrupt},
		"facts are missing": {repacked(t, good, func(h *tar.Header, b []byte) []byte {
			if strings.HasPrefix(h.Name, factsDir+"/") {
				return nil
			}
			return b
		}), ErrCorrupt},
		"a fact is damaged": {repacked(t, good, func(h *tar.Header, b []byte) []byte {
			if strings.HasPrefix(h.Name, factsDir+"/") && strings.HasSuffix(h.Name, ".log") {
				b[len(b)/2] ^= 1
			}
			return b
		}), ErrCorrupt},
		"a newer version":     {newer, ErrNewerFormat},
		"a way out":           {renamed("../out"), ErrCorrupt},
		"a way to the root":   {renamed("/tmp/out"), ErrCorrupt},
		"a way out below":     {renamed("facts/../../out"), ErrCorrupt},
		"a folder of its own": {renamed("other/file"), ErrCorrupt},
		"a strange name":      {renamed("a file"), ErrCorrupt},
		"a link in the archive": {repacked(t, good, func(h *tar.Header, b []byte) []byte {
			if strings.HasPrefix(h.Name, "OPTIONS") {
				h.Typeflag, h.Linkname, b = tar.TypeSymlink, "/etc/passwd", []byte{}
			}
			return b
		}), ErrCorrupt},
	} {
		above := t.TempDir()
		if _, err := Restore(ctx, filepath.Join(above, "in", "store"), bytes.NewReader(tt.backup), Options{}); !errors.Is(err, tt.want) {
			t.Errorf("%s: %v, want %v", name, err, tt.want)
		}
		left, _ := filepath.Glob(filepath.Join(above, "*", "*"))
		if out, _ := filepath.Glob(filepath.Join(above, "out")); len(left)+len(out) > 0 {
			t.Errorf("%s: left behind: %q %q", name, left, out)
		}
	}
}

// TestBackupOfFormat1: a backup of an older build becomes a store of this one.
func TestBackupOfFormat1(t *testing.T) {
	t.Parallel()
	s := memory(t, Options{})
	facts := []StampedFact{{At: testTime, Source: "gossip", Fact: tombstone(1)}, {At: testTime, Source: "gossip", Fact: tombstone(2)}}
	toFormat1(t, s, facts)
	old := repacked(t, backedUp(t, s), func(h *tar.Header, b []byte) []byte {
		if h.Name == checkFile || strings.HasPrefix(h.Name, factsDir+"/") {
			return nil
		}
		return b
	})
	dir := filepath.Join(t.TempDir(), "store")
	if found, err := Restore(ctx, dir, bytes.NewReader(old), Options{}); err != nil || found.Facts != 2 || found.Format != formatVersion {
		t.Errorf("%+v, %v", found, err)
	}
}

// TestBackupOnAFullDisk: a backup that finds no room fails, and the store goes on.
func TestBackupOnAFullDisk(t *testing.T) {
	t.Parallel()
	for _, first := range []int64{1, 2, 3} {
		aside := func(path string) bool { return strings.Contains(path, ".backup") }
		f := &fault{errno: syscall.ENOSPC, first: first, last: 1 << 40, where: aside}
		s := must[*Store](t)(openIn(errorfs.Wrap(vfs.NewMem(), f), Options{}))
		if err := s.PutFacts(ctx, []StampedFact{testAgent(t, 1).stamped(t)}); err != nil {
			t.Fatal(err)
		}
		if err := s.Backup(ctx, io.Discard); !errors.Is(err, syscall.ENOSPC) {
			t.Errorf("from write %d on: %v", first, err)
		}
		if err := s.PutFacts(ctx, []StampedFact{testAgent(t, 2).stamped(t)}); err != nil {
			t.Errorf("the store after a failed backup: %v", err)
		}
		f.errno, f.last = 0, 0
		if err := s.Backup(ctx, io.Discard); err != nil {
			t.Errorf("with room again: %v", err)
		}
		if err := s.Close(); err != nil {
			t.Error(err)
		}
	}
	disk := vfs.NewMem()
	s := must[*Store](t)(openIn(disk, Options{}))
	defer s.Close()
	disk.TestingSetDiskUsage(vfs.DiskUsage{AvailBytes: 20 << 20, TotalBytes: 1 << 40})
	s.space.mu.Lock()
	s.space.written = spaceBytes
	s.space.mu.Unlock()
	if err := s.Backup(ctx, io.Discard); !errors.Is(err, ErrFull) {
		t.Errorf("on a full disk: %v", err)
	}
}

// TestBackupEnds: with its reader, and with its caller; a store can be closed meanwhile.
func TestBackupEnds(t *testing.T) {
	t.Parallel()
	dir := filepath.Join(t.TempDir(), "store")
	s := must[*Store](t)(Open(dir, Options{}))
	enough := errors.New("enough")
	if err := s.Backup(ctx, failing{enough}); !errors.Is(err, enough) {
		t.Errorf("a reader that went away: %v", err)
	}
	gone, stop := context.WithCancelCause(ctx)
	stop(enough)
	if err := s.Backup(gone, io.Discard); !errors.Is(err, enough) {
		t.Errorf("a caller that went away: %v", err)
	}
	r, w := io.Pipe()
	done := make(chan error, 1)
	go func() {
		err := s.Backup(ctx, w)
		w.Close()
		done <- err
	}()
	if _, err := io.ReadFull(r, make([]byte, 10)); err != nil {
		t.Fatal(err)
	}
	if err := s.Close(); err != nil {
		t.Errorf("close while a backup waits for its reader: %v", err)
	}
	if _, err := io.Copy(io.Discard, r); err != nil {
		t.Error(err)
	}
	if err := <-done; err != nil {
		t.Errorf("a backup that was begun: %v", err)
	}
	if err := s.Backup(ctx, io.Discard); !errors.Is(err, ErrClosed) {
		t.Errorf("a closed store: %v", err)
	}
	if _, err := os.Stat(backupDir(dir)); !errors.Is(err, fs.ErrNotExist) {
		t.Errorf("left behind: %v", err)
	}
}

type failing struct{ err error }

func (f failing) Write([]byte) (int, error) { return 0, f.err }

// FuzzRestore: no bytes make a store that cannot be opened, or a file outside of it.
func FuzzRestore(f *testing.F) {
	s, err := Memory(Options{})
	if err != nil {
		f.Fatal(err)
	}
	defer s.Close()
	var b bytes.Buffer
	if err := s.Backup(ctx, &b); err != nil {
		f.Fatal(err)
	}
	f.Add(b.Bytes())
	f.Add([]byte("END"))
	f.Fuzz(func(t *testing.T, backup []byte) {
		above := t.TempDir()
		dir := filepath.Join(above, "store")
		if _, err := Restore(ctx, dir, bytes.NewReader(backup), Options{}); err == nil {
			s, err := Open(dir, Options{})
			if err != nil {
				t.Fatal(err)
			}
			if err := s.Close(); err != nil {
				t.Fatal(err)
			}
		}
		left, _ := filepath.Glob(filepath.Join(above, "*"))
		for _, name := range left {
			if name != dir {
				t.Errorf("left behind: %s", name)
			}
		}
	})
}

// A backup that could not be read is not called damaged.
func TestUnreadBackup(t *testing.T) {
	why := errors.New("no room to make it")
	_, err := VerifyBackup(t.Context(), filepath.Join(t.TempDir(), "scratch"), iotest.ErrReader(why), Options{})
	if !errors.Is(err, why) || errors.Is(err, ErrCorrupt) {
		t.Errorf("%v", err)
	}
	if _, err := VerifyBackup(t.Context(), filepath.Join(t.TempDir(), "scratch"), strings.NewReader("none"), Options{}); !errors.Is(err, ErrCorrupt) {
		t.Errorf("no backup: %v", err)
	}
}
