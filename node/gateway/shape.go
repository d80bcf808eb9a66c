package gateway

import "strings"

// Media types of cards, where one is in use.
const (
	mediaA2A  = "application/a2a-agent-card+json"
	mediaMCP  = "application/mcp-server-card+json"
	mediaJSON = "application/json"
)

// shape is one recognised format and its reader.
type shape struct {
	name  string
	media string
	read  func(*draft, node)
}

// recognise tells the shape of a document by its keys. The order matters: what
// wraps other documents comes first, what has few keys of its own comes last. The
// zero shape is none.
func recognise(v *value) shape {
	for _, f := range []func(*value) shape{
		recogniseANS, recogniseList, recogniseEntry, recogniseFacts, recogniseOASF, recogniseA2A, recogniseMCP, recogniseAICard,
	} {
		if s := f(v); s.read != nil {
			return s
		}
	}
	return shape{}
}

// recogniseList catches what Import must not take for one agent.
func recogniseList(v *value) shape {
	if _, ok := listOf(node{v: v}); !ok {
		return shape{}
	}
	return shape{"list", mediaJSON, func(d *draft, n node) {
		d.refuse(ErrList, "split it and publish the entries one by one, as --all does")
	}}
}

// listOf returns the list that a document is, or wraps.
func listOf(n node) (node, bool) {
	if n.kind() == list {
		return n, true
	}
	if n.kind() != object {
		return node{}, false
	}
	if n.v.is(list, "entries") {
		return n.get("entries"), true
	}
	for _, name := range []string{"services", "records", "agents"} {
		if n.v.is(list, name) && !n.v.has("name", "url", "skills", "schema_version") {
			return n.get(name), true
		}
	}
	if n.v.is(list, "servers") && !n.v.has("name", "version_detail") {
		return n.get("servers"), true
	}
	return node{}, false
}

// mediaLike reports text with the form of a media type.
func mediaLike(n node) bool {
	return n.kind() == text && strings.Count(n.v.text, "/") == 1 && !strings.ContainsAny(n.v.text, " :")
}
