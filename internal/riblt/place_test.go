package riblt

import (
	"math"
	"math/big"
	"testing"

	"pgregory.net/rapid"
)

// slowPlace is place by its definition, in big integers: bisection for the
// smallest k with (k+1)(k+2) > floor((i+1)(i+2)·2^64 / r).
func slowPlace(seed uint64, i uint32) uint32 {
	n := func(v uint64) *big.Int { return new(big.Int).SetUint64(v) }
	r := draw(seed, i)
	if r == 0 {
		return MaxSymbols
	}
	q := new(big.Int).Mul(n(uint64(i)+1), n(uint64(i)+2))
	q.Div(q.Lsh(q, 64), n(r))
	lo, hi := uint64(i), uint64(MaxSymbols)
	for lo < hi {
		k := (lo + hi) / 2
		if new(big.Int).Mul(n(k+1), n(k+2)).Cmp(q) > 0 {
			hi = k
		} else {
			lo = k + 1
		}
	}
	return uint32(lo)
}

func TestPlaceIsExact(t *testing.T) {
	rapid.Check(t, func(t *rapid.T) {
		seed := rapid.Uint64().Draw(t, "seed")
		i := rapid.Uint32Range(0, MaxSymbols-1).Draw(t, "i")
		got := place(seed, i)
		if want := slowPlace(seed, i); got != want {
			t.Fatalf("place = %d, want %d", got, want)
		}
		if got <= i {
			t.Fatalf("place = %d does not advance", got)
		}
	})
}

// An item must be in symbol i with probability 2/(i+2), within five standard
// deviations of a count over many items.
func TestPlaceDensity(t *testing.T) {
	const n, symbols = 200_000, 300
	d := newDraws(1)
	var counts [symbols]float64
	for range n {
		seed := d.Uint64()
		for i := uint32(0); i < symbols; i = place(seed, i) {
			counts[i]++
		}
	}
	for i, got := range counts {
		p := 2 / float64(i+2)
		if spread := math.Sqrt(n * p * (1 - p)); math.Abs(got-n*p) > 5*spread {
			t.Errorf("symbol %d holds %.0f items, want %.0f within %.0f", i, got, n*p, 5*spread)
		}
	}
}

func TestPlaced(t *testing.T) {
	d := newDraws(2)
	for range 50 {
		seed := d.Uint64()
		in := map[uint32]bool{}
		for i := uint32(0); i < 200; i = place(seed, i) {
			in[i] = true
		}
		for i := range uint32(200) {
			if placed(seed, i) != in[i] {
				t.Fatalf("seed %#x: placed(%d) = %t", seed, i, !in[i])
			}
		}
	}
}
