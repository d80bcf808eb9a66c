package records

import (
	"fmt"
	"slices"
	"strings"
	"unicode/utf8"
)

// Limits of a policy.
const (
	MaxRules     = 64   // rules of one policy, those inside of others included
	MaxRuleDepth = 4    // rules inside of rules
	MaxSelector  = 128  // bytes of a selector
	MaxLiteral   = 1024 // bytes of a text or byte string to compare with
	MaxLiterals  = 64   // values of a list to compare with
	maxNumber    = 1<<53 - 1
)

// Policy says what the arguments of a call under a grant must be: every rule must
// hold. The language is UCAN's (ucan-wg/delegation), without floats, negative numbers,
// booleans and null, which this encoding has not.
type Policy []Rule

// Rule is one statement about the arguments:
//
//	==  !=  <  <=  >  >=   Selector against Value; the last four between numbers
//	like                   the text at Selector has the pattern Value, in which * stands for any text
//	and  or                all, or any, of Rules hold; there is at least one
//	not                    the one of Rules does not hold
//	all  any               the one of Rules holds for all, or any, items of the list at Selector
type Rule struct {
	Op       string
	Selector string // ".", ".name", ".name.other", ".list[0]"
	Value    any    // int64 (0 to 2^53-1), string, []byte, or []any of these
	Rules    []Rule
}

// ruleForm is what stands after the operator.
type ruleForm int

const (
	formNone    ruleForm = iota // no operator of this name
	formCompare                 // selector, value
	formMany                    // list of rules
	formOne                     // rule
	formEach                    // selector, rule
)

func formOf(op string) ruleForm {
	switch op {
	case "==", "!=", "<", "<=", ">", ">=", "like":
		return formCompare
	case "and", "or":
		return formMany
	case "not":
		return formOne
	case "all", "any":
		return formEach
	}
	return formNone
}

// check reports the first broken rule of the policy's form.
func (p Policy) check() error {
	left := MaxRules
	return checkRules(p, MaxRuleDepth, &left)
}

func checkRules(rules []Rule, depth int, left *int) error {
	if *left -= len(rules); *left < 0 {
		return fmt.Errorf("policy: %w: more than %d rules", ErrTooLarge, MaxRules)
	}
	for _, r := range rules {
		if err := r.check(depth, left); err != nil {
			return err
		}
	}
	return nil
}

func (r Rule) check(depth int, left *int) error {
	form := formOf(r.Op)
	if form == formNone {
		return fmt.Errorf("policy: %w: operator %.16q", ErrMalformed, r.Op)
	}
	if form == formCompare || form == formEach {
		if _, err := parseSelector(r.Selector); err != nil {
			return err
		}
	} else if r.Selector != "" {
		return fmt.Errorf("policy: %w: %s has no selector", ErrMalformed, r.Op)
	}
	if form == formCompare {
		if len(r.Rules) > 0 {
			return fmt.Errorf("policy: %w: %s has no rules", ErrMalformed, r.Op)
		}
		return checkLiteral(r.Op, r.Value)
	}
	switch {
	case r.Value != nil:
		return fmt.Errorf("policy: %w: %s has no value", ErrMalformed, r.Op)
	case depth == 1:
		return fmt.Errorf("policy: %w: rules are nested more than %d deep", ErrTooLarge, MaxRuleDepth)
	case len(r.Rules) == 0, form != formMany && len(r.Rules) > 1:
		return fmt.Errorf("policy: %w: %d rules for %s", ErrMalformed, len(r.Rules), r.Op)
	}
	return checkRules(r.Rules, depth-1, left)
}

// checkLiteral holds a value to what the operator compares.
func checkLiteral(op string, v any) error {
	switch op {
	case "<", "<=", ">", ">=":
		if _, ok := v.(int64); !ok {
			return fmt.Errorf("policy: %w: %s wants a number", ErrMalformed, op)
		}
	case "like":
		if _, ok := v.(string); !ok {
			return fmt.Errorf("policy: %w: like wants a text", ErrMalformed)
		}
	}
	if list, ok := v.([]any); ok {
		if len(list) > MaxLiterals {
			return fmt.Errorf("policy: %w: a list of %d values, at most %d", ErrTooLarge, len(list), MaxLiterals)
		}
		for _, x := range list {
			if _, ok := x.([]any); ok {
				return fmt.Errorf("policy: %w: a list in a list", ErrMalformed)
			}
			if err := checkLiteral("==", x); err != nil {
				return err
			}
		}
		return nil
	}
	size := 0
	switch v := v.(type) {
	case int64:
		if v < 0 || v > maxNumber {
			return fmt.Errorf("policy: %w: the number %d is not of 0 to 2^53-1", ErrMalformed, v)
		}
	case string:
		if size = len(v); !utf8.ValidString(v) {
			return fmt.Errorf("policy: %w: a text that is not UTF-8", ErrMalformed)
		}
	case []byte:
		size = len(v)
	default:
		return fmt.Errorf("policy: %w: a value of type %T", ErrMalformed, v)
	}
	if size > MaxLiteral {
		return fmt.Errorf("policy: %w: a value of %d bytes, at most %d", ErrTooLarge, size, MaxLiteral)
	}
	return nil
}

