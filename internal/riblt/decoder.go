package riblt

import (
	"errors"
	"fmt"
	"iter"
	"slices"
)

// touchesPerSymbol bounds the work of peeling: a decoder that received m symbols
// took items out of symbols at most touchesPerSymbol·m times. Honest sets need
// about 2 ln(m)/1.35 per symbol, 25 at MaxSymbols.
const touchesPerSymbol = 64

var (
	// ErrCorrupt is returned for symbols that contradict one another: those of
	// no set, or, with a probability given in the package comment, of bad luck.
	ErrCorrupt = errors.New("riblt: corrupt symbols")
	// ErrLimit is returned when the decoder's limit of symbols did not suffice.
	ErrLimit = errors.New("riblt: too many symbols")
)

// A Decoder finds the difference between the local set and the set whose symbols
// it is given. Not safe for concurrent use.
//
// Symbols may come from a hostile peer that knows the key. Whatever they are, a
// decoder that received m symbols holds at most m recovered items, 32 bytes per
// local item and 500 per symbol (about 120 for an honest peer), and took items
// out of symbols at most 64m times: every recovered item empties a symbol for
// good, since an empty symbol that is touched again is ErrCorrupt. That also
// refuses an item recovered twice. What a peer can do is lie about its set, or
// never let the decoder finish; the limit, and the caller's clock, end that.
type Decoder struct {
	local   *sequence // the local set as corrected so far: all recovered items applied
	limit   int
	size    int64    // of the remote set, as its first run claims
	rest    []Symbol // received minus local; symbol i at i
	open    int      // how many of rest are not empty
	queue   []uint32 // symbols of rest that may hold a single item
	touches int
	missing []Item
	extra   []Item
	err     error // once set, final
}

// NewDecoder takes a copy of the local items, which must be distinct. It accepts
// up to limit symbols, MaxSymbols if limit is 0.
func NewDecoder(key Key, items iter.Seq[Item], limit int) *Decoder {
	if limit <= 0 || limit > MaxSymbols {
		limit = MaxSymbols
	}
	return &Decoder{local: newSequence(key, items), limit: limit}
}

// Add takes the run that follows the ones added before. It stops reading once
// the decoder is done; further runs are then ignored. An error is final and is
// ErrCorrupt or ErrLimit; what was recovered before stays readable.
func (d *Decoder) Add(run Run) error { return d.AddOver(run, nil) }

// AddOver is Add for a decoder that was given no items, or not all: local are the
// symbols of the others, those of a Prefix, at the same places as the run's. Where
// local is too short, it counts as empty symbols.
func (d *Decoder) AddOver(run Run, local []Symbol) error {
	if d.err != nil || d.Done() {
		return d.err
	}
	if d.err = d.follows(run); d.err != nil {
		return d.err
	}
	d.size = run.Size
	for i, remote := range run.Symbols {
		if d.Done() {
			break
		}
		if len(d.rest) == d.limit {
			d.err = fmt.Errorf("%w: not done after %d", ErrLimit, d.limit)
			return d.err
		}
		if i < len(local) {
			remote.toggle(&local[i].Sum, local[i].Check, -local[i].Count)
		}
		if d.err = d.receive(remote); d.err != nil {
			return d.err
		}
	}
	return nil
}

// Done reports whether every symbol received is accounted for: Missing and Extra
// are the whole difference.
func (d *Decoder) Done() bool { return d.err == nil && len(d.rest) > 0 && d.open == 0 }

// Received returns the number of symbols read, which is the Start of the next run.
func (d *Decoder) Received() int { return len(d.rest) }

// Missing returns the items that the remote set has and the local set lacks, in
// the order of recovery. Before Done it is a part of them, worth asking for
// already. The caller verifies each: see the package comment.
func (d *Decoder) Missing() []Item { return slices.Clone(d.missing) }

// Extra returns the items that the local set has and the remote set lacks, under
// the terms of Missing.
func (d *Decoder) Extra() []Item { return slices.Clone(d.extra) }

// follows checks that the run is possible and continues what was received.
func (d *Decoder) follows(run Run) error {
	if err := run.check(); err != nil {
		return fmt.Errorf("%w: %w", ErrCorrupt, err)
	}
	if run.Start != len(d.rest) {
		return fmt.Errorf("%w: run starts at %d, not %d", ErrCorrupt, run.Start, len(d.rest))
	}
	if run.Start > 0 && run.Size != d.size {
		return fmt.Errorf("%w: set of %d has become one of %d", ErrCorrupt, d.size, run.Size)
	}
	return nil
}

// receive subtracts the local symbol from the remote one and peels what that
// sets free.
func (d *Decoder) receive(remote Symbol) error {
	local, _ := d.local.next() // the limit keeps us within the sequence
	remote.toggle(&local.Sum, local.Check, -local.Count)
	d.rest = append(d.rest, remote)
	if remote.empty() {
		return nil
	}
	d.open++
	d.queue = append(d.queue, uint32(len(d.rest)-1))
	for len(d.queue) > 0 {
		i := d.queue[len(d.queue)-1]
		d.queue = d.queue[:len(d.queue)-1]
		if err := d.peel(i); err != nil {
			d.queue = nil
			return err
		}
	}
	return nil
}

// peel recovers the item in symbol i if it is alone there.
func (d *Decoder) peel(i uint32) error {
	s := d.rest[i] // a copy: taking the item out changes the original
	if s.void() {
		return fmt.Errorf("%w: symbol %d counts %d of nothing", ErrCorrupt, i, s.Count)
	}
	if !s.ready() {
		return nil // it changed since it was queued
	}
	seed := d.local.key.seed(&s.Sum)
	if uint32(seed) != s.Check || !placed(seed, i) {
		return nil
	}
	next := uint32(0)
	for next < uint32(len(d.rest)) {
		if err := d.take(next, &s); err != nil {
			return err
		}
		next = place(seed, next)
	}
	if s.Count > 0 {
		d.missing = append(d.missing, s.Sum)
	} else {
		d.extra = append(d.extra, s.Sum)
	}
	d.local.insert(member{item: s.Sum, seed: seed, next: next, count: int32(s.Count)})
	return nil
}

// take takes the item in one, a symbol that holds nothing else, out of symbol i.
func (d *Decoder) take(i uint32, one *Symbol) error {
	s := &d.rest[i]
	if s.empty() {
		return fmt.Errorf("%w: symbol %d was empty", ErrCorrupt, i)
	}
	if d.touches++; d.touches > touchesPerSymbol*len(d.rest) {
		return fmt.Errorf("%w: peeling takes too long", ErrCorrupt)
	}
	s.toggle(&one.Sum, one.Check, -one.Count)
	switch {
	case s.empty():
		d.open--
	case s.ready():
		d.queue = append(d.queue, i)
	}
	return nil
}
