package factlog

import (
	"maps"
	"math/rand/v2"
	"testing"

	"github.com/cockroachdb/pebble/v2/vfs"
	"github.com/cockroachdb/pebble/v2/vfs/errorfs"
	"pgregory.net/rapid"
)

// world is a log on a disk whose power is cut before one of its writes, and what was
// promised by then.
type world struct {
	mem   *vfs.MemFS
	log   *Log
	model promises
	cutAt int // the write before which the power is cut
	seen  int // writes so far
	left  *vfs.MemFS
	held  promises // at the cut
	rng   *rand.Rand
}

// promises are which facts must be on disk, and which may be.
type promises struct {
	must map[int]int // number -> fact: acknowledged, and nobody drops it
	may  map[int]int // number -> fact: being appended, or being dropped
	next int         // at least
}

func (p promises) copied() promises {
	return promises{maps.Clone(p.must), maps.Clone(p.may), p.next}
}

// MaybeError cuts the power when it is time, and fails nothing.
func (w *world) MaybeError(op errorfs.Op) error {
	if op.Kind.ReadOrWrite() != errorfs.OpIsWrite {
		return nil
	}
	if w.seen++; w.seen == w.cutAt {
		w.held = w.model.copied()
		w.left = w.mem.CrashClone(vfs.CrashCloneCfg{UnsyncedDataPercent: w.rng.IntN(4) * 33, RNG: w.rng})
	}
	return nil
}

func (w *world) String() string { return "power cut" }

func (w *world) open(t *rapid.T) {
	var err error
	w.log, err = Open(Config{FS: errorfs.Wrap(w.mem, w), Dir: "facts", segment: 1500, Least: w.model.next})
	if err != nil {
		t.Fatal(err)
	}
	check(t, w.log, w.model)
}

// append puts facts that are new, or were dropped.
func (w *world) append(t *rapid.T, from, n int) {
	some := entries(w.log, from, from+n)
	for _, e := range some {
		for n := from; ; n++ {
			if fact(n).ID() == e.Fact.ID() {
				w.model.may[e.Number] = n
				break
			}
		}
	}
	if err := w.log.Append(some); err != nil {
		t.Fatal(err)
	}
	w.log.Set().Shelved(w.log.Next())
	for _, e := range some {
		w.model.must[e.Number] = w.model.may[e.Number]
		delete(w.model.may, e.Number)
		w.model.next = e.Number + 1
	}
}

// retain drops those whose numbers have a remainder.
func (w *world) retain(t *rapid.T, of, rest int) {
	for number, n := range w.model.must {
		if number%of == rest {
			w.model.may[number] = n
			delete(w.model.must, number)
		}
	}
	if _, err := w.log.Retain(func() bool { return false }, func(e Entry) bool { return e.Number%of != rest }); err != nil {
		t.Fatal(err)
	}
	clear(w.model.may)
}

// check holds an opened log against the promises.
func check(t *rapid.T, l *Log, p promises) {
	n, last := 0, -1
	for e, err := range l.Entries(0, l.Next()) {
		if err != nil {
			t.Fatal(err)
		}
		want, must := p.must[e.Number]
		if !must {
			var may bool
			if want, may = p.may[e.Number]; !may {
				t.Fatalf("fact %d was never put, or was dropped", e.Number)
			}
		} else {
			n++
		}
		if e.Number <= last || e.Fact.ID() != fact(want).ID() {
			t.Fatalf("number %d after %d is not fact %d", e.Number, last, want)
		}
		last = e.Number
		if l.Set().Arrival(e.Fact.ID()) != e.Number {
			t.Fatalf("fact %d is at %d in the set", e.Number, l.Set().Arrival(e.Fact.ID()))
		}
	}
	if n != len(p.must) || l.Next() < p.next {
		t.Fatalf("%d facts of %d that were acknowledged; number %d is next, at least %d", n, len(p.must), l.Next(), p.next)
	}
	seen := 0
	for number, f := range l.Set().Between(0, l.Next()) {
		if seen++; l.Set().Lookup(f.ID()) == nil || !l.Set().Holds(number, f.ID()) {
			t.Fatalf("fact %d is in the set and is not", number)
		}
	}
	if seen != l.Set().Len() {
		t.Fatalf("%d facts in a set of %d", seen, l.Set().Len())
	}
}

// TestAnyCrash: any order of appending, dropping, checkpoints and restarts, with the power
// cut before any write, ends in the facts that were acknowledged; and a log goes on from
// there, to the next cut.
func TestAnyCrash(t *testing.T) {
	cuts := 0
	rapid.Check(t, func(t *rapid.T) {
		w := &world{mem: vfs.NewCrashableMem(), rng: rand.New(rand.NewPCG(rapid.Uint64().Draw(t, "seed"), 1))}
		w.model = promises{must: map[int]int{}, may: map[int]int{}}
		next := 0
		for range rapid.IntRange(1, 4).Draw(t, "lives") {
			w.seen, w.left, w.cutAt = 0, nil, rapid.IntRange(1, 40).Draw(t, "cut")
			w.open(t)
			for range rapid.IntRange(1, 10).Draw(t, "steps") {
				switch rapid.IntRange(0, 7).Draw(t, "step") {
				case 0:
					w.retain(t, rapid.IntRange(1, 5).Draw(t, "of"), rapid.IntRange(0, 2).Draw(t, "rest"))
				case 1:
					if err := w.log.Checkpoint(); err != nil {
						t.Fatal(err)
					}
				case 2:
					if err := w.log.Close(); err != nil {
						t.Fatal(err)
					}
					w.open(t)
				case 3:
					w.append(t, rapid.IntRange(0, next).Draw(t, "again"), 5)
				default:
					n := rapid.IntRange(1, 30).Draw(t, "facts")
					w.append(t, next, n)
					next += n
				}
			}
			check(t, w.log, w.model)
			if err := w.log.Close(); err != nil {
				t.Fatal(err)
			}
			if w.left == nil {
				continue
			}
			cuts++
			w.mem, w.model = w.left, w.held
			w.open(t)
			// What was found beyond the promises stays.
			w.model.must, w.model.may = map[int]int{}, map[int]int{}
			for e := range w.log.Entries(0, w.log.Next()) {
				if f, ok := w.held.must[e.Number]; ok {
					w.model.must[e.Number] = f
				} else {
					w.model.must[e.Number] = w.held.may[e.Number]
				}
			}
			w.model.next = w.log.Next()
			if err := w.log.Close(); err != nil {
				t.Fatal(err)
			}
		}
	})
	t.Logf("%d power cuts", cuts)
}
