package gateway

import (
	"slices"
	"strings"
)

// recogniseEntry knows one entry of an AI Catalog, by reference or with the
// document inside, the drafts' {id, name, cardUrl}, and a collection's pointer.
func recogniseEntry(v *value) shape {
	n := node{v: v}
	placed := v.has("url", "data", "inline")
	switch {
	case v.has("identifier", "id", "displayName") && v.has("mediaType", "media_type"),
		placed && mediaLike(n.get("type")) && !v.has("modules", "locators"):
		return shape{"ai-catalog/entry", mediaJSON, (*draft).entry}
	case v.has("cardUrl", "card_url") && v.has("id", "identifier"):
		return shape{"ai-catalog/draft-entry", mediaJSON, (*draft).entry}
	case v.has("displayName", "name") && v.has("url") && hasOnly(v, "displayName", "name", "url", "description", "tags"):
		return shape{"ai-catalog/collection", mediaJSON, func(d *draft, n node) {
			d.refuse(ErrList, "it points to another catalog; fetch that one and import it")
		}}
	}
	return shape{}
}

// hasOnly reports whether every member's name is among names.
func hasOnly(v *value, names ...string) bool {
	return !slices.ContainsFunc(v.fields, func(f field) bool { return !slices.Contains(names, f.name) })
}

// entry reads a catalog entry.
func (d *draft) entry(n node) {
	d.name(n.get("displayName", "name"))
	d.identify(n.get("identifier", "id"))
	media := n.get("mediaType", "media_type", "type")
	kind := strings.ToLower(d.str(media, Error))
	inside := n.get("data", "inline")
	card := n.get("cardUrl", "card_url")
	switch {
	case strings.Contains(kind, "ai-catalog"):
		d.refuse(ErrList, "the entry is a catalog; split it, or fetch it and import that")
	case inside.kind() == object:
		if d.embedded(inside); len(d.endpoints)+len(d.packages) == 0 {
			d.reference(n, kind) // the entry may know what the document inside does not say
		}
	case card.kind() != absent:
		d.network(card, "ai-card")
	default:
		d.want(inside, object, Error)
		d.reference(n, kind)
	}
	for c := range n.get("capabilities").items() {
		d.skill(c, "", '-')
	}
	d.words(n.get("tags"))
	d.ignored(n, "a trust manifest is not checked here", "trustManifest", "trustCard")
}

// reference reads an entry whose document is elsewhere. The agent's own endpoint
// comes first, where the entry's metadata knows it.
func (d *draft) reference(n node, kind string) {
	protocol := "https"
	switch {
	case strings.Contains(kind, "a2a"):
		protocol = "a2a"
	case strings.Contains(kind, "mcp"):
		protocol = "mcp"
	default:
		d.add(Note, n.get("mediaType", "media_type", "type").path, "%s is no agent protocol known here; kept as a plain URL", show(kind))
	}
	if meta := n.get("metadata"); meta.kind() == object {
		for _, name := range []string{"agentUrl", "endpoint"} {
			if u := meta.get(name); u.kind() == text {
				d.network(u, protocol)
			}
		}
	}
	if protocol != "https" {
		protocol += "-card"
	}
	d.network(n.get("url"), protocol)
}

// embedded reads the document inside an entry, under the entry's own name.
func (d *draft) embedded(n node) {
	s := recognise(n.v)
	switch s.name {
	case "":
		d.add(Warning, n.path, "the document inside is of no known shape; only the entry is read")
		return
	case "ai-catalog/entry", "list":
		d.refuse(ErrList, "the entry holds a catalog; split it")
		return
	}
	d.add(Note, n.path, "the document inside is read as %s", s.name)
	title, alias := d.title, d.alias
	s.read(d, n)
	if title != "" {
		d.title = title
	}
	if alias != "" {
		d.alias = alias
	}
}
