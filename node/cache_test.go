package node

import (
	"crypto/ed25519"
	"encoding/binary"
	"math/rand/v2"
	"runtime"
	"sync"
	"sync/atomic"
	"testing"
	"time"

	"github.com/cairn-overlay/cairn/records"
)

// drawn is an agent that follows from a number.
type drawn struct {
	ident  *records.Identity
	key    records.Signer
	secret records.Secret
}

func newDrawn(t testing.TB, n int) drawn {
	t.Helper()
	seed := binary.BigEndian.AppendUint64(make([]byte, 24), uint64(n)+1)
	key, err := records.NewEd25519Signer(ed25519.NewKeyFromSeed(seed))
	if err != nil {
		t.Fatal(err)
	}
	d := drawn{key: key, secret: records.Secret(seed)}
	g := records.Genesis{Keys: []records.PublicKey{key.Public()}, Next: [][32]byte{{1}}}
	if d.ident, err = records.NewIdentity(g, time.Now().Add(records.DefaultLife), d.secret); err != nil {
		t.Fatal(err)
	}
	return d
}

func (d drawn) record(t testing.TB, sequence uint64) *records.Record {
	t.Helper()
	rec, err := records.Sign(d.ident, d.key, records.Draft{Sequence: sequence, Issued: time.Now(), Location: placeAt("https://a.example/")})
	if err != nil {
		t.Fatal(err)
	}
	return rec
}

func (d drawn) tombstone(t testing.TB) *records.Tombstone {
	t.Helper()
	stone, err := d.ident.Header().Reveal(d.secret)
	if err != nil {
		t.Fatal(err)
	}
	return stone
}

// TestCacheIsAMap plays offers and burials, and holds the cache against a plain map.
func TestCacheIsAMap(t *testing.T) {
	c := newCache(func(*records.Record) error { return nil })
	var agents []drawn
	for i := range 100 {
		agents = append(agents, newDrawn(t, i))
	}
	want := make(map[int]uint64) // the newest sequence of each
	random := rand.New(rand.NewPCG(1, 2))
	for range 1500 {
		i, sequence := random.IntN(len(agents)), random.Uint64N(5)
		if random.IntN(3) == 0 {
			c.bury(agents[i].ident.ID(), func() bool { return true })
			delete(want, i)
		} else {
			c.offer(agents[i].record(t, sequence), sourceFound, time.Now(), 0)
			if held, ok := want[i]; !ok || sequence > held {
				want[i] = sequence
			}
		}
		for j, a := range agents {
			got, ok := c.get(a.ident.ID())
			held, wanted := want[j]
			if ok != wanted || ok && (got.rec.Sequence() != held || got.rec.ID() != a.ident.ID()) {
				t.Fatalf("agent %d: %v, %v; want %v, %d", j, got, ok, wanted, held)
			}
		}
	}
	if len(c.ring) != len(want) || c.byID.live != len(want) {
		t.Errorf("%d in the ring, %d in the index, want %d", len(c.ring), c.byID.live, len(want))
	}
	if _, ok := c.get(records.AgentID{}); ok {
		t.Error("the zero ID is known")
	}
}

// TestCacheIsBounded: a full cache lets go of those that nobody asked for.
func TestCacheIsBounded(t *testing.T) {
	c := newCache(func(*records.Record) error { return nil })
	rec := newDrawn(t, 0).record(t, 1)
	id := func(i int) records.AgentID {
		return records.AgentIDFromDigest([32]byte(binary.BigEndian.AppendUint64(make([]byte, 24), uint64(i))))
	}
	enter := func(i int) {
		entry := newCached(rec, sourceFound, time.Now(), 0)
		entry.id = id(i)
		c.mu.Lock()
		defer c.mu.Unlock()
		c.insert(entry)
	}
	for i := range cacheSize {
		enter(i)
	}
	const asked = 7
	for i := range cacheSize {
		if _, ok := c.get(id(asked)); !ok {
			t.Fatalf("agent %d is asked for again and again, and forgotten after %d others", asked, i)
		}
		enter(cacheSize + i)
	}
	if len(c.ring) != cacheSize || c.byID.live != cacheSize {
		t.Errorf("%d in the ring, %d in the index", len(c.ring), c.byID.live)
	}
	if n := len(*c.byID.slots.Load()); n > 4*cacheSize {
		t.Errorf("an index of %d slots", n)
	}
	if _, ok := c.get(id(8)); ok {
		t.Error("what nobody asked for is still there")
	}
}

// TestCacheTakesNoDead: not even from an offer that was under way when the fact came.
func TestCacheTakesNoDead(t *testing.T) {
	facts := records.NewFactSet()
	c := newCache(func(r *records.Record) error { return r.Standing(facts.Lookup) })
	a := newDrawn(t, 1)
	c.offer(a.record(t, 1), sourceHeld, time.Now(), 0)
	if _, ok := c.get(a.ident.ID()); !ok {
		t.Fatal("not taken while alive")
	}
	c.bury(a.ident.ID(), func() bool {
		if _, ok := c.get(a.ident.ID()); ok {
			t.Error("still there when the fact comes into the set")
		}
		return facts.Add(a.tombstone(t))
	})
	c.offer(a.record(t, 2), sourceHeld, time.Now(), 0)
	if _, ok := c.get(a.ident.ID()); ok {
		t.Error("a dead agent is remembered")
	}
}

