package gateway

import (
	"bytes"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"iter"
	"strconv"
	"unicode/utf8"
)

// Limits of a document; over one of them it is ErrTooLarge.
const (
	MaxDocument = 1 << 20  // bytes of one document, or of one list
	MaxDepth    = 64       // levels of nested lists and objects
	MaxString   = 64 << 10 // bytes of one string or number
	MaxValues   = 1 << 17  // values of every kind in one document
)

// kind is the type of a JSON value.
type kind uint8

const (
	absent kind = iota
	null
	boolean
	number
	text
	list
	object
)

func (k kind) String() string {
	return [...]string{"nothing", "null", "a boolean", "a number", "text", "a list", "an object"}[k]
}

// value is one parsed JSON value, with its place in the bytes.
type value struct {
	kind       kind
	doubled    bool // a member name of this object stands twice
	start, end int32
	text       string // of text, number and boolean; the member name of a doubled object
	items      []value
	fields     []field
}

type field struct {
	name  string
	value value
}

// get returns the first member that exists among names, or nil.
func (v *value) get(names ...string) *value {
	if v == nil || v.kind != object {
		return nil
	}
	for _, name := range names {
		for i := range v.fields {
			if v.fields[i].name == name {
				return &v.fields[i].value
			}
		}
	}
	return nil
}

// has reports whether a member exists, null or not.
func (v *value) has(names ...string) bool { return v.get(names...) != nil }

// is reports the kind of a member.
func (v *value) is(k kind, names ...string) bool {
	m := v.get(names...)
	return m != nil && m.kind == k
}

// node is a value with its JSON Pointer; the zero value is an absent one.
type node struct {
	v    *value
	path string
}

func (n node) kind() kind {
	if n.v == nil {
		return absent
	}
	return n.v.kind
}

// get returns a member: the first that exists among names.
func (n node) get(names ...string) node {
	for _, name := range names {
		if m := n.v.get(name); m != nil {
			return node{m, n.path + "/" + pointer(name)}
		}
	}
	return node{nil, n.path + "/" + pointer(names[0])}
}

// items yields the elements of a list, nothing of anything else.
func (n node) items() iter.Seq[node] {
	return func(yield func(node) bool) {
		if n.kind() != list {
			return
		}
		for i := range n.v.items {
			if !yield(node{&n.v.items[i], n.path + "/" + strconv.Itoa(i)}) {
				return
			}
		}
	}
}

// members yields the members of an object by name, nothing of anything else.
func (n node) members() iter.Seq2[string, node] {
	return func(yield func(string, node) bool) {
		if n.kind() != object {
			return
		}
		for i := range n.v.fields {
			f := &n.v.fields[i]
			if !yield(f.name, node{&f.value, n.path + "/" + pointer(f.name)}) {
				return
			}
		}
	}
}

// parse reads one JSON text within the limits.
func parse(doc []byte) (node, error) {
	switch {
	case len(doc) > MaxDocument:
		return node{}, refuse(ErrTooLarge, "%d bytes, at most %d; publish a part of it", len(doc), MaxDocument)
	case bytes.HasPrefix(doc, []byte("\xef\xbb\xbf")):
		return node{}, refuse(ErrNotJSON, "it starts with a byte order mark; save it as UTF-8 without one")
	case !utf8.Valid(doc):
		return node{}, refuse(ErrNotJSON, "it is not UTF-8; save it as UTF-8")
	case len(bytes.TrimSpace(doc)) == 0:
		return node{}, refuse(ErrNotJSON, "it is empty")
	}
	p := parser{doc: doc, dec: json.NewDecoder(bytes.NewReader(doc))}
	p.dec.UseNumber()
	v, err := p.next(0)
	if err == nil {
		if _, tail := p.dec.Token(); !errors.Is(tail, io.EOF) {
			err = refuse(ErrNotJSON, "%s: something follows the document; several documents belong into a JSON array", p.where())
		}
	}
	if err != nil {
		return node{}, err
	}
	return node{v: &v}, nil
}

// parser builds the tree token by token, so that no limit is passed unseen.
type parser struct {
	doc   []byte
	dec   *json.Decoder
	count int
}

// next reads one value that lies at the given depth.
func (p *parser) next(depth int) (value, error) {
	if p.count++; p.count > MaxValues {
		return value{}, refuse(ErrTooLarge, "more than %d values; publish a part of it", MaxValues)
	}
	start := int(p.dec.InputOffset())
	for start < len(p.doc) && bytes.IndexByte([]byte(" \t\r\n:,"), p.doc[start]) >= 0 {
		start++
	}
	tok, err := p.token()
	if err != nil {
		return value{}, err
	}
	v := value{start: int32(start)}
	switch t := tok.(type) {
	case nil:
		v.kind = null
	case bool:
		v.kind, v.text = boolean, strconv.FormatBool(t)
	case json.Number:
		v.kind, v.text = number, t.String()
	case string:
		v.kind, v.text = text, t
	case json.Delim:
		err = p.nested(&v, t, depth)
	}
	v.end = int32(p.dec.InputOffset())
	return v, err
}

// nested reads the rest of a list or an object.
func (p *parser) nested(v *value, open json.Delim, depth int) error {
	if depth == MaxDepth {
		return refuse(ErrTooLarge, "%s: nested deeper than %d levels", p.where(), MaxDepth)
	}
	var err error
	if open == '[' {
		v.kind = list
		err = p.list(v, depth)
	} else {
		v.kind = object
		err = p.object(v, depth)
	}
	if err == nil {
		_, err = p.token()
	}
	return err
}

func (p *parser) list(v *value, depth int) error {
	for p.dec.More() {
		item, err := p.next(depth + 1)
		if err != nil {
			return err
		}
		v.items = append(v.items, item)
	}
	return nil
}

func (p *parser) object(v *value, depth int) error {
	seen := map[string]bool{}
	for p.dec.More() {
		tok, err := p.token()
		if err != nil {
			return err
		}
		name, _ := tok.(string)
		if seen[name] && !v.doubled {
			v.doubled, v.text = true, name
		}
		seen[name] = true
		item, err := p.next(depth + 1)
		if err != nil {
			return err
		}
		v.fields = append(v.fields, field{name, item})
	}
	return nil
}

// token returns the next token within the string limit.
func (p *parser) token() (json.Token, error) {
	tok, err := p.dec.Token()
	if err != nil {
		what := err.Error()
		if errors.Is(err, io.EOF) || errors.Is(err, io.ErrUnexpectedEOF) {
			what = "it ends in the middle"
		}
		return nil, refuse(ErrNotJSON, "%s: %s; comments and trailing commas are not JSON", p.where(), what)
	}
	size := 0
	switch t := tok.(type) {
	case string:
		size = len(t)
	case json.Number:
		size = len(t)
	}
	if size > MaxString {
		return nil, refuse(ErrTooLarge, "%s: a string of %d bytes, at most %d", p.where(), size, MaxString)
	}
	return tok, nil
}

// where is the line and column that the parser has come to.
func (p *parser) where() string {
	read := p.doc[:min(int(p.dec.InputOffset()), len(p.doc))]
	return fmt.Sprintf("line %d, column %d", bytes.Count(read, []byte("\n"))+1, len(read)-bytes.LastIndexByte(read, '\n'))
}