// append writes the rules.
func (p Policy) append(b []byte) []byte { return appendRules(b, p) }

func appendRules(b []byte, rules []Rule) []byte {
	b = appendArray(b, len(rules))
	for _, r := range rules {
		b = r.append(b)
	}
	return b
}

func (r Rule) append(b []byte) []byte {
	switch formOf(r.Op) {
	case formCompare:
		b = appendText(appendText(appendArray(b, 3), r.Op), r.Selector)
		return appendLiteral(b, r.Value)
	case formMany:
		return appendRules(appendText(appendArray(b, 2), r.Op), r.Rules)
	case formEach:
		b = appendText(appendText(appendArray(b, 3), r.Op), r.Selector)
	default:
		b = appendText(appendArray(b, 2), r.Op)
	}
	return r.Rules[0].append(b)
}

func appendLiteral(b []byte, v any) []byte {
	switch v := v.(type) {
	case int64:
		return appendUint(b, uint64(v))
	case string:
		return appendText(b, v)
	case []byte:
		return appendBytes(b, v)
	case []any:
		b = appendArray(b, len(v))
		for _, x := range v {
			b = appendLiteral(b, x)
		}
	}
	return b
}

// rules takes a list of rules; their own limits are another matter: see Policy.check.
func (c *cursor) rules(depth int) []Rule {
	n := c.array()
	c.bad = c.bad || n > MaxRules || depth < 0
	var list []Rule
	for ; n > 0 && !c.bad; n-- {
		list = append(list, c.rule(depth))
	}
	return list
}

func (c *cursor) rule(depth int) (r Rule) {
	n := c.array()
	r.Op = c.text()
	form := formOf(r.Op)
	wide := form == formCompare || form == formEach
	if c.bad = c.bad || form == formNone || depth < 0 || wide != (n == 3) || !wide && n != 2; c.bad {
		return r
	}
	if wide {
		r.Selector = c.text()
	}
	switch form {
	case formCompare:
		r.Value = c.literal(1)
	case formMany:
		r.Rules = c.rules(depth - 1)
	default:
		r.Rules = []Rule{c.rule(depth - 1)}
	}
	return r
}

// literal takes a value to compare with.
func (c *cursor) literal(lists int) any {
	if c.bad || c.at >= len(c.s) {
		c.bad = true
		return nil
	}
	switch c.s[c.at] >> 5 {
	case majorUint:
		return int64(c.uint(maxNumber))
	case majorText:
		return c.text()
	case majorBytes:
		return []byte(c.bytes())
	case majorArray:
		n := c.array()
		c.bad = c.bad || lists == 0
		list := []any{}
		for ; n > 0 && !c.bad; n-- {
			list = append(list, c.literal(lists-1))
		}
		return list
	}
	c.bad = true
	return nil
}

// clone returns a policy that shares no memory with p.
func (p Policy) clone() Policy { return cloneRules(p) }

func cloneRules(rules []Rule) []Rule {
	if rules == nil {
		return nil
	}
	list := make([]Rule, len(rules))
	for i, r := range rules {
		r.Rules, r.Value = cloneRules(r.Rules), cloneLiteral(r.Value)
		list[i] = r
	}
	return list
}

func cloneLiteral(v any) any {
	switch v := v.(type) {
	case []byte:
		return slices.Clone(v)
	case []any:
		list := make([]any, len(v))
		for i, x := range v {
			list[i] = cloneLiteral(x)
		}
		return list
	}
	return v
}

// step is one part of a selector: a name, or a place in a list.
type step struct {
	name  string
	place int // where the name is empty
}

// parseSelector reads a selector: "." for all arguments, or names and places after
// dots: ".name", ".name.other", ".list[0].name".
func parseSelector(s string) ([]step, error) {
	bad := fmt.Errorf("policy: %w: selector %.64q", ErrMalformed, s)
	if len(s) > MaxSelector {
		return nil, fmt.Errorf("policy: %w: a selector of %d bytes, at most %d", ErrTooLarge, len(s), MaxSelector)
	}
	if s == "." {
		return nil, nil
	}
	var steps []step
	for rest := s; rest != ""; {
		switch rest[0] {
		case '.':
			end := strings.IndexAny(rest[1:], ".[") + 1
			if end == 0 {
				end = len(rest)
			}
			name := rest[1:end]
			if name == "" || !only(name, inName) || isDigit(name[0]) || name[0] == '-' {
				return nil, bad
			}
			steps, rest = append(steps, step{name: name}), rest[end:]
		case '[':
			digits, after, ok := strings.Cut(rest[1:], "]")
			if !ok || len(steps) == 0 || digits == "" || len(digits) > 4 || !only(digits, isDigit) || len(digits) > 1 && digits[0] == '0' {
				return nil, bad
			}
			place := 0
			for i := range len(digits) {
				place = 10*place + int(digits[i]-'0')
			}
			steps, rest = append(steps, step{place: place}), after
		default:
			return nil, bad
		}
	}
	if len(steps) == 0 {
		return nil, bad
	}
	return steps, nil
}

// inName is what a name in a selector consists of.
func inName(c byte) bool {
	return isLower(c) || isDigit(c) || 'A' <= c && c <= 'Z' || c == '_' || c == '-'
}
