package records

import (
	"testing"
	"time"
)

// TestDays: what ended on the day that is 30 whole days ago is not past yet, a second earlier
// it is; a clock gives a cut-off no sooner than Reached says.
func TestDays(t *testing.T) {
	const day = 86_400
	for _, row := range []struct {
		name string
		now  int64
		end  uint32
		past bool
	}{
		{"30 days ago, at its last second", 20_000*day + day - 1, (20_000 - 30) * day, false},
		{"a second before that day", 20_000 * day, (20_000-30)*day - 1, true},
		{"30 days ago to the second, in the evening", 20_000*day + 80_000, (20_000-30)*day + 80_000, false},
		{"just now", 20_000 * day, 20_000*day - 1, false},
		{"by a clock that was never set", 0, 1 << 16, false},
		{"by a clock before 1970", -5, 1 << 16, false},
	} {
		t.Run(row.name, func(t *testing.T) {
			secret := Secret{1}
			h, err := NewHeader(KindAgent, row.end, [32]byte{}, secret)
			if err != nil {
				t.Fatal(err)
			}
			dead, err := h.Reveal(secret)
			if err != nil {
				t.Fatal(err)
			}
			if got := CutOffAt(time.Unix(row.now, 0)).Past(dead); got != row.past {
				t.Errorf("past: %v", got)
			}
		})
	}
	cut := Day(20_000)
	if at := cut.Reached(); CutOffAt(at) != cut || CutOffAt(at.Add(-time.Second)) != cut-1 {
		t.Errorf("reached at %s", at)
	}
}
