package store

import (
	"errors"
	"strings"
	"sync/atomic"
	"syscall"
	"testing"

	"github.com/cockroachdb/pebble/v2/vfs"
	"github.com/cockroachdb/pebble/v2/vfs/errorfs"

	"github.com/cairn-overlay/cairn/records"
)

// TestFloor fills a disk from outside and makes room again.
func TestFloor(t *testing.T) {
	t.Parallel()
	disk := vfs.NewMem()
	free := func(mib uint64) { disk.TestingSetDiskUsage(vfs.DiskUsage{AvailBytes: mib << 20, TotalBytes: 1 << 40}) }
	free(1000)
	s := must[*Store](t)(openIn(disk, Options{}))
	a, b := testAgent(t, 1), testAgent(t, 2)
	if err := s.PutRecord(ctx, a.record(t, 1), false, testTime); err != nil {
		t.Fatal(err)
	}
	foreign := func() error { return s.PutRecord(ctx, b.record(t, 1), false, testTime) }
	gossip := func() error { return s.PutFacts(ctx, []StampedFact{b.stamped(t)}) }
	own := func() error { return s.SetMeta(ctx, "k", []byte("v")) }
	ask := func() { s.space.mu.Lock(); s.space.written = spaceBytes; s.space.mu.Unlock() }

	if err := s.Room(); err != nil {
		t.Errorf("room on a wide disk: %v", err)
	}
	free(60) // below the floor: what comes from others is refused
	ask()
	if err := s.Room(); !errors.Is(err, ErrFull) || !strings.Contains(err.Error(), "what others send") {
		t.Errorf("room below the floor: %v", err)
	}
	for name, f := range map[string]func() error{"a stranger's record": foreign, "a fact": gossip} {
		if err := f(); !errors.Is(err, ErrFull) || !strings.Contains(err.Error(), "make room") {
			t.Errorf("%s below the floor: %v", name, err)
		}
	}
	local := testAgent(t, 3).stamped(t)
	local.Source = SourceLocal
	for name, err := range map[string]error{
		"own record":   s.PutRecord(ctx, b.record(t, 1), true, testTime),
		"own fact":     s.PutFacts(ctx, []StampedFact{local}),
		"setting":      own(),
		"lease":        s.PutLease(ctx, Lease{ID: b.ID(), Record: b.record(t, 1)}),
		"a known fact": s.PutFacts(ctx, []StampedFact{testAgent(t, 3).stamped(t)}),
		"a drop":       s.DropRecord(a.ID()),
	} {
		if err != nil {
			t.Errorf("%s below the floor: %v", name, err)
		}
	}
	free(10) // below a quarter of it: everything is
	ask()
	if err := own(); !errors.Is(err, ErrFull) {
		t.Errorf("own write on a full disk: %v", err)
	}
	if err := s.Room(); !errors.Is(err, ErrFull) || !strings.Contains(err.Error(), "every write") {
		t.Errorf("room on a full disk: %v", err)
	}
	if rec := must[*records.Record](t)(s.Record(b.ID())); rec == nil {
		t.Error("a read on a full disk")
	}
	if n := s.Counts().Refused; n != 3 {
		t.Errorf("%d refusals counted", n)
	}
	free(1000)
	until(t, "writes go on within a second or so", func() bool { return gossip() == nil })

	if err := s.Close(); err != nil {
		t.Fatal(err)
	}
	free(1)
	if _, err := openIn(disk, Options{}); !errors.Is(err, ErrFull) {
		t.Errorf("open on a full disk: %v", err)
	}
	free(1000)
	s = must[*Store](t)(openIn(disk, Options{}))
	if err := s.Close(); err != nil {
		t.Fatal(err)
	}
}

// TestFullTables lets only tables fail for want of room, which statfs does not show:
// writes are refused, nothing breaks, and with room they go on.
func TestFullTables(t *testing.T) {
	t.Parallel()
	var full atomic.Bool
	full.Store(true)
	disk := errorfs.Wrap(vfs.NewMem(), errorfs.InjectorFunc(func(op errorfs.Op) error {
		if full.Load() && strings.HasSuffix(op.Path, ".sst") && op.Kind.ReadOrWrite() == errorfs.OpIsWrite {
			return syscall.ENOSPC
		}
		return nil
	}))
	s := must[*Store](t)(openIn(disk, Options{}))
	put := func(n uint64) error { return s.PutFacts(ctx, []StampedFact{{Fact: tombstone(n)}}) }
	if err := put(1); err != nil {
		t.Fatal(err)
	}
	flushed, err := s.eng.AsyncFlush()
	if err != nil {
		t.Fatal(err)
	}
	n := uint64(1)
	until(t, "a write is refused", func() bool {
		n++
		err := put(n)
		if err != nil && !errors.Is(err, ErrFull) {
			t.Fatal(err)
		}
		return err != nil
	})
	if f := must[records.Fact](t)(s.Fact(tombstone(1).ID())); f == nil {
		t.Fatal("a read on a full disk")
	}
	full.Store(false)
	<-flushed
	until(t, "writes go on", func() bool { return put(n) == nil })
	if err := s.Close(); err != nil {
		t.Fatal(err)
	}
}
