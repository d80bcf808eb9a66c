package gossip

import (
	"context"
	"fmt"
	"net"
	"testing"
	"time"

	"github.com/libp2p/go-libp2p/core/peer"
	"pgregory.net/rapid"

	"github.com/cairn-overlay/cairn/records"
)

// side is a reconciler with a set of its own, without a network.
func side(set *records.FactSet) *reconciler {
	return newReconciler(Config{
		Facts:     set,
		Range:     func() records.Range { return records.Range{} },
		CutOff:    func() records.Day { return 0 },
		Now:       time.Now,
		Ingest:    func(f records.Fact, _ peer.ID, _ Via) (bool, error) { return set.Add(f), nil },
		Flush:     func(context.Context) error { return nil },
		EverReady: func() bool { return true },
	})
}

// name is a peer ID for a side.
func name(r *reconciler) peer.ID { return peer.ID(r.ledgers.instance[:]) }

// whole is the ledger of all that a side is to hold.
func whole(r *reconciler) *ledger { return r.ledgers.get(r.own()) }

// outcome is how a session over a pipe ended on both sides.
type outcome struct {
	client, server       *session
	same                 bool
	clientErr, serverErr error
}

// bytes is what both sides wrote.
func (o outcome) bytes() int64 { return o.client.out + o.server.out }

func (o outcome) String() string {
	return fmt.Sprintf("%d round trips, %d bytes out and %d in; received %d, sent %d",
		o.client.waits, o.client.out, o.client.in, o.client.received, o.client.sent)
}

// untimed is a pipe without deadlines: what takes long on a busy machine, with
// the race detector, is not what these tests are about.
type untimed struct{ net.Conn }

func (untimed) SetReadDeadline(time.Time) error  { return nil }
func (untimed) SetWriteDeadline(time.Time) error { return nil }

// talk runs one session between two sides over a pipe.
func talk(client, server *reconciler) outcome {
	pc, ps := net.Pipe()
	c, s := untimed{pc}, untimed{ps}
	o := outcome{
		client: &session{wire: newWire(c), r: client, peer: name(server)},
		server: &session{wire: newWire(s), r: server, peer: name(client)},
	}
	done := make(chan struct{})
	go func() {
		defer close(done)
		defer func() { _ = s.Close() }()
		o.serverErr = o.server.respond(context.Background())
	}()
	o.same, o.clientErr = o.client.initiate(context.Background())
	_ = c.Close()
	<-done
	return o
}

// agree runs a session and checks that both sides hold the union of the two sets.
func agree(t testing.TB, client, server *reconciler) outcome {
	t.Helper()
	union := make(map[records.AgentID]bool)
	for _, r := range []*reconciler{client, server} {
		for f := range r.facts.All() {
			union[f.ID()] = true
		}
	}
	o := talk(client, server)
	if o.clientErr != nil || o.serverErr != nil {
		t.Fatalf("client: %v, server: %v", o.clientErr, o.serverErr)
	}
	for _, r := range []*reconciler{client, server} {
		for id := range union {
			if r.facts.Lookup(id) == nil {
				t.Fatalf("a side lacks a fact")
			}
		}
		if r.facts.Len() != len(union) {
			t.Fatalf("%d facts, want %d", r.facts.Len(), len(union))
		}
	}
	return o
}

