package riblt

import "slices"

// A Prefix is the first symbols of a set that changes, kept up to date: what a session
// needs of a set that is too large to go through for it. Its key is known to
// everybody, so whoever plants items can plant some that collide: see the package
// comment. Not safe for concurrent use.
type Prefix struct {
	key     Key
	size    int64
	symbols []Symbol
}

// NewPrefix returns the first n symbols of the empty set.
func NewPrefix(key Key, n int) *Prefix {
	return &Prefix{key: key, symbols: make([]Symbol, min(max(n, 0), MaxSymbols))}
}

// PrefixOf returns the prefix of which Run gave all symbols, with nothing left out.
func PrefixOf(key Key, all Run) *Prefix {
	return &Prefix{key: key, size: all.Size, symbols: slices.Clone(all.Symbols)}
}

// Len returns the number of symbols.
func (p *Prefix) Len() int { return len(p.symbols) }

// Add puts an item in, which must not be in the set.
func (p *Prefix) Add(it Item) {
	toggleAll(p.key, p.symbols, 0, it, 1)
	p.size++
}

// Remove takes an item out, which must be in the set.
func (p *Prefix) Remove(it Item) {
	toggleAll(p.key, p.symbols, 0, it, -1)
	p.size--
}

// Run returns up to n symbols from start on, of the set as it was before some items were
// added and others were removed. It is empty where start is not within the prefix.
func (p *Prefix) Run(start, n int, added, removed []Item) Run {
	start = min(max(start, 0), len(p.symbols))
	end := start + min(max(n, 0), len(p.symbols)-start)
	run := Run{Start: start, Size: p.size - int64(len(added)) + int64(len(removed)), Symbols: slices.Clone(p.symbols[start:end])}
	for _, it := range added {
		toggleAll(p.key, run.Symbols, start, it, -1)
	}
	for _, it := range removed {
		toggleAll(p.key, run.Symbols, start, it, 1)
	}
	return run
}

// toggleAll adds an item to those symbols that it is in, of a stretch from start on:
// count is 1, or -1 to take it out.
func toggleAll(key Key, symbols []Symbol, start int, it Item, count int64) {
	seed := key.seed(&it)
	end := uint32(start + len(symbols))
	for i := uint32(0); i < end; i = place(seed, i) {
		if i >= uint32(start) {
			symbols[i-uint32(start)].toggle(&it, uint32(seed), count)
		}
	}
}
