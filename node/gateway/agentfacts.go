package gateway

import "strings"

// recogniseFacts knows what implementers call AgentFacts: there is no common
// identifier and no common member for endpoints.
func recogniseFacts(v *value) shape {
	if v.is(object, "credentialSubject") {
		inner := recogniseFacts(v.get("credentialSubject"))
		if inner.read != nil {
			inner.read = func(d *draft, n node) { d.facts(n.get("credentialSubject")) }
		}
		return inner
	}
	name := ""
	switch {
	case v.has("core_identity"):
		name = "agentfacts/kya"
	case v.has("facts_url", "factsUrl", "primary_facts_url", "primaryFactsUrl"):
		name = "agentfacts/index"
	case v.has("agent_url", "api_url") && v.has("agent_id", "agent_name"):
		name = "agentfacts/switchboard"
	case !v.has("endpoints"):
		return shape{}
	case v.has("@context", "handle"):
		name = "agentfacts/v1.2"
	case v.is(list, "endpoints") && v.has("agent_name", "label"):
		name = "agentfacts/list39"
	case v.has("agent_name", "agent_id", "label"):
		name = "agentfacts/nanda"
	default:
		return shape{}
	}
	return shape{name, mediaJSON, (*draft).facts}
}

// facts reads any of them.
func (d *draft) facts(n node) {
	core := n.get("core_identity")
	if core.kind() == absent {
		core = n
	}
	if !d.want(core, object, Error) {
		return
	}
	d.name(firstOf(core, "label", "agent_name", "name", "handle"))
	d.identify(core.get("agent_id"), core.get("handle"), core.get("id"), core.get("agent_name"))
	d.factsEndpoints(n.get("endpoints"))
	if core.path != n.path {
		d.factsEndpoints(core.get("endpoints"))
	}
	for _, name := range []string{"api_url", "agent_url", "adaptive_resolver_url"} {
		if u := n.get(name); strings.TrimSpace(d.str(u, Error)) != "" {
			d.network(u, "https")
		}
	}
	for _, name := range []string{"facts_url", "factsUrl", "primary_facts_url", "primaryFactsUrl"} {
		d.network(n.get(name), "agentfacts")
	}
	d.factsCapabilities(n.get("capabilities"))
	d.factsSkills(n.get("skills"))
	d.ignored(n, "a signature of the facts is not checked here", "signature")
	d.ends(n.get("expires_at"))
}

// firstOf is the first member with text in it, else the last one.
func firstOf(n node, names ...string) node {
	for _, name := range names {
		if m := n.get(name); m.kind() == text && strings.TrimSpace(m.v.text) != "" || m.kind() == number {
			return m
		}
	}
	return n.get(names[len(names)-1])
}

// factsEndpoints takes a list of URLs, a list of objects with one, or an object of
// such lists (static before rotating) with an adaptive resolver.
func (d *draft) factsEndpoints(n node) {
	switch n.kind() {
	case list:
		for e := range n.items() {
			d.factsEndpoint(e)
		}
	case object:
		d.factsEndpoints(n.get("static"))
		d.factsEndpoints(n.get("rotating"))
		d.network(n.get("adaptive_resolver", "adaptiveResolver").get("url"), "https")
	default:
		d.want(n, list, Error)
	}
}

func (d *draft) factsEndpoint(n node) {
	if n.kind() == text {
		d.network(n, "https")
		return
	}
	if !d.want(n, object, Error) {
		return
	}
	u, word := n.get("url"), n.get("protocol")
	if u.kind() == absent {
		d.add(Warning, u.path, "an endpoint without a url; left out")
	}
	protocol := protocolToken(d.str(word, Warning))
	if protocol == "" {
		protocol = "https"
	}
	d.network(u, protocol)
}

// factsCapabilities takes a list of words or of OASF classes; of an object only the
// domains and skills say what the agent can do.
func (d *draft) factsCapabilities(n node) {
	if n.kind() == object {
		d.words(n.get("domains"))
		d.words(n.get("skills"))
		return
	}
	for c := range n.items() {
		switch {
		case c.kind() == text:
			d.skill(c, "", '-')
		case c.kind() == object && c.v.has("class_name"):
			d.oasfClass(c.get("class_name"), c.word("category_name")+"/"+c.word("class_name"))
		case c.kind() == object:
			d.skill(c.get("skill_id", "id", "name"), "", '-')
		}
	}
}

func (d *draft) factsSkills(n node) {
	for s := range n.items() {
		if s.kind() == text {
			d.skill(s, "", '-')
		} else if s.kind() == object {
			d.skill(s.get("id", "name"), "", '-')
		}
	}
}

// ends notes the document's own end: there is no clock here to hold it against.
func (d *draft) ends(n node) {
	if when := d.label(n, Warning); when != "" {
		d.add(Note, n.path, "the document itself ends at %s; a lease may outlive it", show(when))
	}
}
