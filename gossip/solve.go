package gossip

import (
	"encoding/binary"
	"errors"
	"slices"

	"github.com/cairn-overlay/cairn/internal/riblt"
)

// How many symbols a solver gets, and when a list is the better idea.
const (
	secondSymbols = 64    // the total after asking once, at least
	mostAtFirst   = 2_048 // under this session's keys, however far apart the sets seem
	symbolsFrame  = 2_048 // symbols in one frame
	cellsAsks     = 3     // for more of the symbols that everybody can compute
	cellsStep     = 16    // how many each time, at least, or two fifths of those before
)

// solve is how the client finds the difference: from symbols if they do, else from a
// list.
func (s *session) solve() (difference, error) {
	first := int(s.w.count)
	switch s.w.mode {
	case modeList:
		if err := s.prepare(); err != nil {
			return difference{}, err
		}
		return s.solveList()
	case modeSymbols:
		d, have, err := s.solveCells(first)
		if have == 0 || err != nil {
			return d, err
		}
		first = min(max(secondSymbols, have), maxSymbols)
		if err := s.write(frameAnew, binary.AppendUvarint(nil, uint64(first))); err != nil {
			return d, err
		}
	}
	if err := s.prepare(); err != nil {
		return difference{}, err
	}
	d, ok, err := s.solveSymbols(first)
	if ok || err != nil {
		return d, err
	}
	if err := s.write(frameAskList, nil); err != nil {
		return d, err
	}
	return s.solveList()
}

// solveCells finds the difference from the symbols that the server keeps, and our own.
// first of them are under way. Where it does not, because somebody has planted facts
// whose symbols collide or because there are too many, have is how many symbols were
// in vain.
func (s *session) solveCells(first int) (d difference, have int, err error) {
	s.misled = true // until the sums say otherwise
	limit := cellsBetween(s.h.size, s.w.size)
	dec := riblt.NewDecoder(publicKey, slices.Values([]riblt.Item(nil)), limit)
	broken := false
	add := func(run riblt.Run) error {
		ours, err := s.snap.of.run(s.snap, run.Start, len(run.Symbols))
		broken = broken || err == nil && dec.AddOver(run, ours.Symbols) != nil
		return err
	}
	for n, asks := first, 0; ; asks++ {
		if err := s.readSymbols(add, have, n); err != nil {
			return d, have, err
		}
		have += n
		if dec.Done() {
			if d, ok := s.recognize(dec.Missing(), dec.Extra()); ok {
				return d, 0, nil
			}
			return d, have, nil
		}
		if n = min(have+max(cellsStep, 2*have/5), limit) - have; n <= 0 || broken || asks == cellsAsks {
			return d, have, nil
		}
		if err := s.askMore(n); err != nil {
			return d, have, err
		}
	}
}

// recognize turns what a decoder found in symbols that everybody can compute into a
// difference, unless it is none: it contradicts what we hold, or is empty although the
// sums differ.
func (s *session) recognize(missing, extra []riblt.Item) (d difference, ok bool) {
	d.missing = missing
	slices.SortFunc(d.missing, compareItems)
	for i, it := range d.missing {
		if s.snap.find(it) != nil || i > 0 && it == d.missing[i-1] {
			return d, false
		}
	}
	for _, it := range extra {
		f := s.snap.find(it)
		if f == nil {
			return d, false
		}
		d.extra = append(d.extra, f)
	}
	return d, !d.empty() || s.sum() == s.w.sum
}

// solveSymbols finds the difference from symbols under this session's keys. first of
// them are under way. ok is false if a list is the better idea.
func (s *session) solveSymbols(first int) (d difference, ok bool, err error) {
	dec := riblt.NewDecoder(s.view.keys.symbols, slices.Values(s.view.hashed), maxSymbols)
	add := func(run riblt.Run) error {
		if err := dec.Add(run); err != nil && !errors.Is(err, riblt.ErrLimit) {
			return junkf("%w", err)
		}
		return nil
	}
	for n, have := first, 0; ; {
		if err := s.readSymbols(add, have, n); err != nil {
			return d, false, err
		}
		if have += n; dec.Done() {
			d, err = s.view.locate(dec.Missing(), dec.Extra())
			return d, true, err
		}
		n = max(secondSymbols, 2*have) - have
		if have+n > maxSymbols || uint64(n)*symbolBytes > s.w.size*hashSize {
			return d, false, nil
		}
		if err := s.askMore(n); err != nil {
			return d, false, err
		}
	}
}

// askMore asks for n further symbols.
func (s *session) askMore(n int) error {
	return s.write(frameMore, binary.AppendUvarint(nil, uint64(n)))
}

// readSymbols reads n symbols, after the first have, and hands them on.
func (s *session) readSymbols(add func(riblt.Run) error, have, n int) error {
	for n > 0 {
		kind, payload, err := s.read()
		if err != nil {
			return unexpected(err)
		}
		if kind != frameSymbols {
			return junkf("frame %d in place of symbols", kind)
		}
		run, err := riblt.ParseRun(payload, n)
		if err != nil {
			return junkf("%w", err)
		}
		if run.Start != have {
			return junkf("symbols from %d on in place of %d", run.Start, have)
		}
		if err := add(run); err != nil {
			return err
		}
		have += len(run.Symbols)
		n -= len(run.Symbols)
	}
	return nil
}

// solveList finds the difference from the list that follows.
func (s *session) solveList() (difference, error) {
	m := s.view.merge()
	for {
		kind, payload, err := s.read()
		if err != nil {
			return difference{}, unexpected(err)
		}
		if kind != frameList {
			return difference{}, junkf("frame %d in place of a list", kind)
		}
		hashes, last, err := parseList(payload)
		if err == nil {
			err = m.add(hashes)
		}
		if err != nil {
			return difference{}, err
		}
		if last {
			return m.finish(), nil
		}
	}
}
