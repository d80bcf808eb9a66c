package scenario

import (
	"fmt"
	"slices"
	"strconv"
	"strings"
)

// maxSet bounds how many nodes a set may name.
const maxSet = 100_000

// set is a set of nodes as it was written: numbers, or all that are up but some.
type set struct {
	all bool
	of  []int // ascending
	but []int // of all
}

// parseSet reads "all" or numbers and ranges such as 1-9,12.
func parseSet(w string) (set, error) {
	if w == "all" {
		return set{all: true}, nil
	}
	bad := fmt.Errorf("%q is no set of nodes such as 7, 1-9,12 or all", w)
	var s set
	for part := range strings.SplitSeq(w, ",") {
		first, last, ranged := strings.Cut(part, "-")
		if !ranged {
			last = first
		}
		i, err := strconv.Atoi(first)
		j, err2 := strconv.Atoi(last)
		if err != nil || err2 != nil || i < 1 || j < i || j > maxCount || len(s.of)+j-i >= maxSet {
			return set{}, bad
		}
		for ; i <= j; i++ {
			s.of = append(s.of, i)
		}
	}
	slices.Sort(s.of)
	s.of = slices.Compact(s.of)
	return s, nil
}

// in returns the nodes of the set; all are those in up.
func (s set) in(up []int) []int {
	if !s.all {
		return s.of
	}
	return slices.DeleteFunc(slices.Clone(up), func(n int) bool { return slices.Contains(s.but, n) })
}

// show renders numbers as parseSet reads them.
func show(nodes []int) string {
	var parts []string
	for i := 0; i < len(nodes); {
		j := i
		for j+1 < len(nodes) && nodes[j+1] == nodes[j]+1 {
			j++
		}
		if i == j {
			parts = append(parts, strconv.Itoa(nodes[i]))
		} else {
			parts = append(parts, fmt.Sprintf("%d-%d", nodes[i], nodes[j]))
		}
		i = j + 1
	}
	return strings.Join(parts, ",")
}

// String renders the set as it was written.
func (s set) String() string {
	switch {
	case !s.all:
		return show(s.of)
	case len(s.but) > 0:
		return "all but " + show(s.but)
	}
	return "all"
}
