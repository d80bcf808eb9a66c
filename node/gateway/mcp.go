package gateway

import "strings"

// recogniseMCP knows the server.json of every year, its registry's envelope, and
// server cards that only list tools or a transport.
func recogniseMCP(v *value) shape {
	if v.is(object, "server") {
		return shape{"mcp/registry-entry", mediaMCP, (*draft).mcpEntry}
	}
	name := ""
	switch {
	case v.has("version_detail"):
		name = "mcp/2025-05"
		if v.has("registries") {
			name = "mcp/draft-registries"
		}
	case v.has("registries"):
		name = "mcp/draft-registries"
	case v.has("packages", "remotes", "package_canonical", "packageCanonical"):
		name = "mcp/2025-12-11"
		if packagesNamedTheOldWay(v) {
			name = "mcp/draft"
		}
	case v.is(object, "serverInfo") || v.is(list, "tools") && v.has("name") || v.is(object, "transport") && v.has("name"):
		name = "mcp/server-card"
	case v.is(object, "repository") && v.has("name") && v.has("version"):
		name = "mcp/2025-12-11"
	default:
		return shape{}
	}
	return shape{name, mediaMCP, (*draft).mcp}
}

func packagesNamedTheOldWay(v *value) bool {
	for p := range (node{v: v}).get("packages").items() {
		if p.v.has("registry_name") {
			return true
		}
	}
	return false
}

// mcpEntry reads a server in its registry's envelope, which says how it stands.
func (d *draft) mcpEntry(n node) {
	for _, meta := range []string{"_meta", "x-io.modelcontextprotocol.registry"} {
		m := n.get(meta)
		d.mcpStatus(m.get("status"))
		d.mcpStatus(m.get("io.modelcontextprotocol.registry/official").get("status"))
	}
	d.mcp(n.get("server"))
}

func (d *draft) mcpStatus(n node) {
	switch status := strings.ToLower(d.str(n, Warning)); status {
	case "", "active":
	case "deleted":
		d.refuse(ErrRevoked, "its registry has it as deleted; ask its publisher for another one")
	default:
		d.add(Warning, n.path, "its registry has it as %s", show(status))
	}
}

// mcp reads a server.json: remotes first, then packages.
func (d *draft) mcp(n node) {
	info := n.get("serverInfo")
	if title := n.get("title"); title.kind() == text && title.v.text != "" {
		d.name(title)
	} else if name := n.get("name"); name.kind() == absent && info.kind() == object {
		d.name(info.get("name"))
	} else {
		d.name(name)
	}
	d.identify(n.get("name"), n.get("id"), info.get("name"))
	d.str(n.get("description"), Warning)
	d.mcpStatus(n.get("status"))
	d.mcpRemotes(n)
	d.mcpPackages(n)
	if name := n.get("name"); name.kind() == text && strings.TrimSpace(name.v.text) != "" && !isTemplate(name.v.text) {
		d.skill(name, "/mcp", '-')
	}
	d.tools(n.get("tools"))
}

func (d *draft) mcpRemotes(n node) {
	remotes := n.get("remotes")
	if d.want(remotes, list, Error) {
		for r := range remotes.items() {
			if d.want(r, object, Error) {
				d.network(r.get("url"), "mcp")
				d.ignored(r, "headers may hold secrets", "headers")
			}
		}
	}
	if t := n.get("transport"); t.kind() == object {
		d.network(t.get("endpoint", "url"), "mcp")
	}
}

// mcpPackages takes the canonical registry's packages first. Where a registry is
// unknown or cannot hold such a name, the source repository stands in.
func (d *draft) mcpPackages(n node) {
	canonical := d.str(n.get("package_canonical", "packageCanonical"), Warning)
	var first, rest []node
	for _, member := range []string{"packages", "registries"} {
		many := n.get(member)
		if !d.want(many, list, Error) {
			continue
		}
		for p := range many.items() {
			if !d.want(p, object, Error) {
				continue
			}
			if canonical != "" && d.mcpPackage(p).registry == canonical {
				first = append(first, p)
			} else {
				rest = append(rest, p)
			}
		}
	}
	found := true
	for _, p := range append(first, rest...) {
		found = d.pack(p.path, d.mcpPackage(p)) && found
		d.ignored(p, "it may hold secrets, and is for whoever installs the package",
			"environment_variables", "environmentVariables", "package_arguments", "packageArguments",
			"runtime_arguments", "runtimeArguments", "command", "command_arguments")
	}
	repository := n.get("repository")
	if found || len(d.packages)+len(d.endpoints) > 0 || !d.want(repository, object, Warning) {
		return
	}
	if u := repository.get("url"); strings.TrimSpace(d.str(u, Warning)) != "" {
		d.add(Warning, u.path, "its package cannot be located; the source repository, a claim, stands in")
		d.repository(u.path, u.v.text, d.str(repository.get("subfolder"), Warning))
	}
}

// mcpPackage reads one package under the names of all years.
func (d *draft) mcpPackage(n node) pkg {
	p := pkg{
		registry: n.word("registryType", "registry_type", "registry_name"),
		name:     n.word("identifier", "package_name", "name"),
		version:  n.word("version"),
		base:     n.word("registryBaseUrl", "registry_base_url"),
		sha256:   n.word("fileSha256", "file_sha256"),
	}
	if p.registry == "" && n.v.has("package_name") {
		p.registry = n.word("name")
	}
	return p
}

// word returns the text of the first member that exists, "" for any other kind.
func (n node) word(names ...string) string {
	if m := n.get(names...); m.kind() == text {
		return m.v.text
	}
	return ""
}

// tools adds an MCP server's tools as capabilities.
func (d *draft) tools(n node) {
	for t := range n.items() {
		switch t.kind() {
		case text:
			d.skill(t, "", '-')
		case object:
			d.skill(t.get("name"), "", '-')
		}
	}
}
