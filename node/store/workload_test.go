package store

import (
	"context"
	"errors"
	"fmt"
	"io"
	"math/rand/v2"
	"strconv"
	"strings"
	"sync"
	"testing"
	"time"

	"github.com/cairn-overlay/cairn/records"
)

// acks is what a store has acknowledged: what must be there after any crash.
type acks struct {
	mu     sync.Mutex
	facts  map[uint64]uint64 // number of the tombstone -> cursor
	marks  map[int]uint64    // agent -> sequence
	leases map[int]uint64    // agent -> sequence
	next   map[int]uint64    // agent -> reserved sequence
	meta   map[int]uint64    // writer -> value
	log    io.Writer         // where each is printed, or nil
}

func newAcks(log io.Writer) *acks {
	return &acks{facts: map[uint64]uint64{}, marks: map[int]uint64{}, leases: map[int]uint64{}, next: map[int]uint64{}, meta: map[int]uint64{}, log: log}
}

// note records one acknowledgement. Its text form is one line: kind, key, value.
func (a *acks) note(kind string, key, val uint64) {
	a.mu.Lock()
	defer a.mu.Unlock()
	switch kind {
	case "fact":
		a.facts[key] = val
	case "mark":
		a.marks[int(key)] = val
	case "lease":
		a.leases[int(key)] = val
	case "next":
		a.next[int(key)] = val
	case "meta":
		a.meta[int(key)] = val
	}
	if a.log != nil {
		fmt.Fprintf(a.log, "%s %d %d\n", kind, key, val)
	}
}

// read notes the lines of a log; a last line without an end was not written whole.
func (a *acks) read(log string) {
	for line := range strings.Lines(log) {
		f := strings.Fields(line)
		if !strings.HasSuffix(line, "\n") || len(f) != 3 {
			continue
		}
		key, _ := strconv.ParseUint(f[1], 10, 64)
		val, _ := strconv.ParseUint(f[2], 10, 64)
		a.note(f[0], key, val)
	}
}

// copied is the state of this moment.
func (a *acks) copied() *acks {
	a.mu.Lock()
	defer a.mu.Unlock()
	c := newAcks(nil)
	for k, v := range a.facts {
		c.facts[k] = v
	}
	for _, m := range []struct{ to, from map[int]uint64 }{{c.marks, a.marks}, {c.leases, a.leases}, {c.next, a.next}, {c.meta, a.meta}} {
		for k, v := range m.from {
			m.to[k] = v
		}
	}
	return c
}

func (a *acks) len() int {
	return len(a.facts) + len(a.marks) + len(a.leases) + len(a.next) + len(a.meta)
}

// workload is writers that do everything a node does, each to agents of its own.
type workload struct {
	agents []agent
	acks   *acks
	first  uint64        // number of the first fact, so that rounds do not repeat each other
	tokens chan struct{} // one per step; nil is as fast as they can
}

const agentsPerWriter = 4

// run lets writers write until ctx ends or the store fails; it returns the failures.
func (w *workload) run(ctx context.Context, t testing.TB, s *Store, writers int, seed uint64) []error {
	var wg sync.WaitGroup
	errs := make([]error, writers)
	for i := range writers {
		wg.Go(func() {
			rng := rand.New(rand.NewPCG(seed, uint64(i)))
			for n := uint64(0); w.turn(ctx); n++ {
				err := w.step(t, s, rng, i, w.first+uint64(i)+n*uint64(writers))
				if err != nil && !errors.Is(err, ErrFull) {
					errs[i] = err
					return
				}
			}
		})
	}
	wg.Wait()
	return errs
}

// turn waits for the next step, and reports false at the end.
func (w *workload) turn(ctx context.Context) bool {
	if w.tokens == nil {
		return ctx.Err() == nil
	}
	select {
	case <-w.tokens:
		return true
	case <-ctx.Done():
		return false
	}
}

