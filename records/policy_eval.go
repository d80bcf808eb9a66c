package records

import (
	"bytes"
	"slices"
	"strings"
)

// verdict is what a rule comes to. It is undecided where a selector finds nothing, or what
// it finds cannot be compared; a policy permits only what is decided.
type verdict int

const (
	undecided verdict = iota
	refused
	permitted
)

func verdictOf(holds bool) verdict {
	if holds {
		return permitted
	}
	return refused
}

// Permits reports whether the arguments of a call keep the policy. They are a tree as
// encoding/json gives it, or made by hand: of map[string]any, []any, string, []byte, int,
// int64, uint64, float64 (of whole numbers) and others, which equal nothing. A selector that
// finds nothing decides nothing: neither the rule nor its opposite then permits anything.
func (p Policy) Permits(args map[string]any) bool { return allOf(p, args) == permitted }

func allOf(rules []Rule, v any) verdict {
	end := permitted
	for _, r := range rules {
		switch r.judge(v) {
		case refused:
			return refused
		case undecided:
			end = undecided
		}
	}
	return end
}

func anyOf(rules []Rule, v any) verdict { return not(allOf(opposites(rules), v)) }

// opposites are the rules with "not" before them.
func opposites(rules []Rule) []Rule {
	list := make([]Rule, len(rules))
	for i, r := range rules {
		list[i] = Rule{Op: "not", Rules: []Rule{r}}
	}
	return list
}

func not(v verdict) verdict {
	switch v {
	case permitted:
		return refused
	case refused:
		return permitted
	}
	return undecided
}

// judge decides one rule about v.
func (r Rule) judge(v any) verdict {
	switch r.Op {
	case "and":
		return allOf(r.Rules, v)
	case "or":
		return anyOf(r.Rules, v)
	case "not":
		return not(allOf(r.Rules, v))
	}
	found, ok := follow(r.Selector, v)
	if !ok {
		return undecided
	}
	switch r.Op {
	case "all", "any":
		list, ok := found.([]any)
		if !ok {
			return undecided
		}
		return r.each(list)
	case "==":
		return verdictOf(equalValues(found, r.Value))
	case "!=":
		return verdictOf(!equalValues(found, r.Value))
	case "like":
		text, okText := found.(string)
		pattern, okPattern := r.Value.(string)
		if !okText || !okPattern {
			return undecided
		}
		return verdictOf(like(text, pattern))
	}
	a, okA := number(found)
	b, okB := number(r.Value)
	if !okA || !okB {
		return undecided
	}
	switch r.Op {
	case "<":
		return verdictOf(a < b)
	case "<=":
		return verdictOf(a <= b)
	case ">":
		return verdictOf(a > b)
	case ">=":
		return verdictOf(a >= b)
	}
	return undecided
}

// each decides "all" and "any" about the items of a list.
func (r Rule) each(list []any) verdict {
	turn := func(v verdict) verdict { return v }
	if r.Op == "any" {
		turn = not // any item that holds: not all items that do not
	}
	end := permitted
	for _, item := range list {
		switch turn(allOf(r.Rules, item)) {
		case refused:
			return turn(refused)
		case undecided:
			end = undecided
		}
	}
	return turn(end)
}

// follow goes where a selector leads.
func follow(selector string, v any) (any, bool) {
	steps, err := parseSelector(selector)
	if err != nil {
		return nil, false
	}
	for _, s := range steps {
		if s.name != "" {
			m, ok := v.(map[string]any)
			if !ok {
				return nil, false
			}
			if v, ok = m[s.name]; !ok {
				return nil, false
			}
			continue
		}
		list, ok := v.([]any)
		if !ok || s.place >= len(list) {
			return nil, false
		}
		v = list[s.place]
	}
	return v, true
}

// number reads a whole number.
func number(v any) (int64, bool) {
	switch v := v.(type) {
	case int64:
		return v, true
	case int:
		return int64(v), true
	case uint64:
		return int64(v), v <= maxNumber
	case float64:
		n := int64(v)
		return n, v >= -maxNumber && v <= maxNumber && float64(n) == v
	}
	return 0, false
}

// equalValues reports whether two values are equal: of one type, numbers whatever their Go type.
func equalValues(a, b any) bool {
	if x, ok := number(a); ok {
		y, ok := number(b)
		return ok && x == y
	}
	switch a := a.(type) {
	case string:
		b, ok := b.(string)
		return ok && a == b
	case []byte:
		b, ok := b.([]byte)
		return ok && bytes.Equal(a, b)
	case []any:
		b, ok := b.([]any)
		return ok && slices.EqualFunc(a, b, equalValues)
	}
	return false
}

// like reports whether a text has the pattern, in which * stands for any text and \* for
// an asterisk.
func like(text, pattern string) bool {
	parts := []string{""}
	for rest := pattern; rest != ""; {
		switch {
		case strings.HasPrefix(rest, `\*`):
			parts[len(parts)-1] += "*"
			rest = rest[2:]
		case rest[0] == '*':
			parts = append(parts, "")
			rest = rest[1:]
		default:
			parts[len(parts)-1] += rest[:1]
			rest = rest[1:]
		}
	}
	last := len(parts) - 1
	if last == 0 {
		return text == parts[0]
	}
	rest, ok := strings.CutPrefix(text, parts[0])
	if !ok {
		return false
	}
	for _, part := range parts[1:last] {
		_, after, ok := strings.Cut(rest, part)
		if !ok {
			return false
		}
		rest = after
	}
	return strings.HasSuffix(rest, parts[last])
}
