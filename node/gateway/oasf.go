package gateway

import "strings"

// recogniseOASF knows the OASF record from 0.1 to 1.1 by its locators, modules or
// extensions, or by the members that stand beside a schema_version.
func recogniseOASF(v *value) shape {
	parts := v.is(list, "locators") || v.is(list, "modules") || v.is(list, "extensions")
	labelled := v.has("schema_version") && v.has("name") && v.has("skills", "domains", "created_at", "authors")
	if !parts && !labelled {
		return shape{}
	}
	version := "unknown"
	if s := v.get("schema_version"); s != nil && s.kind == text {
		if clean := strings.TrimPrefix(slug(s.text, '-'), "v"); clean != "" && len(clean) <= 16 {
			version = clean
		}
	}
	return shape{"oasf/" + version, mediaJSON, (*draft).oasf}
}

// oasf reads a record: interfaces in its modules first, then its locators.
func (d *draft) oasf(n node) {
	d.name(n.get("name"))
	d.identify(n.get("name"))
	d.str(n.get("description"), Warning)
	d.oasfSkills(n.get("skills"))
	for _, member := range []string{"modules", "extensions"} {
		if many := n.get(member); d.want(many, list, Error) {
			for m := range many.items() {
				d.oasfModule(m)
			}
		}
	}
	d.oasfLocators(n.get("locators"))
	d.ignored(n, "a signature of the record is not checked here", "signature")
}

// oasfSkills takes a class path as text, as a name beside an id, or as the names of
// category and class.
func (d *draft) oasfSkills(n node) {
	if !d.want(n, list, Error) {
		return
	}
	for s := range n.items() {
		switch {
		case s.kind() == text:
			d.oasfClass(s, s.v.text)
		case !d.want(s, object, Error):
		case s.v.has("name"):
			d.oasfClass(s.get("name"), s.word("name"))
		case s.v.has("class_name"):
			d.oasfClass(s.get("class_name"), s.word("category_name")+"/"+s.word("class_name"))
		default:
			d.add(Warning, s.path, "a skill without a name; left out")
		}
	}
}

// oasfClass adds a class path: words joined by underscores, without the schema's
// own prefix.
func (d *draft) oasfClass(n node, class string) {
	class = strings.TrimPrefix(class, "schema.oasf.agntcy.org/skills/")
	d.skill(node{&value{kind: text, text: class}, n.path}, "", '_')
}

// oasfModule reads the interfaces of a module: an A2A card, MCP connections, an
// MCP server.json. Other modules describe the agent, not where it is.
func (d *draft) oasfModule(n node) {
	if !d.want(n, object, Error) {
		return
	}
	name := strings.ToLower("/" + n.word("name") + "/" + n.word("type") + "/")
	data := n.get("data")
	switch {
	case data.kind() != object:
	case strings.Contains(name, "/a2a/"):
		card := data.get("card_data")
		if card.kind() != object {
			card = data
		}
		d.a2aInterfaces(card)
		d.a2aSkills(card.get("skills"))
	case strings.Contains(name, "/mcp/"):
		d.oasfConnections(data.get("connections"))
		server := data.get("mcp_data")
		if server.kind() == object {
			d.mcpRemotes(server)
			d.mcpPackages(server)
		}
		d.tools(data.get("tools"))
	}
}

func (d *draft) oasfConnections(n node) {
	for c := range n.items() {
		if c.kind() == object {
			d.network(c.get("url"), "mcp")
			d.ignored(c, "it may hold secrets", "env_vars", "args", "headers", "http_headers")
		}
	}
}

// oasfLocators takes the artifacts: images, packages, downloads, and source code
// as the location of last resort.
func (d *draft) oasfLocators(n node) {
	if !d.want(n, list, Error) {
		return
	}
	for l := range n.items() {
		if !d.want(l, object, Error) {
			continue
		}
		kind := strings.ReplaceAll(strings.ToLower(l.word("type")), "-", "_")
		for u := range l.get("urls").items() {
			d.oasfLocator(u, kind)
		}
		if u := l.get("url"); u.kind() != absent {
			d.oasfLocator(u, kind)
		}
	}
}

func (d *draft) oasfLocator(n node, kind string) {
	raw := strings.TrimSpace(d.str(n, Error))
	if raw == "" {
		return
	}
	switch kind {
	case "docker_image", "container_image":
		d.pack(n.path, pkg{registry: "oci", name: raw})
	case "helm_chart":
		if strings.HasPrefix(raw, "oci://") {
			d.pack(n.path, pkg{registry: "oci", name: raw})
		} else {
			d.pack(n.path, pkg{registry: "mcpb", name: raw})
		}
	case "binary":
		d.pack(n.path, pkg{registry: "mcpb", name: raw})
	case "python_package":
		d.pack(n.path, pkg{registry: "pypi", name: afterPart(raw, "/project/", 1)})
	case "npm_package":
		d.pack(n.path, pkg{registry: "npm", name: afterPart(raw, "/package/", 2)})
	case "source_code":
		d.repository(n.path, raw, "")
	default:
		d.add(Note, n.path, "a locator of type %s; kept as a plain URL", show(kind))
		d.network(n, "https")
	}
}

// afterPart returns up to count path segments behind a marker of a registry's web
// page, or the text itself where the marker is missing. A second segment belongs
// only to a scoped name.
func afterPart(raw, marker string, count int) string {
	_, rest, ok := strings.Cut(raw, marker)
	if !ok {
		return raw
	}
	segments := strings.Split(rest, "/")
	if !strings.HasPrefix(rest, "@") {
		count = 1
	}
	return strings.Join(segments[:min(count, len(segments))], "/")
}
