package records

import "encoding/binary"

// What a cursor reads, written: the canonical bytes of one item after another.

// appendHead writes the shortest head with an argument.
func appendHead(b []byte, major byte, n uint64) []byte {
	major <<= 5
	switch headSize(n) {
	case 1:
		return append(b, major|byte(n))
	case 2:
		return append(b, major|24, byte(n))
	case 3:
		return binary.BigEndian.AppendUint16(append(b, major|25), uint16(n))
	case 5:
		return binary.BigEndian.AppendUint32(append(b, major|26), uint32(n))
	}
	return binary.BigEndian.AppendUint64(append(b, major|27), n)
}

func appendUint(b []byte, n uint64) []byte { return appendHead(b, majorUint, n) }

// appendArray writes the head of an array of n items.
func appendArray(b []byte, n int) []byte { return appendHead(b, majorArray, uint64(n)) }

// appendMap writes the head of a map of n pairs.
func appendMap(b []byte, n int) []byte { return appendHead(b, majorMap, uint64(n)) }

func appendText(b []byte, s string) []byte {
	return append(appendHead(b, majorText, uint64(len(s))), s...)
}

func appendBytes[B ~string | ~[]byte](b []byte, s B) []byte {
	return append(appendHead(b, majorBytes, uint64(len(s))), s...)
}

// appendLink writes a link to an ID.
func appendLink(b []byte, id AgentID) []byte {
	return append(append(b, cborCID...), id.sum[:]...)
}

// appendMaybeLink writes a link, or null where there is none.
func appendMaybeLink(b []byte, id *AgentID) []byte {
	if id == nil {
		return append(b, headNull)
	}
	return appendLink(b, *id)
}

// appendKeys writes a list of multikeys.
func appendKeys(b []byte, keys []PublicKey) []byte {
	b = appendArray(b, len(keys))
	for _, k := range keys {
		b = appendBytes(b, k.multikey)
	}
	return b
}

// appendDigests writes a list of digests.
func appendDigests(b []byte, list [][32]byte) []byte {
	b = appendArray(b, len(list))
	for _, d := range list {
		b = appendBytes(b, d[:])
	}
	return b
}

// appendStrings writes a list of byte strings.
func appendStrings(b []byte, list []string) []byte {
	b = appendArray(b, len(list))
	for _, s := range list {
		b = appendBytes(b, s)
	}
	return b
}

// messageHead begins what a signature covers: an array of two, the type's name first.
// The payload follows.
func messageHead(kind string) string {
	return string(appendText([]byte(pairHead), kind))
}

// strings takes a list of at most that many byte strings.
func (c *cursor) strings(most int) []string {
	n := c.array()
	c.bad = c.bad || n > most
	var list []string
	for ; n > 0 && !c.bad; n-- {
		list = append(list, c.bytes())
	}
	return list
}

// digests takes a list of at most that many digests.
func (c *cursor) digests(most int) [][32]byte {
	n := c.array()
	c.bad = c.bad || n > most
	var list [][32]byte
	for ; n > 0 && !c.bad; n-- {
		list = append(list, c.digest())
	}
	return list
}

// maybeLink takes a link, or null.
func (c *cursor) maybeLink() *AgentID {
	if c.skip("\xf6") {
		return nil
	}
	id := c.link()
	return &id
}

// from is what was read since a place.
func (c *cursor) from(at int) string {
	if c.bad {
		return ""
	}
	return c.s[at:c.at]
}

// readKeys reads multikeys by their own rules.
func readKeys(list []string) ([]PublicKey, error) {
	keys := make([]PublicKey, 0, len(list))
	for _, s := range list {
		key, err := readPublicKey(s)
		if err != nil {
			return nil, err
		}
		keys = append(keys, key)
	}
	return keys, nil
}
