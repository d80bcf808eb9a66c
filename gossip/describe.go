package gossip

import (
	"cmp"
	"context"
	"slices"

	"github.com/cairn-overlay/cairn/internal/riblt"
	"github.com/cairn-overlay/cairn/records"
)

// describe is the describer's part after it has told what it holds: the solver asks
// for more of it, until it knows enough to settle.
func (s *session) describe(ctx context.Context) error {
	d := describer{session: s, open: !s.client && (s.w.mode == modeSymbols || s.w.mode == modeFresh)}
	for {
		kind, payload, err := s.read()
		if err != nil {
			return unexpected(err)
		}
		if over, err := d.answer(ctx, kind, payload); over || err != nil {
			return err
		}
	}
}

// describer is the state of describe.
type describer struct {
	*session
	open   bool // the solver may ask for more symbols, or for a list
	listed bool
	wants  []riblt.Item
	loaded bool  // facts have come: no more wants
	ended  bool  // the solver's end has come: only its done may follow
	said   done  // our answer to it
	err    error // why we could not agree
}

// answer reacts to one frame of the solver. over: it was the last one.
func (d *describer) answer(ctx context.Context, kind frameKind, payload []byte) (over bool, err error) {
	switch {
	case kind == frameDone:
		return true, d.over(ctx, payload)
	case d.ended:
		return false, junkf("frame %d after the end", kind)
	case kind == frameMore && d.open:
		return false, d.more(payload)
	case kind == frameAnew && d.open && d.view == nil:
		return false, d.anew(ctx, payload)
	case kind == frameAskList && d.open && d.view != nil && !d.listed:
		d.listed = true
		return false, d.sendList()
	case kind == frameWant && d.view != nil && !d.loaded:
		return false, d.want(payload, hashSize)
	case kind == frameFetch && d.view == nil && !d.loaded:
		return false, d.want(payload, itemSize)
	case kind == frameFacts:
		d.loaded, d.open = true, false
		_, err := d.take(payload, nil)
		return false, err
	case kind == frameEnd:
		partial, err := parseEnd(payload)
		if err != nil {
			return false, err
		}
		d.ended = true
		return false, d.reckon(ctx, partial)
	}
	return false, junkf("frame %d out of place", kind)
}

// more sends further symbols.
func (d *describer) more(payload []byte) error {
	limit := maxSymbols
	if d.view == nil {
		limit = cellsBetween(d.h.size, d.w.size)
	}
	n, err := parseMore(payload, limit-d.symbols)
	if err != nil {
		return err
	}
	if d.view == nil {
		return d.sendCells(n)
	}
	return d.sendSymbols(n)
}

// anew begins again, with symbols under this session's keys.
func (d *describer) anew(ctx context.Context, payload []byte) error {
	n, err := parseMore(payload, maxSymbols)
	if err != nil {
		return err
	}
	if !d.admitted(ctx) {
		return refusedError(refuseBusy)
	}
	if err := d.prepare(); err != nil {
		return err
	}
	d.symbols = 0
	return d.sendSymbols(n)
}

// want notes what the solver asks for.
func (d *describer) want(payload []byte, size int) error {
	names, err := parseItems(payload, size)
	if err != nil {
		return err
	}
	if n := len(d.wants); n+len(names) > maxWanted || n > 0 && compareItems(d.wants[n-1], names[0]) >= 0 {
		return junkf("wants %d and %d facts", n, len(names))
	}
	d.open = false
	d.wants = append(d.wants, names...)
	return nil
}

// reckon answers the solver's end: the facts it wants, and how we stand.
func (d *describer) reckon(ctx context.Context, partial bool) error {
	facts, err := d.locate()
	if err != nil {
		return err
	}
	sent, err := d.send(facts)
	if err != nil {
		return err
	}
	if partial || sent < len(facts) || len(facts) < len(d.wants) {
		d.err = errPartial
	}
	d.said, d.err = d.finished(ctx, d.err)
	return d.write(frameDone, d.said.append(nil))
}

// locate finds the wanted facts. Of items, which a solver may have been misled to, some
// may stand for nothing.
func (d *describer) locate() (facts []records.Fact, err error) {
	if d.view == nil {
		for _, it := range d.wants {
			if f := d.snap.find(it); f != nil {
				facts = append(facts, f)
			}
		}
		return facts, nil
	}
	if len(d.wants) == 0 {
		return nil, nil
	}
	facts, ok := d.view.find(d.wants)
	if !ok {
		return nil, junkf("wants what we never had")
	}
	return facts, nil
}

// over takes the solver's done. Without an end before it, it says that the sets
// were equal.
func (d *describer) over(ctx context.Context, payload []byte) error {
	theirs, err := parseDone(payload)
	if err != nil {
		return err
	}
	if !d.ended {
		if d.loaded || len(d.wants) > 0 {
			return junkf("done with nothing")
		}
		d.said, d.err = d.finished(ctx, nil)
	}
	return d.agree(d.err, d.said, theirs)
}

// sendCells sends the next n symbols that we keep.
func (s *session) sendCells(n int) error {
	s.misled = true // until the sums say otherwise
	for end := s.symbols + n; s.symbols < end; {
		run, err := s.snap.of.run(s.snap, s.symbols, min(end-s.symbols, symbolsFrame))
		if err != nil {
			return err
		}
		s.symbols += len(run.Symbols)
		if err := s.write(frameSymbols, run.Append(nil)); err != nil {
			return err
		}
	}
	return nil
}

// sendSymbols sends the next n symbols.
func (s *session) sendSymbols(n int) error {
	if s.encoder == nil {
		s.encoder = riblt.NewEncoder(s.view.keys.symbols, slices.Values(s.view.hashed))
	}
	s.symbols += n
	for n > 0 {
		run := s.encoder.Next(min(n, symbolsFrame))
		n -= len(run.Symbols)
		if err := s.write(frameSymbols, run.Append(nil)); err != nil {
			return err
		}
	}
	return nil
}

// sendList sends the short hashes of the whole view.
func (s *session) sendList() error {
	hashes := make([]uint64, len(s.view.hashed))
	for i, it := range s.view.hashed {
		hashes[i] = short(it)
	}
	slices.SortFunc(hashes, cmp.Compare[uint64])
	hashes = slices.Compact(hashes)
	for len(hashes) > maxHashes {
		if err := s.write(frameList, appendList(nil, hashes[:maxHashes], false)); err != nil {
			return err
		}
		hashes = hashes[maxHashes:]
	}
	return s.write(frameList, appendList(nil, hashes, true))
}
