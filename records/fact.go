package records

import (
	"fmt"
	"strings"
)

// kindPrefix begins the type name of every kind of value that has one.
const kindPrefix = "cairn/"

// OpenFact verifies the bytes of a fact: in this version a tombstone. A well-formed array
// that begins with the type name of another kind, a text that begins with "cairn/", is
// ErrUnsupported: a later version may know it (docs/spec/001-records.md, section 13). A
// record is no fact, and is ErrMalformed as anything else.
func OpenFact(b []byte) (Fact, error) {
	f, err := OpenTombstone(b)
	if err == nil {
		return f, nil
	}
	if kind, ok := kindOf(string(b)); ok && kind != RecordType {
		return nil, fmt.Errorf("fact: %w: type %.32q", ErrUnsupported, kind)
	}
	return nil, err
}

// kindOf reads the type name that an array begins with.
func kindOf(s string) (kind string, ok bool) {
	c := cursor{s: s}
	n := c.array()
	kind = c.text()
	for range n - 1 {
		c.item(1)
	}
	return kind, n > 0 && c.end() && strings.HasPrefix(kind, kindPrefix)
}