// step does one thing and notes what was acknowledged.
func (w *workload) step(t testing.TB, s *Store, rng *rand.Rand, writer int, n uint64) error {
	k := writer*agentsPerWriter + rng.IntN(agentsPerWriter)
	a := w.agents[k]
	bg := context.Background()
	switch rng.IntN(10) {
	case 0:
		seq, err := s.NextSequence(bg, a.ID())
		if err == nil {
			w.acks.note("next", uint64(k), seq)
		}
		return err
	case 1:
		seq, err := s.LastSequence(a.ID())
		if err != nil {
			return err
		}
		err = s.PutLease(bg, Lease{ID: a.ID(), Record: a.record(t, seq+1)})
		if err == nil {
			w.acks.note("lease", uint64(k), seq+1)
		}
		return err
	case 2:
		err := s.SetMeta(bg, strconv.Itoa(writer), []byte(strconv.FormatUint(n, 10)))
		if err == nil {
			w.acks.note("meta", uint64(writer), n)
		}
		return err
	case 3, 4, 5:
		seq, err := s.LastSequence(a.ID())
		if err != nil {
			return err
		}
		err = s.PutRecord(bg, a.record(t, seq+1), rng.IntN(2) == 0, testTime)
		if err == nil {
			w.acks.note("mark", uint64(k), seq+1)
		}
		return err
	default:
		facts := []StampedFact{{Fact: tombstone(n), At: testTime, Source: "gossip"}}
		err := s.PutFacts(bg, facts)
		if err == nil {
			w.acks.note("fact", n, facts[0].Cursor)
		}
		return err
	}
}

// check holds a store that was opened after a crash against the acknowledgements.
func (w *workload) check(t testing.TB, s *Store, a *acks) {
	t.Helper()
	cursors := map[records.AgentID]uint64{}
	last := uint64(0)
	for f, err := range s.Facts(0) {
		if err != nil {
			t.Fatal(err)
		}
		if f.Cursor != last+1 {
			t.Fatalf("cursor %d after %d", f.Cursor, last)
		}
		last = f.Cursor
		if cursors[f.Fact.ID()] != 0 {
			t.Fatalf("one subject at %d and %d", cursors[f.Fact.ID()], f.Cursor)
		}
		cursors[f.Fact.ID()] = f.Cursor
	}
	for n, cursor := range a.facts {
		if got := cursors[tombstone(n).ID()]; got != cursor {
			t.Fatalf("fact %d, acknowledged at cursor %d, is at %d", n, cursor, got)
		}
	}
	leases := map[records.AgentID]uint64{}
	for l, err := range s.Leases() {
		if err != nil {
			t.Fatal(err)
		}
		leases[l.ID] = l.Sequence
	}
	for k, seq := range a.leases {
		if got := leases[w.agents[k].ID()]; got < seq {
			t.Fatalf("lease of agent %d: sequence %d, acknowledged %d", k, got, seq)
		}
	}
	for k, seq := range a.marks {
		id := w.agents[k].ID()
		m := must[records.Mark](t)(s.Mark(id))
		rec := must[*records.Record](t)(s.Record(id))
		if m.Sequence < seq || rec == nil || rec.Mark() != m {
			t.Fatalf("agent %d: sequence %d, acknowledged %d, record %v", k, m.Sequence, seq, rec != nil)
		}
	}
	for k, seq := range a.next {
		if got := must[uint64](t)(s.LastSequence(w.agents[k].ID())); got < seq {
			t.Fatalf("agent %d: last sequence %d, reserved %d", k, got, seq)
		}
	}
	for writer, val := range a.meta {
		got, _ := strconv.ParseUint(string(must[[]byte](t)(s.Meta(strconv.Itoa(writer)))), 10, 64)
		if got < val {
			t.Fatalf("writer %d: meta %d, acknowledged %d", writer, got, val)
		}
	}
	if n := s.Counts().Corrupt; n != 0 {
		t.Fatalf("%d damaged values", n)
	}
	checkCounts(t, s)
}

// newWorkload makes the agents of writers.
func newWorkload(t testing.TB, writers int, log io.Writer) *workload {
	w := &workload{acks: newAcks(log)}
	for i := range writers * agentsPerWriter {
		w.agents = append(w.agents, testAgent(t, i))
	}
	return w
}

// until ends when cond holds, or after a minute.
func until(t testing.TB, what string, cond func() bool) {
	t.Helper()
	tick := time.NewTicker(time.Millisecond)
	defer tick.Stop()
	deadline := time.After(time.Minute)
	for !cond() {
		select {
		case <-tick.C:
		case <-deadline:
			t.Fatalf("a minute went by without: %s", what)
		}
	}
}
