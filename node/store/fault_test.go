package store

import (
	"context"
	"errors"
	"fmt"
	"os"
	"os/exec"
	"strings"
	"sync"
	"sync/atomic"
	"syscall"
	"testing"
	"time"

	"github.com/cockroachdb/pebble/v2/vfs"
	"github.com/cockroachdb/pebble/v2/vfs/errorfs"
)

// TestFaultyDisk runs the tests of this file that break stores in a process of their
// own: a broken store leaves its frozen engine behind until the process ends, and the
// process must not end by itself.
func TestFaultyDisk(t *testing.T) {
	if os.Getenv(faultsEnv) != "" {
		t.Skip("in the child")
	}
	t.Parallel()
	exe, err := os.Executable()
	if err != nil {
		t.Fatal(err)
	}
	args := []string{"-test.run=^TestChild", "-test.v", "-test.timeout=20m"}
	if testing.Short() {
		args = append(args, "-test.short")
	}
	if *thorough {
		args = append(args, "-thorough")
	}
	cmd := exec.Command(exe, args...)
	cmd.Env = append(os.Environ(), faultsEnv+"=1")
	out, err := cmd.CombinedOutput()
	for line := range strings.Lines(string(out)) {
		if err != nil || strings.Contains(line, "_test.go:") {
			t.Log(strings.TrimRight(line, "\n"))
		}
	}
	if err != nil {
		t.Fatal(err)
	}
}

// inChild skips a test that breaks stores, unless in the child.
func inChild(t *testing.T) {
	if os.Getenv(faultsEnv) == "" {
		t.Skip("runs in the child of TestFaultyDisk")
	}
	t.Parallel()
}

// fault makes writes of a disk fail.
type fault struct {
	name  string
	errno syscall.Errno
	first int64             // number of the first write that fails
	last  int64             // and of the last one
	where func(string) bool // paths that can fail; nil is all

	writes atomic.Int64
	hits   atomic.Int64
}

// MaybeError fails a write whose turn it is.
func (f *fault) MaybeError(op errorfs.Op) error {
	if op.Kind.ReadOrWrite() != errorfs.OpIsWrite || op.Kind == errorfs.OpLock || (f.where != nil && !f.where(op.Path)) {
		return nil
	}
	if n := f.writes.Add(1); n < f.first || n > f.last {
		return nil
	}
	f.hits.Add(1)
	return &os.PathError{Op: "write", Path: op.Path, Err: f.errno}
}

func (f *fault) String() string { return f.name }

const forEver = 1 << 40

// TestChildFaults fails the writes of a disk one by one, and from one on for ever,
// with ENOSPC and with EIO. Every call returns nil or says what is wrong, the process
// lives on, Close comes back, and on the healed disk everything acknowledged is there.
func TestChildFaults(t *testing.T) {
	inChild(t)
	var rows []*fault
	step, count := pick[int64](1, 4, 12), int64(120)
	for n := int64(1); n <= count; n += step {
		for _, e := range []syscall.Errno{syscall.ENOSPC, syscall.EIO} {
			rows = append(rows,
				&fault{name: fmt.Sprintf("%s at write %d", e, n), errno: e, first: n, last: n},
				&fault{name: fmt.Sprintf("%s from write %d on", e, n), errno: e, first: n, last: forEver})
		}
	}
	for kind, where := range map[string]func(string) bool{
		"tables":    func(p string) bool { return strings.HasSuffix(p, ".sst") },
		"logs":      func(p string) bool { return strings.HasSuffix(p, ".log") },
		"manifests": func(p string) bool { return strings.Contains(p, "MANIFEST") },
	} {
		for n := int64(1); n <= 21; n += 5 * step {
			for _, e := range []syscall.Errno{syscall.ENOSPC, syscall.EIO} {
				rows = append(rows, &fault{name: fmt.Sprintf("%s in %s from %d on", e, kind, n), errno: e, first: n, last: forEver, where: where})
			}
		}
	}
	var broken, stalled, survived, unopened, unhurt atomic.Int64
	places := make(chan struct{}, 24)
	var wg sync.WaitGroup
	for i, f := range rows {
		places <- struct{}{}
		wg.Go(func() {
			defer func() { <-places }()
			switch end := runFault(t, f, uint64(i)); {
			case end == nil && f.hits.Load() == 0:
				unhurt.Add(1)
			case errors.Is(end, errUnopened):
				unopened.Add(1)
			case errors.Is(end, ErrBroken):
				broken.Add(1)
			case errors.Is(end, ErrStalled):
				stalled.Add(1)
			default:
				survived.Add(1)
			}
		})
	}
	wg.Wait()
	t.Logf("%d faults: %d ended with ErrBroken, %d with ErrStalled, %d were survived, %d met Open, %d never came", len(rows), broken.Load(), stalled.Load(), survived.Load(), unopened.Load(), unhurt.Load())
}

var errUnopened = errors.New("the store did not open")

