package gateway

// maxNesting bounds catalogs in catalogs; a deeper one is not opened.
const maxNesting = 4

// Entry is one document of a list.
type Entry struct {
	// Title is the entry's own name, cleaned for display; it may be empty.
	Title string
	// Document is the entry's raw JSON, a part of the bytes given to Split.
	Document []byte
	// Path is the entry's JSON Pointer in the list, "" where the document is none.
	Path string
}

// Split lists the entries of a JSON array or of a catalog, catalogs inside it
// opened up to a bounded depth, or gives back the one document itself. It does not
// judge the entries: Import does, one by one, so that a bad one fails alone.
// Pointers to catalogs elsewhere are entries too, which Import refuses as ErrList.
// An error is a *RefusalError; a list without any entry is ErrNoLocation.
func Split(doc []byte) ([]Entry, error) {
	root, err := parse(doc)
	if err != nil {
		return nil, err
	}
	if _, ok := listOf(root); ok && root.v.doubled {
		return nil, refuse(ErrInvalid, "the member %s stands more than once; readers differ in which one they take", show(root.v.text))
	}
	var entries []Entry
	collect(doc, root, 0, &entries)
	if len(entries) == 0 {
		return nil, refuse(ErrNoLocation, "the list is empty; there is nothing to import")
	}
	return entries, nil
}

// collect appends what n holds: its entries, or itself.
func collect(doc []byte, n node, depth int, to *[]Entry) {
	many, ok := listOf(n)
	if inside := n.get("data", "inline"); !ok && inside.kind() == object {
		many, ok = listOf(inside)
	}
	if !ok || depth > maxNesting || n.v.doubled {
		*to = append(*to, Entry{Title: entryTitle(n), Document: doc[n.v.start:n.v.end], Path: n.path})
		return
	}
	before := len(*to)
	for e := range many.items() {
		collect(doc, e, depth+1, to)
	}
	for c := range n.get("collections").items() {
		collect(doc, c, depth+1, to)
	}
	if len(*to) == before && depth > 0 {
		*to = append(*to, Entry{Title: entryTitle(n), Document: doc[n.v.start:n.v.end], Path: n.path})
	}
}

// entryTitle is the first thing that looks like a name.
func entryTitle(n node) string {
	for _, at := range []*value{n.v, n.v.get("entry"), n.v.get("server"), n.v.get("core_identity")} {
		for _, name := range []string{"displayName", "title", "agentDisplayName", "name", "agent_name", "handle"} {
			if m := at.get(name); m != nil && m.kind == text {
				if clean, _ := tidy(m.text, maxLabel); clean != "" {
					return clean
				}
			}
		}
	}
	return ""
}