func TestSessionCosts(t *testing.T) {
	const many = 10_000
	shared := facts(t, 0, many)
	next := many
	fresh := func(n int) []records.Fact { next += n; return facts(t, next-n, next) }
	for _, row := range []struct {
		name           string
		shared         []records.Fact
		client, server int // facts that one side alone has
		trips          int
		bytes          int64 // at most
	}{
		{"10,000 that differ in 10, client lacks all", shared, 0, 10, 3, 2_400},
		{"10,000 that differ in 10, server lacks all", shared, 10, 0, 3, 2_400},
		{"10,000 that differ in 5 and 5", shared, 5, 5, 3, 2_400},
		{"10,000 that differ in 10 and 10", shared, 10, 10, 3, 3_500},
		{"10,000 that differ in 1", shared, 0, 1, 2, 500},
		{"10,000 equal", shared, 0, 0, 1, 150},
		{"both empty", nil, 0, 0, 1, 150},
		{"3 equal", shared[:3], 0, 0, 1, 150},
		{"client empty", nil, 0, many, 1, many*79 + many/10},
		{"server empty", nil, many, 0, 2, many*79 + many/10},
		{"client has 100 of 10,000", shared[:100], 0, many, 3, many*79 + many/10 + 1_000},
		{"server has 100 of 10,000", shared[:100], many, 0, 2, many*79 + many/10 + 1_000},
		{"nothing in common", nil, 3_000, 3_000, 2, 3_000*2*79 + 1_000},
		{"10,000 that differ in 500 and 500", shared, 500, 500, 3, 1_000 * (79 + 60)},
	} {
		t.Run(row.name, func(t *testing.T) {
			onlyClient, onlyServer := fresh(row.client), fresh(row.server)
			var client, server *reconciler
			var o outcome
			// How many symbols suffice depends on the nonces: a few sessions in a thousand
			// ask once more. Three in a row do not.
			for range 3 {
				client, server = side(setOf(row.shared, onlyClient)), side(setOf(row.shared, onlyServer))
				o = agree(t, client, server)
				t.Log(o)
				if o.client.waits <= row.trips && o.bytes() <= row.bytes {
					break
				}
			}
			if o.client.waits > row.trips || o.bytes() > row.bytes {
				t.Errorf("%s; want at most %d round trips and %d bytes", o, row.trips, row.bytes)
			}
			if o.client.out != o.server.in || o.client.in != o.server.out {
				t.Errorf("client counts %d and %d bytes, server %d and %d", o.client.out, o.client.in, o.server.out, o.server.in)
			}
			if o.client.received != row.server || o.client.sent != row.client {
				t.Errorf("received %d and sent %d", o.client.received, o.client.sent)
			}
			o = agree(t, client, server)
			if !o.same || o.bytes() > 150 || o.client.waits != 1 || o.client.view != nil || o.server.view != nil {
				t.Errorf("once more, unchanged: same %t, %s", o.same, o)
			}
			if o = agree(t, server, client); !o.same || o.bytes() > 150 {
				t.Errorf("the other way, unchanged: same %t, %s", o.same, o)
			}
		})
	}
}

func TestAnyTwoSetsConverge(t *testing.T) {
	pool := facts(t, 0, 600)
	rapid.Check(t, func(t *rapid.T) {
		pick := func(name string) *records.FactSet {
			set := records.NewFactSet()
			from := rapid.IntRange(0, len(pool)).Draw(t, name+" from")
			to := rapid.IntRange(from, len(pool)).Draw(t, name+" to")
			for i := from; i < to; i++ {
				set.Add(pool[i])
			}
			for _, i := range rapid.SliceOfN(rapid.IntRange(0, len(pool)-1), 0, 20).Draw(t, name+" besides") {
				set.Add(pool[i])
			}
			return set
		}
		a, b := side(pick("a")), side(pick("b"))
		for range rapid.IntRange(1, 3).Draw(t, "rounds") {
			converge(t, a, b)
			f := pool[rapid.IntRange(0, len(pool)-1).Draw(t, "new")]
			if rapid.Bool().Draw(t, "at a") {
				a.facts.Add(f)
			} else {
				b.facts.Add(f)
			}
			a, b = b, a
		}
		converge(t, a, b)
		if o := talk(a, b); !o.same || o.clientErr != nil || o.serverErr != nil {
			t.Fatalf("unchanged: same %t, %v, %v", o.same, o.clientErr, o.serverErr)
		}
	})
}

// converge is agree for rapid.
func converge(t *rapid.T, a, b *reconciler) {
	want := records.NewFactSet()
	for _, r := range []*reconciler{a, b} {
		for f := range r.facts.All() {
			want.Add(f)
		}
	}
	o := talk(a, b)
	if o.clientErr != nil || o.serverErr != nil {
		t.Fatalf("client: %v, server: %v", o.clientErr, o.serverErr)
	}
	for _, r := range []*reconciler{a, b} {
		if r.facts.Len() != want.Len() {
			t.Fatalf("%d facts, want %d", r.facts.Len(), want.Len())
		}
		for f := range want.All() {
			if r.facts.Lookup(f.ID()) == nil {
				t.Fatalf("a fact is missing")
			}
		}
	}
}
