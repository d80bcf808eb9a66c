package gateway

import (
	"crypto/sha256"
	"errors"
	"slices"
	"strconv"
	"strings"

	"github.com/cairn-overlay/cairn/records"
)

const (
	// maxLocation bounds endpoints and capabilities together, in bytes on the wire
	// by the estimate below: the rest of records.MaxRecordSize is for the record's
	// own fields, the card, and what a caller adds.
	maxLocation = 3500
	// maxCandidates bounds what one document is read for: endpoints, packages and
	// capabilities beyond it are counted, not looked at.
	maxCandidates = 1024
	// maxProtocol bounds a protocol token of a document's own, in bytes; "-card" fits
	// behind it.
	maxProtocol = 32
)

// draft is what a document gives while it is being read.
type draft struct {
	findings
	opts       Options
	shape      string
	media      string
	title      string
	alias      string
	endpoints  []records.Endpoint // network, in the document's order of preference
	packages   []records.Endpoint
	skills     []string // capability paths, in the document's order
	tags       []string
	candidates int
	lost       *fault // the first endpoint or package that was left out
	refusal    *RefusalError
}

// refuse ends the import, whatever else is found; the first one stands.
func (d *draft) refuse(reason error, format string, args ...any) {
	if d.refusal == nil {
		d.refusal = refuse(reason, format, args...)
	}
}

// crowded counts one more candidate and reports whether it is one too many.
func (d *draft) crowded(path string) bool {
	if d.candidates++; d.candidates == maxCandidates+1 {
		d.add(Warning, path, "what follows is not looked at: more than %d endpoints, packages and capabilities", maxCandidates)
	}
	return d.candidates > maxCandidates
}

// str reads text. Nothing and null are "", another kind is a finding of severity s.
func (d *draft) str(n node, s Severity) string {
	switch n.kind() {
	case text:
		return n.v.text
	case absent, null:
		return ""
	}
	d.add(s, n.path, "%s where text is expected", n.kind())
	return ""
}

// want reports whether a member is of the kind k. Nothing and null are not; any
// other kind is a finding of severity s.
func (d *draft) want(n node, k kind, s Severity) bool {
	if n.kind() != k && n.kind() != absent && n.kind() != null {
		d.add(s, n.path, "%s where %s is expected", n.kind(), k)
	}
	return n.kind() == k
}

// name reads the document's own name for its agent.
func (d *draft) name(n node) {
	d.title = d.label(n, Error)
	if d.title == "" && (n.kind() == absent || n.kind() == null || n.kind() == text) {
		d.add(Warning, n.path, "no name")
	}
}

// identify takes the first identifier that is not empty.
func (d *draft) identify(ns ...node) {
	for _, n := range ns {
		if d.alias == "" {
			d.alias = d.label(n, Warning)
		}
	}
}

// label reads text for people, cleaned.
func (d *draft) label(n node, s Severity) string {
	clean, lost := tidy(d.str(n, s), maxLabel)
	if lost {
		d.add(Warning, n.path, "control or invisible characters, or all beyond %d bytes, were removed", maxLabel)
	}
	return clean
}

// network adds the endpoint at n, if it is one.
func (d *draft) network(n node, protocol string) {
	switch {
	case n.kind() == absent || n.kind() == null:
	case n.kind() != text:
		d.add(Error, n.path, "%s where a URL is expected", n.kind())
	default:
		d.networkURL(n.path, n.v.text, protocol)
	}
}

// networkURL adds one endpoint; a page of source code counts as a package.
func (d *draft) networkURL(path, raw, protocol string) {
	if d.crowded(path) {
		return
	}
	c := checker{allowPrivate: d.opts.AllowPrivate}
	clean, why := c.endpoint(raw)
	if why != nil {
		d.drop(path, why)
		return
	}
	d.doubt(path, &c)
	if clean != raw {
		d.add(Note, path, "read as %s", showURL(clean))
	}
	if u, ok := codePage(clean); ok {
		d.add(Warning, path, "%s is a page of source code, not a service; kept as a package", showURL(clean))
		d.purl(path, u)
		return
	}
	d.endpoints = append(d.endpoints, records.Endpoint{URL: clean, Protocol: protocol})
}

