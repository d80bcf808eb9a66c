package gateway

import "github.com/cairn-overlay/cairn/records"

// Options says what Import lets pass.
type Options struct {
	// AllowPrivate accepts loopback, private and link-local addresses, names of
	// local networks, and plain http to other hosts, with a warning for each. It is
	// for networks of one's own: on the public one such a location helps nobody.
	AllowPrivate bool
}

// Imported is what one document says of its agent. All of it is a claim.
type Imported struct {
	// Shape is the recognised format, such as "a2a/1.0".
	Shape string
	// Title is the document's own name for the agent, cleaned for display; it may be empty.
	Title string
	// Alias is the document's own identifier of the agent (a URN, a reverse-DNS
	// name, a handle), cleaned for display; it may be empty.
	Alias string
	// Location is within every limit of a record. Its card is the SHA-256 of the
	// bytes given to Import.
	Location records.Location
	// Findings are what was coerced, doubted or left out, at most about a hundred.
	Findings []Finding
}

// Import recognises one document and maps it. Every error is a *RefusalError.
// A list is refused as ErrList: Split takes it apart.
func Import(doc []byte, opts Options) (Imported, error) {
	root, err := parse(doc)
	if err != nil {
		return Imported{}, err
	}
	s := recognise(root.v)
	if s.read == nil {
		return Imported{}, unknownShape(root)
	}
	d := &draft{opts: opts, shape: s.name, media: s.media}
	d.survey(root.v, nil)
	s.read(d, root)
	return d.finish(doc)
}
