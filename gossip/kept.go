package gossip

import (
	"encoding/binary"
	"errors"
	"slices"

	"github.com/cairn-overlay/cairn/internal/riblt"
	"github.com/cairn-overlay/cairn/records"
)

const keptVersion = 1

// Ledger returns what reconciliation keeps of the facts with arrival numbers below one, for
// [Config].Ledger of a later run: up to a megabyte, and where some were dropped a byte or two
// for each that is left. It may be called after Close. Nil: it cannot be told.
func (t *Topic) Ledger(below int) []byte {
	r := t.reconciler
	return r.ledgers.get(r.own()).append(nil, below)
}

// append encodes the ledger as it would be of the facts with arrival numbers below one, or
// returns nil where some of the others have been dropped since they were looked at.
func (l *ledger) append(b []byte, below int) []byte {
	l.mu.Lock()
	defer l.mu.Unlock()
	l.advance()
	log, print, sketch := l.log, l.print, l.sketch
	var later []riblt.Item
	for _, f := range l.set.Between(below, l.next) {
		if l.over.has(f) {
			e := essenceOf(f.ID())
			print.take(&e.lanes)
			sketch.take(e.signs)
			later = append(later, e.item)
		}
	}
	if log = log.below(below); log.size+len(later) != l.log.size {
		return nil
	}
	b = l.over.append(append(b, keptVersion))
	b = binary.AppendUvarint(b, uint64(min(below, l.next)))
	b = binary.AppendUvarint(b, uint64(l.dropped))
	b = log.append(b)
	b = append(b, print.bytes()...)
	for _, v := range sketch {
		b = binary.BigEndian.AppendUint32(b, uint32(v))
	}
	return l.cells.Run(0, l.cells.Len(), later).Append(b)
}

// openLedger returns the ledger of which append wrote, over a set that has the same first
// facts; an error where it is about another scope or other facts.
func openLedger(set *records.FactSet, over scope, reordered func(*ledger), b []byte) (*ledger, error) {
	l := newLedger(set, over, reordered)
	if len(b) == 0 || b[0] != keptVersion {
		return nil, errors.New("of another version")
	}
	of, b, err := cutScope(b[1:])
	if err != nil {
		return nil, err
	}
	next, b, err := parseUvarint(b, maxSetSize)
	if err != nil {
		return nil, err
	}
	dropped, b, err := parseUvarint(b, maxSetSize)
	if err != nil {
		return nil, err
	}
	if of != over || next > uint64(set.Next()) || dropped != uint64(set.Dropped()) {
		return nil, errors.New("of other facts")
	}
	l.next, l.dropped, l.missing, l.recalled = int(next), int(dropped), set.DroppedSince(over.cut), true
	if l.log, b, err = parsePlaces(b, next); err != nil {
		return nil, err
	}
	const sums = lanesSize + 4*sketchCounters
	if len(b) < sums {
		return nil, errors.New("cut short")
	}
	for i := range l.print {
		l.print[i] = binary.BigEndian.Uint64(b[8*i:])
	}
	for i := range l.sketch {
		l.sketch[i] = int32(binary.BigEndian.Uint32(b[lanesSize+4*i:]))
	}
	run, err := riblt.ParseRun(b[sums:], mostCells)
	if err != nil {
		return nil, err
	}
	if n := len(run.Symbols); run.Start != 0 || run.Size != int64(l.log.size) || n < fewestCells || n&(n-1) != 0 {
		return nil, errors.New("symbols of other facts, or not all")
	}
	l.cells = riblt.PrefixOf(publicKey, run)
	return l, nil
}

// below is p without the arrival numbers from n on.
func (p places) below(n int) places {
	if p.numbers == nil {
		return places{size: min(p.size, n)}
	}
	at, _ := slices.BinarySearch(p.numbers[:p.size], uint32(n))
	return places{size: at, numbers: p.numbers[:at:at]}
}

// append encodes the places: how many, and where there are gaps how many numbers are left
// out before each.
func (p places) append(b []byte) []byte {
	b = append(binary.AppendUvarint(b, uint64(p.size)), flag(p.numbers != nil))
	for i, n := range p.numbers[:min(p.size, len(p.numbers))] {
		before := -1
		if i > 0 {
			before = int(p.numbers[i-1])
		}
		b = binary.AppendUvarint(b, uint64(int(n)-before-1))
	}
	return b
}

// parsePlaces reads what append wrote, of numbers below next, and returns what is behind.
func parsePlaces(b []byte, next uint64) (p places, rest []byte, err error) {
	size, b, err := parseUvarint(b, next)
	if err != nil {
		return p, nil, err
	}
	if len(b) == 0 || b[0] > 1 {
		return p, nil, errors.New("places are cut short")
	}
	gaps := b[0] == 1
	p.size, b = int(size), b[1:]
	if !gaps {
		return p, b, nil
	}
	if len(b) < p.size {
		return p, nil, errors.New("places are cut short")
	}
	p.numbers = make([]uint32, 0, p.size)
	for at := uint64(0); len(p.numbers) < p.size; at++ {
		var gap uint64
		if gap, b, err = parseUvarint(b, next); err != nil {
			return p, nil, err
		}
		if at += gap; at >= next {
			return p, nil, errors.New("places beyond the last")
		}
		p.numbers = append(p.numbers, uint32(at))
	}
	return p, b, nil
}