// TestNoWarmAnswerOfTheDead: agents are revoked while some read them and others offer
// their records anew. Who begins to read after a tombstone was seen sees it.
func TestNoWarmAnswerOfTheDead(t *testing.T) {
	n := newTestNode(t, Config{})
	for round := range 30 {
		a := newDrawn(t, round)
		id, rec := a.ident.ID(), a.record(t, 1)
		if err := n.hold(t.Context(), rec, false); err != nil {
			t.Fatal(err)
		}
		var arrived atomic.Bool
		var reads, late atomic.Int64
		var wg sync.WaitGroup
		for range 3 {
			wg.Go(func() {
				for after := 0; after < 200; {
					was := arrived.Load()
					res, err := n.Resolve(t.Context(), id, Policy{})
					switch {
					case err != nil:
						t.Error(err)
						return
					case res.Status == records.StatusRevoked:
						arrived.Store(true)
					case was:
						late.Add(1)
					}
					if was {
						after++
					}
					reads.Add(1)
				}
			})
		}
		wg.Go(func() {
			for !arrived.Load() {
				n.cache.offer(rec, sourceHeld, n.clock.Now(), 0)
			}
			n.cache.offer(rec, sourceHeld, n.clock.Now(), 0)
		})
		for reads.Load() < 100 {
			runtime.Gosched()
		}
		if _, err := n.ingest(a.tombstone(t), sourceLocal); err != nil {
			t.Fatal(err)
		}
		arrived.Store(true)
		wg.Wait()
		if late.Load() > 0 {
			t.Fatalf("round %d: %d of %d answers came from before the tombstone", round, late.Load(), reads.Load())
		}
	}
	if n.count.warm.Load() == 0 {
		t.Error("no answer was warm: this test has lost its point")
	}
}

// TestWarmAnswers: what is plain comes out of memory, all else does not.
func TestWarmAnswers(t *testing.T) {
	n := newTestNode(t, Config{})
	a := newDrawn(t, 1)
	id := a.ident.ID()
	if err := n.hold(t.Context(), a.record(t, 1), false); err != nil {
		t.Fatal(err)
	}
	slow := mustResolve(t, n, id, Policy{Mode: PolicyCacheOnly})
	var res Resolution
	warm := func(mode PolicyMode) bool {
		n.clock.Now()
		return n.warm(&res, id, mode)
	}
	if !warm(PolicyCacheOnly) || !warm(PolicyCacheFirst) {
		t.Fatal("not warm")
	}
	if res.ID != slow.ID || res.Status != slow.Status || res.Record != slow.Record || res.Source != slow.Source || res.Confirmations != slow.Confirmations {
		t.Errorf("warm %+v, else %+v", res, slow)
	}
	if warm(PolicyFirst) || warm(PolicyMostRecent) {
		t.Error("warm where the network is to be asked")
	}
	c, _ := n.cache.get(id)
	n.cache.offer(c.rec, sourceFound, n.clock.Now().Add(-2*freshHeld), 0)
	if mustResolve(t, n, id, Policy{Mode: PolicyCacheOnly}); !warm(PolicyCacheOnly) || warm(PolicyCacheFirst) {
		t.Error("an answer that is not fresh is given without asking")
	}
	n.ready.until.Store(-1)
	if warm(PolicyCacheOnly) {
		t.Error("active while the facts are not complete")
	}
	n.ready.until.Store(int64(time.Hour))
	if !warm(PolicyCacheOnly) {
		t.Fatal("not warm again")
	}
	// A newer record is stored, and nobody tells the cache before it is asked again.
	if err := n.store.PutRecord(t.Context(), a.record(t, 2), false, time.Now()); err != nil {
		t.Fatal(err)
	}
	n.cache.bury(id, func() bool { return true })
	n.cache.offer(c.rec, sourceFound, n.clock.Now(), 0)
	if warm(PolicyCacheOnly) {
		t.Error("what the store knows better is not looked at")
	}
	if res := mustResolve(t, n, id, Policy{Mode: PolicyCacheOnly}); res.Status != records.StatusStale || warm(PolicyCacheOnly) {
		t.Errorf("%s of an outranked record", res.Status)
	}
}

// TestQuickClock: it is what Now says, and does not last.
func TestQuickClock(t *testing.T) {
	c := newClock(nil, time.Now(), time.Time{})
	if _, _, ok := c.quick(); ok {
		t.Error("a time before the first reading")
	}
	before := c.Now()
	wall, run, ok := c.quick()
	if after := c.Now(); !ok || wall < before.UnixNano() || wall > after.Add(time.Millisecond).UnixNano() || run <= 0 {
		t.Errorf("%d between %d and %d, run %s", wall, before.UnixNano(), after.UnixNano(), run)
	}
	c.base = c.base.Add(-quickFor)
	if _, _, ok := c.quick(); ok {
		t.Error("a reading lasts")
	}
	own := newClock(time.Now, time.Now(), time.Time{})
	own.Now()
	if _, _, ok := own.quick(); ok {
		t.Error("a clock that is not the machine's is guessed")
	}
}