// runFault writes to a failing disk, closes, and reopens on the healed disk.
func runFault(t *testing.T, f *fault, seed uint64) error {
	const writers = 3
	disk := vfs.NewMem()
	w := newWorkload(t, writers, nil)
	w.first = 1
	var fatal atomic.Int64
	begin := time.Now()
	s, err := openIn(errorfs.Wrap(disk, f), Options{OnFatal: func(error) { fatal.Add(1) }})
	if err != nil {
		if !errors.Is(err, f.errno) && !errors.Is(err, ErrBroken) {
			t.Errorf("%s: open: %v", f, err)
		}
		err = errUnopened
	} else {
		s.patience = 2 * time.Second
		err = writeUntilHurt(t, w, s, f, seed)
		closed := s.Close()
		if errors.Is(err, ErrBroken) && !errors.Is(closed, ErrBroken) {
			t.Errorf("%s: %v, but close: %v", f, err, closed)
		}
		if errors.Is(closed, ErrBroken) {
			err = closed
			until(t, "OnFatal is told", func() bool { return fatal.Load() == 1 })
		}
	}
	if took := time.Since(begin); took > time.Minute {
		t.Errorf("%s: took %s", f, took)
	}
	healed, herr := openIn(disk, Options{})
	if herr != nil {
		t.Errorf("%s: on the healed disk: %v", f, herr)
		return err
	}
	w.check(t, healed, w.acks)
	if cerr := healed.Close(); cerr != nil {
		t.Errorf("%s: %v", f, cerr)
	}
	return err
}

// writeUntilHurt runs writers with flushes in between, until the fault has hit and
// some more was written, or the store has broken.
func writeUntilHurt(t *testing.T, w *workload, s *Store, f *fault, seed uint64) error {
	run, stop := context.WithTimeout(context.Background(), 8*time.Second)
	defer stop()
	go func() { // what the engine does by itself, sooner
		for run.Err() == nil && s.brokenErr() == nil && len(w.acks.copied().facts) < 400 {
			wait := time.NewTimer(5 * time.Millisecond)
			<-wait.C
			flushed := make(chan struct{})
			go func() {
				defer close(flushed)
				if s.gate.enter() {
					defer s.gate.leave()
					_, _ = s.eng.AsyncFlush()
				}
			}()
			select {
			case <-flushed:
			case <-s.broken:
			case <-run.Done():
			}
		}
		stop()
	}()
	var first error
	for _, err := range w.run(run, t, s, 3, seed) {
		if err == nil {
			continue
		}
		if first = err; !errors.Is(err, ErrBroken) && !errors.Is(err, ErrStalled) {
			t.Errorf("%s: a call returned %v", f, err)
		}
	}
	return first
}

// TestChildBroken breaks a store and calls everything.
func TestChildBroken(t *testing.T) {
	inChild(t)
	disk := vfs.NewMem()
	f := &fault{errno: syscall.EIO, first: forEver, last: forEver, where: func(p string) bool { return strings.HasSuffix(p, ".log") }}
	told := make(chan error, 2)
	s, err := openIn(errorfs.Wrap(disk, f), Options{OnFatal: func(err error) { told <- err }})
	if err != nil {
		t.Fatal(err)
	}
	if err := s.SetMeta(ctx, "k", []byte("v")); err != nil {
		t.Fatal(err)
	}
	f.writes.Store(forEver)
	f.last = 2 * forEver
	for name, err := range errorsOfAll(t, s) {
		if !errors.Is(err, ErrBroken) || !errors.Is(err, syscall.EIO) {
			t.Errorf("%s: %v", name, err)
		}
	}
	if err := <-told; !errors.Is(err, ErrBroken) {
		t.Errorf("OnFatal was told %v", err)
	}
	for name, err := range errorsOfAll(t, s) { // also after Close
		if !errors.Is(err, ErrBroken) && (name != "Close" || !errors.Is(err, ErrClosed)) {
			t.Errorf("after Close: %s: %v", name, err)
		}
	}
	healed := must[*Store](t)(openIn(disk, Options{}))
	if v := must[[]byte](t)(healed.Meta("k")); string(v) != "v" {
		t.Errorf("meta %q", v)
	}
	if err := healed.Close(); err != nil {
		t.Error(err)
	}
}

// TestChildHang lets the log hang without an error: a caller with a context gets
// away, and so does Close.
func TestChildHang(t *testing.T) {
	inChild(t)
	disk := vfs.NewMem()
	var hang atomic.Bool
	stuck := make(chan struct{})
	s, err := openIn(errorfs.Wrap(disk, errorfs.InjectorFunc(func(op errorfs.Op) error {
		if hang.Load() && strings.HasSuffix(op.Path, ".log") {
			<-stuck
		}
		return nil
	})), Options{})
	if err != nil {
		t.Fatal(err)
	}
	hang.Store(true)
	brief, cancel := context.WithTimeout(ctx, 20*time.Millisecond)
	defer cancel()
	if err := s.SetMeta(brief, "k", []byte("v")); !errors.Is(err, context.DeadlineExceeded) {
		t.Errorf("a write to a hanging disk: %v", err)
	}
	if _, err := s.Meta("other"); err != nil {
		t.Errorf("a read beside a hanging disk: %v", err)
	}
	if err := s.Close(); !errors.Is(err, ErrBroken) || !strings.Contains(err.Error(), "hangs") {
		t.Errorf("close: %v", err)
	}
	if _, err := openIn(disk, Options{}); !errors.Is(err, ErrInUse) {
		t.Errorf("while a write hangs: %v", err)
	}
	close(stuck)
}
