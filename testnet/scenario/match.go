package scenario

import (
	"strconv"
	"strings"
	"time"
)

// matches reports whether a line of output is what a pattern wants: word by word the
// same, but for bounds. ">= 3" and "<= 250ms" stand for one word, a number or a time
// within the bound; a comma or a colon behind it belongs to the line.
func matches(pattern, line string) bool {
	want, got := strings.Fields(pattern), strings.Fields(line)
	for len(want) > 0 {
		if len(got) == 0 {
			return false
		}
		if (want[0] == ">=" || want[0] == "<=") && len(want) > 1 {
			if !bounded(want[0], want[1], got[0]) {
				return false
			}
			want, got = want[2:], got[1:]
			continue
		}
		if want[0] != got[0] {
			return false
		}
		want, got = want[1:], got[1:]
	}
	return len(got) == 0
}

// hasBound reports whether a pattern holds a bound, which no rewriting may touch.
func hasBound(pattern string) bool {
	return strings.Contains(pattern, "<= ") || strings.Contains(pattern, ">= ")
}

// bounded reports whether a word is within a bound.
func bounded(sign, bound, word string) bool {
	const stops = ",:;"
	tail := bound[len(strings.TrimRight(bound, stops)):]
	word, ok := strings.CutSuffix(word, tail)
	if !ok {
		return false
	}
	limit, isTime, ok := quantity(strings.TrimRight(bound, stops))
	v, alsoTime, ok2 := quantity(word)
	if !ok || !ok2 || isTime != alsoTime {
		return false
	}
	if sign == "<=" {
		return v <= limit
	}
	return v >= limit
}

// quantity reads a number or a time.
func quantity(s string) (v float64, isTime, ok bool) {
	if v, err := strconv.ParseFloat(s, 64); err == nil {
		return v, false, true
	}
	d, err := time.ParseDuration(s)
	return float64(d), true, err == nil
}
