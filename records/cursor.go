package records

import (
	"encoding/binary"
	"unicode/utf8"
)

// The major types of CBOR.
const (
	majorUint  = 0
	majorBytes = 2
	majorText  = 3
	majorArray = 4
	majorMap   = 5
	majorTag   = 6
	majorOther = 7
)

// cursor reads deterministic DAG-CBOR from left to right, without a copy: what it
// gives out are parts of s. Where the next item is not what is asked for, in its
// one canonical form, it goes bad, and from then on gives zero values only: whoever
// reads a form looks at the end whether it is bad.
type cursor struct {
	s   string
	at  int
	bad bool
}

// argument reads the head of an item: its major type, its argument and its size in
// bytes, 0 where there is no head of definite length.
func argument(s string) (major byte, n uint64, size int) {
	if len(s) == 0 {
		return 0, 0, 0
	}
	major, n = s[0]>>5, uint64(s[0]&0x1f)
	if n < 24 {
		return major, n, 1
	}
	if n > 27 {
		return 0, 0, 0 // reserved, or an indefinite length
	}
	size = 1 + 1<<(n-24)
	if len(s) < size {
		return 0, 0, 0
	}
	var b [8]byte
	copy(b[9-size:], s[1:size])
	return major, binary.BigEndian.Uint64(b[:]), size
}

// headSize is the size of the shortest head with an argument.
func headSize(n uint64) int {
	switch {
	case n < 24:
		return 1
	case n < 1<<8:
		return 2
	case n < 1<<16:
		return 3
	case n < 1<<32:
		return 5
	}
	return 9
}

// head takes a head of one major type and at most so great an argument.
func (c *cursor) head(want byte, most uint64) uint64 {
	major, n, size := argument(c.s[c.at:])
	if c.bad || size == 0 || major != want || n > most || size != headSize(n) {
		c.bad = true
		return 0
	}
	c.at += size
	return n
}

// uint takes an unsigned integer of at most that much.
func (c *cursor) uint(most uint64) uint64 { return c.head(majorUint, most) }

// array takes the head of an array.
func (c *cursor) array() int { return int(c.head(majorArray, maxElements)) }

// mapHead takes the head of a map.
func (c *cursor) mapHead() int { return int(c.head(majorMap, maxPairs)) }

// bytes takes a byte string.
func (c *cursor) bytes() string {
	return c.take(c.head(majorBytes, uint64(len(c.s))))
}

// digest takes a byte string of 32 bytes.
func (c *cursor) digest() (d [32]byte) {
	if s := c.bytes(); len(s) == len(d) {
		copy(d[:], s)
	} else {
		c.bad = true
	}
	return d
}

// text takes a text string.
func (c *cursor) text() string {
	s := c.take(c.head(majorText, uint64(len(c.s))))
	c.bad = c.bad || !utf8.ValidString(s)
	return s
}

// take passes n bytes.
func (c *cursor) take(n uint64) string {
	if c.bad || n > uint64(len(c.s)-c.at) {
		c.bad = true
		return ""
	}
	s := c.s[c.at : c.at+int(n)]
	c.at += int(n)
	return s
}

// link takes a link to an ID.
func (c *cursor) link() (id AgentID) {
	if !c.skip(cborCID) || len(c.s)-c.at < len(id.sum) {
		c.bad = true
		return id
	}
	copy(id.sum[:], c.s[c.at:])
	c.at += len(id.sum)
	return id
}

// skip passes exactly these bytes where they come next.
func (c *cursor) skip(s string) bool {
	if c.bad || len(c.s)-c.at < len(s) || c.s[c.at:c.at+len(s)] != s {
		return false
	}
	c.at += len(s)
	return true
}

// item takes any one well-formed item, canonical or not. depth is how many arrays and maps
// it stands in, beyond what the cursor reads too.
func (c *cursor) item(depth int) string {
	if c.bad {
		return ""
	}
	size := wellFormed(c.s[c.at:], depth)
	if size == 0 {
		c.bad = true
		return ""
	}
	return c.take(uint64(size))
}

// end reports whether all was read and nothing was bad.
func (c *cursor) end() bool { return !c.bad && c.at == len(c.s) }

// wellFormed returns the size of the item that s begins with, 0 where it is none
// of definite length within the limits of this package. depth is how many arrays
// and maps, and tags of tags, it stands in.
func wellFormed(s string, depth int) int {
	major, n, size := argument(s)
	if size == 0 {
		return 0
	}
	switch major {
	case majorBytes, majorText:
		if n > uint64(len(s)-size) {
			return 0
		}
		return size + int(n)
	case majorArray, majorMap:
		if depth++; depth > maxNested || major == majorArray && n > maxElements || major == majorMap && n > maxPairs {
			return 0
		}
		if major == majorMap {
			n *= 2
		}
		for ; n > 0; n-- {
			more := wellFormed(s[size:], depth)
			if more == 0 {
				return 0
			}
			size += more
		}
	case majorTag:
		if size < len(s) && s[size]>>5 == majorTag {
			depth++
		}
		more := 0
		if depth <= maxNested {
			more = wellFormed(s[size:], depth)
		}
		if more == 0 {
			return 0
		}
		size += more
	case majorOther:
		if size == 2 && n < 32 {
			return 0 // a simple value in too many bytes
		}
	}
	return size
}

// pairs reads a map whose keys are known: they are asked for in canonical order,
// the shorter first, and each of them once.
type pairs struct {
	c    *cursor
	left int
}

// pairsOf takes the head of a map.
func pairsOf(c *cursor) pairs { return pairs{c, c.mapHead()} }

// may passes the key where it comes next; then its value does.
func (f *pairs) may(key string) bool {
	c := f.c
	at := c.at
	if c.bad || f.left == 0 || len(c.s)-at <= len(key) || c.s[at] != majorText<<5|byte(len(key)) || c.s[at+1:at+1+len(key)] != key {
		return false
	}
	c.at += 1 + len(key)
	f.left--
	return true
}

// has is may for a key that must be there.
func (f *pairs) has(key string) bool {
	there := f.may(key)
	f.c.bad = f.c.bad || !there
	return there
}

// end reports whether no pair is left.
func (f *pairs) end() bool { return f.left == 0 }

// filled gives s back; an optional field that is empty is to be left out.
func (c *cursor) filled(s string) string {
	c.bad = c.bad || s == ""
	return s
}

// some gives n back; an optional list that is empty is to be left out.
func (c *cursor) some(n int) int {
	c.bad = c.bad || n == 0
	return n
}
