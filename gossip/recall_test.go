package gossip

import (
	"bytes"
	"slices"
	"testing"

	"github.com/cairn-overlay/cairn/records"
)

// again is a side that starts with what another one had on its disk.
func again(t testing.TB, r *reconciler, disk []records.Fact, memory []byte) *reconciler {
	t.Helper()
	next := side(setOf(disk))
	if err := next.recall(memory); err != nil {
		t.Fatal(err)
	}
	return next
}

// TestRestartCatchesUp: a node that was down gets what it missed, and nothing else, if
// its disk gave back what it had, and everything in any case.
func TestRestartCatchesUp(t *testing.T) {
	for _, row := range []struct {
		name string
		disk func([]records.Fact) []records.Fact
		most int64 // bytes of the first session; 0: it may fail
	}{
		{"all is there", func(all []records.Fact) []records.Fact { return all }, 300*79 + 200},
		{"the order has changed", func(all []records.Fact) []records.Fact {
			all = slices.Clone(all)
			slices.Reverse(all)
			return all
		}, 300*79 + 200},
		{"the last facts are lost", func(all []records.Fact) []records.Fact { return all[:len(all)-10] }, 0},
		{"others have taken their place", func(all []records.Fact) []records.Fact {
			return append(slices.Clone(all[:len(all)-10]), facts(t, 90_000, 90_010)...)
		}, 0},
	} {
		t.Run(row.name, func(t *testing.T) {
			client, server := side(setOf(facts(t, 0, 1_000))), side(setOf(facts(t, 500, 1_500)))
			agree(t, client, server)
			for _, f := range facts(t, 2_000, 2_300) {
				server.facts.Add(f)
			}
			id := name(client)
			client = again(t, client, row.disk(slices.Collect(client.facts.All())), client.remembered())
			if restored := name(client) == id; restored != (row.name != "the last facts are lost") {
				t.Errorf("the instance is the old one: %t", restored)
			}
			if row.most > 0 {
				if o := agree(t, client, server); o.client.waits != 1 || o.bytes() > row.most {
					t.Errorf("%s, %d bytes in all, want at most %d", o, o.bytes(), row.most)
				}
				return
			}
			for left := 2; ; left-- {
				o := talk(client, server)
				if o.clientErr == nil && o.serverErr == nil {
					break
				}
				if left == 0 {
					t.Fatalf("%v and %v", o.clientErr, o.serverErr)
				}
			}
			if o := talk(server, client); !o.same || o.clientErr != nil {
				t.Errorf("not equal in the end: %v", o.clientErr)
			}
		})
	}
}

func TestMemoryOfManyPeers(t *testing.T) {
	r := side(setOf(facts(t, 0, 3)))
	for i := range maxRecalled + 50 {
		r.memory.put(name(side(setOf())), acquaintance{instance: [8]byte{1}, holds: uint64(i) + 1<<39})
	}
	b := r.remembered()
	next := side(setOf(facts(t, 0, 3)))
	if err := next.recall(b); err != nil || len(b) > 64<<10 || len(next.memory.by) != maxRecalled || next.ledgers.instance != r.ledgers.instance {
		t.Errorf("%d peers in %d bytes: %v", len(next.memory.by), len(b), err)
	}
}

// FuzzRecall: what a disk gives back is understood whole, or not at all.
func FuzzRecall(f *testing.F) {
	r := side(setOf(facts(f, 0, 3)))
	r.memory.put("peer", acquaintance{instance: [8]byte{1}, holds: 300})
	f.Add(r.remembered())
	set := setOf(facts(f, 0, 3))
	f.Fuzz(func(t *testing.T, b []byte) {
		r := side(set)
		before := r.ledgers.instance
		if err := r.recall(b); err != nil && (r.ledgers.instance != before || len(r.memory.by) > 0) {
			t.Fatalf("%v, and half of it is believed", err)
		}
		if r.ledgers.instance != before {
			if again := side(set); again.recall(r.remembered()) != nil || !bytes.Equal(again.remembered(), r.remembered()) {
				t.Fatal("not remembered")
			}
		}
	})
}
