package view

import "testing"

// A filter finds all that were put in, and few others.
func TestFilter(t *testing.T) {
	for _, n := range []int{0, 1, 100, MaxFiltered} {
		f := NewFilter(n, 99)
		for i := range n {
			f.Add(mix(uint64(i)))
		}
		for i := range n {
			if !f.Has(mix(uint64(i))) {
				t.Fatalf("of %d, %d is missing", n, i)
			}
		}
		wrong := 0
		for i := range 10_000 {
			if f.Has(mix(uint64(i) + 1<<40)) {
				wrong++
			}
		}
		if wrong > 300 {
			t.Errorf("with %d positions in it, %d of 10,000 others are found", n, wrong)
		}
	}
	if (Filter{}).Has(5) {
		t.Error("something is in a filter without bits")
	}
}
