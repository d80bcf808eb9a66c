package gateway

import "strings"

// recogniseA2A knows the AgentCard of every version, with one exception to read it
// by: 1.0 has supportedInterfaces and no url, earlier ones the reverse.
func recogniseA2A(v *value) shape {
	modes := v.has("defaultInputModes", "default_input_modes", "defaultOutputModes", "default_output_modes")
	newer := v.has("supportedInterfaces", "supported_interfaces")
	later := v.has("additionalInterfaces", "additional_interfaces", "preferredTransport", "preferred_transport")
	served := v.has("url") && (v.has("skills", "authentication", "securitySchemes") || v.is(object, "capabilities"))
	fragment := v.has("name", "description") && v.has("capabilities") && v.has("skills") && !v.has("schema_version")
	if !modes && !newer && !later && !served && !fragment {
		return shape{}
	}
	name := "a2a/fragment"
	switch {
	case newer && v.has("protocolVersion", "protocolVersions", "protocol_version"):
		name = "a2a/1.0-draft"
	case newer:
		name = "a2a/1.0"
	case v.has("protocol_version", "preferred_transport", "additional_interfaces", "default_input_modes"):
		name = "a2a/0.3-snake"
	case later || v.has("protocolVersion"):
		name = "a2a/0.3"
	case v.has("authentication"):
		name = "a2a/0.1"
	case v.has("url"):
		name = "a2a/0.2"
	}
	return shape{name, mediaA2A, (*draft).a2a}
}

// a2a reads an AgentCard.
func (d *draft) a2a(n node) {
	d.name(n.get("name"))
	d.identify(n.get("id"), n.get("spiffe_id"))
	d.str(n.get("description"), Warning)
	if d.str(n.get("version"), Warning) == "" {
		d.add(Note, n.get("version").path, "no version")
	}
	d.str(n.get("protocolVersion", "protocol_version"), Warning)
	d.a2aInterfaces(n)
	d.a2aCapabilities(n.get("capabilities"))
	d.a2aSkills(n.get("skills"))
	for _, names := range [][]string{{"defaultInputModes", "default_input_modes"}, {"defaultOutputModes", "default_output_modes"}} {
		d.want(n.get(names...), list, Error)
	}
	for _, name := range []string{"provider", "securitySchemes", "security_schemes", "authentication"} {
		d.want(n.get(name), object, Warning)
	}
	d.booleans(n, "supportsAuthenticatedExtendedCard", "supports_authenticated_extended_card", "supportsExtendedAgentCard")
	d.ignored(n, "a signature of the card is not checked here", "signatures")
}

// a2aInterfaces takes 1.0's interfaces, or the url first and then the additional ones.
func (d *draft) a2aInterfaces(n node) {
	if many := n.get("supportedInterfaces", "supported_interfaces"); d.want(many, list, Error) {
		for i := range many.items() {
			d.a2aInterface(i)
		}
	}
	if u := n.get("url"); u.kind() != absent {
		d.a2aURL(u, d.str(n.get("preferredTransport", "preferred_transport"), Warning))
	}
	if more := n.get("additionalInterfaces", "additional_interfaces"); d.want(more, list, Error) {
		for i := range more.items() {
			d.a2aInterface(i)
		}
	}
}

func (d *draft) a2aInterface(n node) {
	if d.want(n, object, Error) {
		if n.get("url").kind() == absent {
			d.add(Warning, n.path, "an interface without a url; left out")
		}
		d.a2aURL(n.get("url"), d.str(n.get("protocolBinding", "protocol_binding", "transport"), Warning))
	}
}

// a2aURL adds an endpoint by its binding. JSON-RPC and HTTP+JSON are both "a2a":
// the card says which; gRPC is another kind of connection, and may be host:port.
func (d *draft) a2aURL(n node, binding string) {
	protocol := "a2a"
	switch strings.ToUpper(binding) {
	case "", "JSONRPC", "JSON-RPC", "HTTP+JSON", "REST":
	case "GRPC":
		protocol = "grpc"
	default:
		d.add(Note, n.path, "the binding %s is not one of A2A's own", show(binding))
	}
	if n.kind() == text && protocol == "grpc" && !strings.Contains(n.v.text, "://") && strings.Contains(n.v.text, ":") {
		d.add(Note, n.path, "read as a grpc URL")
		d.networkURL(n.path, "grpc://"+n.v.text, protocol)
		return
	}
	d.network(n, protocol)
}

// a2aCapabilities checks the flags, which say nothing of what the agent can do. A
// list of words there is taken for tags.
func (d *draft) a2aCapabilities(n node) {
	if n.kind() == list {
		d.add(Warning, n.path, "a list where an object is expected; its words are kept as tags")
		for w := range n.items() {
			d.tag(w)
		}
		return
	}
	if d.want(n, object, Error) {
		d.booleans(n, "streaming", "pushNotifications", "push_notifications", "stateTransitionHistory", "state_transition_history", "extendedAgentCard")
	}
}

func (d *draft) a2aSkills(n node) {
	if !d.want(n, list, Error) {
		return
	}
	for s := range n.items() {
		if !d.want(s, object, Error) {
			continue
		}
		if id := s.get("id"); id.kind() == text {
			d.skill(id, "", '-')
		} else {
			d.add(Warning, id.path, "a skill without an id; its name is taken")
			d.skill(s.get("name"), "", '-')
		}
		d.words(s.get("tags"))
	}
}

// words adds a list of free tags.
func (d *draft) words(n node) {
	if d.want(n, list, Warning) {
		for w := range n.items() {
			d.tag(w)
		}
	}
}

// booleans notes flags that are written as something else.
func (d *draft) booleans(n node, names ...string) {
	for _, name := range names {
		m := n.get(name)
		switch {
		case m.kind() == text && (strings.EqualFold(m.v.text, "true") || strings.EqualFold(m.v.text, "false")):
			d.add(Warning, m.path, "the text %s where a boolean is expected; read as %s", show(m.v.text), strings.ToLower(m.v.text))
		default:
			d.want(m, boolean, Warning)
		}
	}
}
