package store

import (
	"iter"
	"net/netip"
	"time"

	"github.com/cairn-overlay/cairn/records"
)

// Held says of one record that it is held, without the record.
type Held struct {
	ID       records.AgentID
	Seen     time.Time    // when it was stored, or issued where that is later
	NotAfter time.Time    // the end of its lease
	Size     int          // bytes
	Own      bool         // it is of an own agent
	From     netip.Prefix // where it came from, see PutRecordFrom
}

// Held yields what is held, each as it stands when the loop comes to it, in the order of
// the agents' digests. It reads no record: a million take about a second.
func (s *Store) Held() iter.Seq2[Held, error] {
	return func(yield func(Held, error) bool) {
		for it, err := range s.table(tableMark, scanMarks) {
			if err != nil {
				yield(Held{}, err)
				return
			}
			id, ok := agentOf(it.key)
			r, err := decodeRow(it.val)
			if !ok || err != nil || r.size == 0 {
				continue
			}
			if !yield(Held{ID: id, Seen: r.seen, NotAfter: r.notAfter, Size: int(r.size), Own: r.own, From: r.from}, nil) {
				return
			}
		}
	}
}
