package records

import (
	"bytes"
	"encoding/base64"
	"encoding/json"
	"fmt"
	"strings"
)

// MarshalJSON writes a policy as UCAN does in JSON: [["==", ".path", "x"], ["not", [...]]].
// A byte string is {"/": {"bytes": "base64"}}, as in DAG-JSON.
func (p Policy) MarshalJSON() ([]byte, error) {
	list := make([]any, len(p))
	for i, r := range p {
		list[i] = r.tree()
	}
	var b bytes.Buffer
	enc := json.NewEncoder(&b)
	enc.SetEscapeHTML(false) // "<" is a word of the language
	if err := enc.Encode(list); err != nil {
		return nil, err
	}
	return bytes.TrimSpace(b.Bytes()), nil
}

// tree is the rule as encoding/json writes it.
func (r Rule) tree() any {
	switch formOf(r.Op) {
	case formCompare:
		return []any{r.Op, r.Selector, literalTree(r.Value)}
	case formMany:
		rules := make([]any, len(r.Rules))
		for i, inner := range r.Rules {
			rules[i] = inner.tree()
		}
		return []any{r.Op, rules}
	case formEach:
		return []any{r.Op, r.Selector, r.Rules[0].tree()}
	case formOne:
		return []any{r.Op, r.Rules[0].tree()}
	}
	return nil
}

func literalTree(v any) any {
	switch v := v.(type) {
	case []byte:
		return map[string]any{"/": map[string]any{"bytes": base64.RawStdEncoding.EncodeToString(v)}}
	case []any:
		list := make([]any, len(v))
		for i, x := range v {
			list[i] = literalTree(x)
		}
		return list
	}
	return v
}

// UnmarshalJSON reads what MarshalJSON writes, and checks it.
func (p *Policy) UnmarshalJSON(b []byte) error {
	dec := json.NewDecoder(bytes.NewReader(b))
	dec.UseNumber()
	var tree any
	if err := dec.Decode(&tree); err != nil {
		return fmt.Errorf("policy: %w: %w", ErrMalformed, err)
	}
	rules, err := rulesOf(tree)
	if err != nil {
		return err
	}
	if err := Policy(rules).check(); err != nil {
		return err
	}
	*p = rules
	return nil
}

func rulesOf(tree any) ([]Rule, error) {
	list, ok := tree.([]any)
	if !ok {
		return nil, fmt.Errorf("policy: %w: want a list of rules such as [[\"==\", \".name\", \"value\"]]", ErrMalformed)
	}
	var rules []Rule
	for _, x := range list {
		r, err := ruleOf(x)
		if err != nil {
			return nil, err
		}
		rules = append(rules, r)
	}
	return rules, nil
}

func ruleOf(tree any) (r Rule, err error) {
	parts, _ := tree.([]any)
	if len(parts) > 0 {
		r.Op, _ = parts[0].(string)
	}
	form := formOf(r.Op)
	wide := form == formCompare || form == formEach
	if form == formNone || wide && len(parts) != 3 || !wide && len(parts) != 2 {
		return r, fmt.Errorf("policy: %w: %.80q is no rule", ErrMalformed, fmt.Sprint(tree))
	}
	if wide {
		r.Selector, _ = parts[1].(string)
	}
	last := parts[len(parts)-1]
	switch form {
	case formCompare:
		r.Value, err = literalOf(last)
	case formMany:
		r.Rules, err = rulesOf(last)
	default:
		var inner Rule
		inner, err = ruleOf(last)
		r.Rules = []Rule{inner}
	}
	return r, err
}

func literalOf(tree any) (any, error) {
	switch v := tree.(type) {
	case json.Number:
		if n, err := v.Int64(); err == nil {
			return n, nil
		}
	case string:
		return v, nil
	case []any:
		list := []any{}
		for _, x := range v {
			value, err := literalOf(x)
			if err != nil {
				return nil, err
			}
			list = append(list, value)
		}
		return list, nil
	case map[string]any:
		inner, _ := v["/"].(map[string]any)
		text, ok := inner["bytes"].(string)
		if b, err := base64.RawStdEncoding.DecodeString(strings.TrimRight(text, "=")); ok && err == nil && len(v) == 1 && len(inner) == 1 {
			return b, nil
		}
	}
	return nil, fmt.Errorf("policy: %w: the value %.80q is none of a whole number, a text, bytes, a list", ErrMalformed, fmt.Sprint(tree))
}
