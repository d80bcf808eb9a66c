package gossip

import (
	"encoding/binary"
	"errors"

	"github.com/cairn-overlay/cairn/internal/riblt"
	"github.com/cairn-overlay/cairn/records"
)

const keptVersion = 2

// Ledger returns what reconciliation keeps of the facts with arrival numbers below one, for
// [Config].Ledger of a later run: up to a megabyte. It may be called after Close. Nil: it
// cannot be told.
func (t *Topic) Ledger(below int) []byte {
	r := t.reconciler
	return r.ledgers.get(r.own()).append(nil, below)
}

// append encodes the ledger as it would be of the facts with arrival numbers below one, or
// returns nil where that cannot be told any more.
func (l *ledger) append(b []byte, below int) []byte {
	l.mu.Lock()
	defer l.mu.Unlock()
	l.advance()
	below = min(below, l.next)
	then := l.standing
	var came, went []riblt.Item
	whole := l.change(below, l.next, func(_ int, f records.Fact, come bool) {
		e := essenceOf(f)
		if come {
			then.count--
			then.print.sub(&e.lanes)
			then.sketch.take(e.signs)
			came = append(came, e.item)
			return
		}
		then.count++
		then.print.add(&e.lanes)
		then.sketch.add(e.signs)
		went = append(went, e.item)
	})
	later, _ := l.set.Replaced(below)
	if !whole || l.missed() != l.missing {
		return nil
	}
	b = l.over.append(append(b, keptVersion))
	b = binary.AppendUvarint(b, uint64(below))
	b = binary.AppendUvarint(b, uint64(l.set.Gaps()-len(later)))
	b = binary.AppendUvarint(b, then.count)
	b = append(b, then.print.bytes()...)
	for _, v := range then.sketch {
		b = binary.BigEndian.AppendUint32(b, uint32(v))
	}
	return l.cells.Run(0, l.cells.Len(), came, went).Append(b)
}

// openLedger returns the ledger of which append wrote, over a set that has the same first
// facts; an error where it is about another scope or other facts.
func openLedger(set *records.FactSet, over scope, b []byte) (*ledger, error) {
	l := newLedger(set, over)
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
	if l.count, b, err = parseUvarint(b, next); err != nil {
		return nil, err
	}
	l.next, l.last, l.missing, l.recalled = int(next), int(next), set.DroppedSince(over.cut), true
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
	if n := len(run.Symbols); run.Start != 0 || run.Size != int64(l.count) || n < fewestCells || n&(n-1) != 0 {
		return nil, errors.New("symbols of other facts, or not all")
	}
	l.cells = riblt.PrefixOf(publicKey, run)
	return l, nil
}