// pack adds a package; it reports false where the registry does not tell where
// the package is.
func (d *draft) pack(path string, p pkg) bool {
	if d.crowded(path) {
		return true
	}
	c := checker{allowPrivate: d.opts.AllowPrivate}
	u, exact, why := p.locate(&c)
	if why != nil {
		d.drop(path, why)
		return !errors.Is(why.reason, ErrNoLocation)
	}
	d.doubt(path, &c)
	if !exact {
		d.add(Warning, path, "version %s is not one exact version; left out", show(p.version))
	}
	d.purl(path, u)
	return true
}

// repository adds a source repository.
func (d *draft) repository(path, raw, folder string) {
	if d.crowded(path) {
		return
	}
	c := checker{allowPrivate: d.opts.AllowPrivate}
	u, why := c.source(raw, folder)
	if why != nil {
		d.drop(path, why)
		return
	}
	d.doubt(path, &c)
	d.add(Note, path, "source code, to be built and run by the reader; kept as a package")
	d.purl(path, u)
}

// purl adds a finished package URL.
func (d *draft) purl(path string, u purl) {
	s, why := checkPurl(u)
	if why != nil {
		d.drop(path, why)
		return
	}
	d.packages = append(d.packages, records.Endpoint{URL: s, Protocol: "package"})
}

func (d *draft) drop(path string, why *fault) {
	d.add(Warning, path, "left out: %s", why.detail)
	if d.lost == nil || errors.Is(d.lost.reason, ErrNoLocation) {
		d.lost = why
	}
}

func (d *draft) doubt(path string, c *checker) {
	for _, doubt := range c.doubts {
		d.add(Warning, path, "%s", doubt)
	}
}

// skill adds a capability of the agent's own naming, tag a free word under /x.
func (d *draft) skill(n node, prefix string, sep byte) {
	d.skills = d.capability(d.skills, n, prefix, sep)
}

func (d *draft) tag(n node) { d.tags = d.capability(d.tags, n, "/x", '-') }

func (d *draft) capability(to []string, n node, prefix string, sep byte) []string {
	name := d.str(n, Warning)
	if strings.TrimSpace(name) == "" {
		if n.kind() == text || n.kind() == null {
			d.add(Warning, n.path, "an empty capability; left out")
		}
		return to
	}
	if d.crowded(n.path) {
		return to
	}
	path := capabilityPath(prefix, name, sep)
	switch {
	case path == "":
		d.add(Warning, n.path, "%s does not fit into a capability path of [a-z0-9._-]; left out", show(name))
		return to
	case path != prefix+"/"+strings.Trim(name, "/"):
		d.add(Note, n.path, "%s is kept as %s", show(name), path)
	}
	return append(to, path)
}

// ignored notes members that are never copied.
func (d *draft) ignored(n node, why string, names ...string) {
	for _, name := range names {
		if m := n.get(name); m.kind() != absent && m.kind() != null {
			d.add(Note, m.path, "not copied: %s", why)
		}
	}
}

// finish turns what was read into a location, or into the reason why not.
func (d *draft) finish(doc []byte) (Imported, error) {
	location := records.Location{
		Endpoints: d.fitEndpoints(),
		Card:      &records.Card{MediaType: d.media, Digest: sha256.Sum256(doc)},
	}
	location.Capabilities = d.fitCapabilities(cost(location.Endpoints))
	if err := d.verdict(len(location.Endpoints)); err != nil {
		err.Shape, err.Findings = d.shape, d.all()
		return Imported{}, err
	}
	return Imported{Shape: d.shape, Title: d.title, Alias: d.alias, Location: location, Findings: d.all()}, nil
}

