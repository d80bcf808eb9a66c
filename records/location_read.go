package records

// The parts of a location, read in their canonical form; what is wrong with them
// shows at the cursor. Their rules are another matter: see Location.check.

func readEndpoints(c *cursor) []Endpoint {
	n := c.array()
	list := make([]Endpoint, 0, n)
	for ; n > 0 && !c.bad; n-- {
		var e Endpoint
		m := pairsOf(c)
		if m.has("url") {
			e.URL = c.text()
		}
		if m.may("prio") {
			e.Priority = uint16(c.some(int(c.uint(1<<16 - 1))))
		}
		if m.has("proto") {
			e.Protocol = c.text()
		}
		if m.may("weight") {
			e.Weight = uint16(c.some(int(c.uint(1<<16 - 1))))
		}
		c.bad = c.bad || !m.end()
		list = append(list, e)
	}
	return list
}

func readCapabilities(c *cursor) []string {
	n := c.some(c.array())
	list := make([]string, 0, n)
	for ; n > 0 && !c.bad; n-- {
		list = append(list, c.text())
	}
	return list
}

func readCard(c *cursor) *Card {
	card := new(Card)
	m := pairsOf(c)
	if m.may("url") {
		card.URL = c.filled(c.text())
	}
	if m.has("type") {
		card.MediaType = c.text()
	}
	if m.has("sha256") {
		card.Digest = c.digest()
	}
	c.bad = c.bad || !m.end()
	return card
}

func readCode(c *cursor) []CodeDigest {
	n := c.some(c.array())
	list := make([]CodeDigest, 0, n)
	for ; n > 0 && !c.bad; n-- {
		var d CodeDigest
		m := pairsOf(c)
		if m.may("url") {
			d.URL = c.filled(c.text())
		}
		if m.has("type") {
			d.Type = c.text()
		}
		if m.has("sha256") {
			d.Digest = c.digest()
		}
		c.bad = c.bad || !m.end()
		list = append(list, d)
	}
	return list
}

func readExtensions(c *cursor) map[string][]byte {
	n := c.some(c.mapHead())
	found := make(map[string][]byte, n)
	last := ""
	for i := range n {
		name := c.text()
		if i > 0 && !keyBefore(last, name) {
			c.bad = true
		}
		if c.bad {
			break
		}
		found[name], last = []byte(c.bytes()), name
	}
	return found
}

// keyBefore is the order of keys in a map: the shorter first, then bytewise.
func keyBefore(a, b string) bool {
	if len(a) != len(b) {
		return len(a) < len(b)
	}
	return a < b
}
