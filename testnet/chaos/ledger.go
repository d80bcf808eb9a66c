package chaos

import (
	"fmt"
	"slices"
	"strings"
	"sync"
)

// Effect is what a fault did, as somebody saw it.
type Effect struct {
	// Kind of the fault, such as "partition", and whom it hit.
	Kind, Whom string
	// Count says how often it took effect, in Unit. A fault without an effect has not
	// happened.
	Count uint64
	Unit  string
}

// ledger keeps the faults of a run. It is safe for concurrent use.
type ledger struct {
	mu      sync.Mutex
	effects []Effect // owned by mu
}

func (l *ledger) note(e Effect) {
	l.mu.Lock()
	defer l.mu.Unlock()
	l.effects = append(l.effects, e)
}

// all returns what was noted so far.
func (l *ledger) all() []Effect {
	l.mu.Lock()
	defer l.mu.Unlock()
	return slices.Clone(l.effects)
}

// Sum is the faults of one kind.
type Sum struct {
	Kind   string
	Faults int
	Count  uint64 // of what they did, in Unit
	Unit   string
	// Empty lists those that had no effect.
	Empty []string
}

// sums adds up effects by kind, in the order in which the kinds came up. What flaps has
// happened where it took effect at all.
func sums(effects []Effect) []Sum {
	var list []Sum
	type fault struct{ kind, whom string }
	did := make(map[fault]uint64)
	for _, e := range effects {
		i := slices.IndexFunc(list, func(s Sum) bool { return s.Kind == e.Kind })
		if i < 0 {
			i, list = len(list), append(list, Sum{Kind: e.Kind, Unit: e.Unit})
		}
		list[i].Faults++
		list[i].Count += e.Count
		did[fault{e.Kind, e.Whom}] += e.Count
	}
	for i := range list {
		for f, count := range did {
			if f.kind == list[i].Kind && count == 0 {
				list[i].Empty = append(list[i].Empty, f.whom)
			}
		}
		slices.Sort(list[i].Empty)
	}
	return list
}

// neverHappened says which faults had no effect; nil is none.
func neverHappened(list []Sum) error {
	var text []string
	for _, s := range list {
		for _, whom := range s.Empty {
			text = append(text, fmt.Sprintf("%s (%s): no %s", s.Kind, whom, s.Unit))
		}
	}
	if len(text) == 0 {
		return nil
	}
	return fmt.Errorf("faults that never happened: %s", strings.Join(text, "; "))
}
