package riblt

import "iter"

// An Encoder produces the coded symbols of one set. It keeps 32 bytes per item
// and up to 32 per symbol produced. Not safe for concurrent use.
type Encoder struct {
	seq  *sequence
	size int64
}

// NewEncoder takes a copy of the items, in any order. They must be distinct: of
// an item given twice the sums cancel, and the peer gets a wrong answer or none.
func NewEncoder(key Key, items iter.Seq[Item]) *Encoder {
	seq := newSequence(key, items)
	return &Encoder{seq: seq, size: int64(seq.size)}
}

// Next returns the n symbols that follow the ones returned before, fewer where
// the sequence ends at MaxSymbols. The first m symbols of a set of n items take
// O(n log m) steps in total, in bursts: whenever the number of symbols doubles.
func (e *Encoder) Next(n int) Run {
	n = max(0, min(n, MaxSymbols-e.seq.pos))
	run := Run{Start: e.seq.pos, Size: e.size, Symbols: make([]Symbol, 0, n)}
	for range n {
		sym, _ := e.seq.next()
		run.Symbols = append(run.Symbols, sym)
	}
	return run
}
