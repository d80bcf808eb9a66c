package gossip

import (
	"cmp"
	"context"
	"errors"
	"io"
	"slices"

	"github.com/cairn-overlay/cairn/internal/riblt"
)

// describe is the describer's part after it has told what it holds. sketch allows
// the solver to ask for more symbols, or for a list; a solver that leaves without
// a word was satisfied if quiet.
func (s *session) describe(ctx context.Context, sketch, quiet bool) error {
	d := describer{session: s, sketch: sketch}
	for {
		kind, payload, err := s.read()
		if errors.Is(err, io.EOF) && quiet {
			return nil
		}
		if err != nil {
			return unexpected(err)
		}
		quiet = false
		if err := s.prepare(ctx); err != nil {
			return err
		}
		if over, err := d.answer(ctx, kind, payload); over || err != nil {
			return err
		}
	}
}

// describer is the state of describe.
type describer struct {
	*session
	sketch bool
	listed bool
	wants  []uint64
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
	case kind == frameMore && d.sketch:
		n, err := parseMore(payload, maxSymbols-d.symbols)
		if err != nil {
			return false, err
		}
		return false, d.sendSymbols(n)
	case kind == frameAskList && d.sketch && !d.listed:
		d.listed = true
		return false, d.sendList()
	case kind == frameWant && !d.loaded:
		return false, d.want(payload)
	case kind == frameFacts:
		d.loaded, d.sketch = true, false
		return false, d.take(payload, nil)
	case kind == frameEnd:
		e, err := parseEnd(payload)
		if err != nil {
			return false, err
		}
		d.ended = true
		return false, d.reckon(ctx, e)
	}
	return false, junkf("frame %d out of place", kind)
}

// want notes what the solver asks for.
func (d *describer) want(payload []byte) error {
	hashes, err := parseHashes(payload)
	if err != nil {
		return err
	}
	if n := len(d.wants); len(hashes) == 0 || n+len(hashes) > maxWanted || n > 0 && hashes[0] <= d.wants[n-1] {
		return junkf("wants %d and %d facts", n, len(hashes))
	}
	d.sketch = false
	d.wants = append(d.wants, hashes...)
	return nil
}

// reckon answers the solver's end: the facts it wants, and how we stand.
func (d *describer) reckon(ctx context.Context, e end) error {
	union := d.view.sum ^ d.sum
	if d.fault == nil && !e.partial && union != e.union {
		return junkf("sets that do not add up")
	}
	places, err := d.locate()
	if err != nil {
		return err
	}
	all, err := d.send(places)
	if err != nil {
		return err
	}
	if e.partial || !all {
		d.err = errPartial
	}
	d.said, d.err = d.finished(ctx, d.err, union)
	return d.write(frameDone, d.said.append(nil))
}

// locate finds the wanted facts in the view.
func (d *describer) locate() ([]uint32, error) {
	if len(d.wants) == 0 {
		return nil, nil
	}
	places := make([]uint32, 0, len(d.wants))
	found := 0
	wanted := make(map[uint64]bool, len(d.wants))
	for _, h := range d.wants {
		wanted[h] = true
	}
	for i, it := range d.view.hashed {
		h := short(it)
		first, ok := wanted[h]
		if !ok {
			continue
		}
		if first {
			found++
			wanted[h] = false
		}
		places = append(places, uint32(i))
	}
	if found != len(d.wants) {
		return nil, junkf("wants what we never had")
	}
	return places, nil
}

// over takes the solver's done. Without an end before it, it says that the sets
// were equal.
func (d *describer) over(ctx context.Context, payload []byte) error {
	theirs, err := parseDone(payload)
	if err != nil {
		return err
	}
	if !d.ended {
		if d.loaded || len(d.wants) > 0 || theirs.union != d.view.sum {
			return junkf("done with nothing")
		}
		d.said, d.err = d.finished(ctx, nil, d.view.sum)
	}
	if d.err == nil && theirs.agreed {
		d.remember(d.said, theirs)
	}
	return d.err
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
