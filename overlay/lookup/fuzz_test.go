package lookup

import (
	"slices"
	"testing"
)

// FuzzLookup drives a lookup by bytes, as a hostile network would: who answers what
// in which order, about whom nobody asked included.
func FuzzLookup(f *testing.F) {
	f.Add([]byte{0, 0, 0, 1, 1, 9, 2, 3}, uint8(3))
	f.Add([]byte{0, 2, 1, 1, 1, 7, 3, 2, 0, 0, 0}, uint8(20))
	f.Fuzz(func(t *testing.T, steps []byte, k uint8) {
		want := 1 + int(k%20)
		l := newLookup(0, positionOf(1<<40), want, []numbered{{ID: 1}, {ID: 2}, {ID: 3}})
		questions := make(map[id]bool)
		for i := 0; i+1 < len(steps); i += 2 {
			p := id(steps[i+1])
			switch steps[i] % 4 {
			case 0:
				if q, ok := l.Next(nil); ok {
					if questions[q.ID] || q.ID == 0 {
						t.Fatalf("asks %d twice, or itself", q.ID)
					}
					questions[q.ID] = true
				}
			case 1:
				l.Answered(p, []numbered{{ID: p * 3}, {ID: p*3 + 1}, {ID: id(i)}, {ID: 0}})
			case 2:
				l.Failed(p, steps[i]&4 != 0)
			case 3:
				l.Late(p)
			}
		}
		closest := l.Closest()
		if len(closest) > want || len(questions) > max(minAsked, maxAskedFactor*want) {
			t.Fatalf("%d closest of %d, %d questions", len(closest), want, len(questions))
		}
		if !slices.IsSortedFunc(closest, func(a, b id) int {
			return positionOf(a).To(l.cfg.Target).Compare(positionOf(b).To(l.cfg.Target))
		}) {
			t.Fatal("the closest are not in order")
		}
		for _, p := range append(closest, l.Stragglers()...) {
			if !questions[p] {
				t.Fatalf("%d was never asked", p)
			}
		}
	})
}