// verdict is the reason for a refusal, the gravest first, or nil.
func (d *draft) verdict(endpoints int) *RefusalError {
	switch {
	case d.refusal != nil:
		return d.refusal
	case d.invalid:
		return refuse(ErrInvalid, "")
	case endpoints > 0:
		return nil
	case d.lost == nil:
		return refuse(ErrNoLocation, "give it a url where it can be reached, or a package that can be installed")
	case errors.Is(d.lost.reason, ErrInvalid):
		return refuse(ErrInvalid, "")
	}
	return refuse(d.lost.reason, "%s", d.lost.detail)
}

// fitEndpoints puts the network before the packages, each once, and keeps as many
// as a record can hold. The place in the list becomes the priority.
func (d *draft) fitEndpoints() []records.Endpoint {
	var kept []records.Endpoint
	seen, twice, over := map[string]bool{}, 0, 0
	for _, e := range slices.Concat(d.endpoints, d.packages) {
		key := e.Protocol + " " + e.URL
		if seen[key] {
			twice++
			continue
		}
		seen[key] = true
		e.Priority = uint16(len(kept))
		if len(kept) == records.MaxEndpoints || cost(append(kept, e)) > maxLocation {
			over++
			continue
		}
		kept = append(kept, e)
	}
	if twice > 0 {
		d.add(Note, "", "endpoints named more than once: %d", twice)
	}
	if over > 0 {
		d.add(Warning, "", "endpoints left out: %d; a record holds at most %d, in about %d bytes", over, records.MaxEndpoints, maxLocation)
	}
	return kept
}

// fitCapabilities keeps as many as a record can hold beside its endpoints, skills
// before tags, in the record's order.
func (d *draft) fitCapabilities(used int) []string {
	var kept []string
	seen, over := map[string]bool{}, 0
	for _, c := range slices.Concat(d.skills, d.tags) {
		if seen[c] {
			continue
		}
		seen[c] = true
		if len(kept) == records.MaxCapabilities || used+len(c)+3 > maxLocation {
			over++
			continue
		}
		used += len(c) + 3
		kept = append(kept, c)
	}
	if over > 0 {
		d.add(Warning, "", "capabilities left out: %d; a record holds at most %d, with its endpoints in about %d bytes", over, records.MaxCapabilities, maxLocation)
	}
	slices.Sort(kept)
	return kept
}

// cost estimates the endpoints' bytes in a record, from above.
func cost(endpoints []records.Endpoint) int {
	n := 0
	for _, e := range endpoints {
		n += len(e.URL) + len(e.Protocol) + 40
	}
	return n
}

// survey walks the whole document for what no shape may have: a member that
// stands twice is read differently by different readers. It notes the nulls near
// the root as well; at is the way down to v.
func (d *draft) survey(v *value, at []string) {
	place := func(name string) string { return "/" + strings.Join(append(at[:len(at):len(at)], pointer(name)), "/") }
	if v.doubled {
		d.add(Error, place(v.text), "stands more than once; readers differ in which one they take")
	}
	for i := range v.fields {
		f := &v.fields[i]
		if f.value.kind == null && len(at) < 3 {
			d.add(Note, place(f.name), "null; read as absent")
		}
		d.survey(&f.value, append(at, pointer(f.name)))
	}
	for i := range v.items {
		d.survey(&v.items[i], append(at, strconv.Itoa(i)))
	}
}

// protocolToken turns a document's word for a protocol into a record's, "" where
// it cannot be one.
func protocolToken(word string) string {
	token := slug(strings.TrimSpace(word), '-')
	switch token {
	case "http", "http-api", "rest", "http-json":
		return "https"
	case "jsonrpc", "json-rpc":
		return "a2a"
	}
	if len(token) > maxProtocol {
		return ""
	}
	return token
}

// unknownShape names a few keys of what was not recognised.
func unknownShape(n node) *RefusalError {
	if n.kind() != object {
		return refuse(ErrUnrecognised, "%s where an object is expected", n.kind())
	}
	var keys []string
	for _, f := range n.v.fields[:min(len(n.v.fields), 8)] {
		keys = append(keys, show(f.name))
	}
	return refuse(ErrUnrecognised, "it has the keys [%s]; known are A2A cards, MCP server.json, OASF records, NANDA AgentFacts, AI Catalog entries and ANS events", strings.Join(keys, " "))
}
