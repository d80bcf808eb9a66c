package scenario

import "testing"

func TestMatches(t *testing.T) {
	for name, row := range map[string]struct {
		pattern, line string
		want          bool
	}{
		"the same":             {"a1 revoked on all", "a1 revoked on all", true},
		"another word":         {"a1 revoked on all", "a1 active on all", false},
		"more spaces":          {"a1  revoked", "a1 revoked", true},
		"too short":            {"a1 revoked", "a1", false},
		"too long":             {"a1", "a1 revoked", false},
		"at least":             {"acked >= 15 of 20", "acked 17 of 20", true},
		"exactly at least":     {"acked >= 15 of 20", "acked 15 of 20", true},
		"less than at least":   {"acked >= 15 of 20", "acked 14 of 20", false},
		"at most":              {"of <= 20, read", "of 20, read", true},
		"more than at most":    {"of <= 20, read", "of 21, read", false},
		"the comma is missing": {"of <= 20, read", "of 20 read", false},
		"a comma too many":     {"of <= 20 read", "of 20, read", false},
		"a time":               {"max <= 250ms", "max 0.1s", true},
		"a longer time":        {"max <= 250ms", "max 0.3s", false},
		"a time for a number":  {"max <= 250", "max 0.1s", false},
		"a number for a time":  {"max <= 250ms", "max 3", false},
		"no number at all":     {"max <= 250ms", "max none", false},
		"no bound":             {"max <=", "max <=", true},
		"no line":              {"max <= 3", "max", false},
		"not a number":         {"max <= NaN", "max 3", false},
	} {
		t.Run(name, func(t *testing.T) {
			if got := matches(row.pattern, row.line); got != row.want {
				t.Errorf("%q matches %q: %v", row.pattern, row.line, got)
			}
		})
	}
}

func TestShow(t *testing.T) {
	for _, text := range []string{"7", "1-9", "1-9,12", "1,3,5-6"} {
		s, err := parseSet(text)
		if err != nil || s.String() != text {
			t.Errorf("%s: %s, %v", text, s, err)
		}
	}
	s, err := parseSet("3,1-2,2-4")
	if err != nil || s.String() != "1-4" {
		t.Errorf("out of order: %s, %v", s, err)
	}
	if s := (set{all: true, but: []int{2}}); s.String() != "all but 2" || len(s.in([]int{1, 2, 3})) != 2 {
		t.Errorf("%s", s)
	}
}
