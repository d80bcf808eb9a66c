package node

import (
	"testing"

	"github.com/google/go-cmp/cmp"

	"github.com/cairn-overlay/cairn/overlay"
	"github.com/cairn-overlay/cairn/records"
)

// Each path is held against the answer of all.
func TestPathAnswers(t *testing.T) {
	a := newDrawn(t, 1)
	old, newest, dead := a.record(t, 1), a.record(t, 2), a.tombstone(t)
	for _, row := range []struct {
		name string
		best records.Value
		res  Resolution
		want PathAnswer
	}{
		{"the newest", newest, Resolution{Status: records.StatusActive, Record: newest}, PathAnswer{Asked: 7, Answered: 6, Answer: "record", Sequence: 2, Agrees: true}},
		{"an older one", old, Resolution{Status: records.StatusActive, Record: newest}, PathAnswer{Asked: 7, Answered: 6, Answer: "record", Sequence: 1}},
		{"nothing", nil, Resolution{Status: records.StatusActive, Record: newest}, PathAnswer{Asked: 7, Answered: 6, Answer: "nothing"}},
		{"nothing, as everywhere", nil, Resolution{Status: records.StatusUnknown}, PathAnswer{Asked: 7, Answered: 6, Answer: "nothing", Agrees: true}},
		{"a record of who is dead", newest, Resolution{Status: records.StatusRevoked, Tombstone: dead}, PathAnswer{Asked: 7, Answered: 6, Answer: "record", Sequence: 2}},
		{"the tombstone", dead, Resolution{Status: records.StatusRevoked, Tombstone: dead}, PathAnswer{Asked: 7, Answered: 6, Answer: "tombstone", Agrees: true}},
	} {
		l := &lookup{paths: []overlay.PathReport{{Asked: 7, Answered: 6, Best: row.best}}}
		if diff := cmp.Diff([]PathAnswer{row.want}, l.pathAnswers(row.res)); diff != "" {
			t.Errorf("%s: %s", row.name, diff)
		}
	}
}
