package riblt

import (
	"encoding/binary"
	"math/rand/v2"
	"slices"
	"testing"
)

// draws gives the items and keys of a seed.
type draws struct{ *rand.Rand }

func newDraws(seed uint64) draws { return draws{rand.New(rand.NewPCG(seed, 0x7269626c74))} }

func (d draws) item() (it Item) {
	binary.LittleEndian.PutUint64(it[:8], d.Uint64())
	binary.LittleEndian.PutUint64(it[8:], d.Uint64())
	return it
}

func (d draws) key() Key { return Key(d.item()) }

func (d draws) items(n int) []Item {
	items := make([]Item, n)
	for i := range items {
		items[i] = d.item()
	}
	return items
}

// pair returns two sets that share items and have their own besides.
func (d draws) pair(shared, remoteOnly, localOnly int) (remote, local []Item) {
	both := d.items(shared)
	remote = append(d.items(remoteOnly), both...)
	local = append(d.items(localOnly), both...)
	d.Shuffle(len(local), func(i, j int) { local[i], local[j] = local[j], local[i] })
	return remote, local
}

// minus returns the sorted items of a that are not in b.
func minus(a, b []Item) []Item {
	in := make(map[Item]bool, len(b))
	for _, it := range b {
		in[it] = true
	}
	out := []Item{}
	for _, it := range a {
		if !in[it] {
			out = append(out, it)
		}
	}
	return sorted(out)
}

func sorted(items []Item) []Item {
	items = append([]Item{}, items...)
	slices.SortFunc(items, func(a, b Item) int { return slices.Compare(a[:], b[:]) })
	return items
}

// reconcile runs a session, over the wire form, in runs of step symbols, and
// returns the decoder once it is done.
func reconcile(t testing.TB, key Key, remote, local []Item, step int) *Decoder {
	t.Helper()
	enc := NewEncoder(key, slices.Values(remote))
	dec := NewDecoder(key, slices.Values(local), 0)
	for !dec.Done() {
		run, err := ParseRun(enc.Next(step).Append(nil), step)
		if err != nil {
			t.Fatal(err)
		}
		if err := dec.Add(run); err != nil {
			t.Fatal(err)
		}
		if got, most := dec.Received(), 1000+4*(len(remote)+len(local)); got > most {
			t.Fatalf("not done after %d symbols", got)
		}
	}
	return dec
}
