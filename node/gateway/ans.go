package gateway

import "strings"

// recogniseANS knows an event of an Agent Name Service log, and its projection to a
// catalog entry.
func recogniseANS(v *value) shape {
	switch {
	case v.has("eventType") && v.has("ansName", "logId", "agentId"):
		return shape{"ans/event", mediaJSON, (*draft).ansEvent}
	case v.is(object, "entry") && v.has("lifecycle", "ansName", "logId"):
		return shape{"ans/projection", mediaJSON, (*draft).ansProjection}
	}
	return shape{}
}

// ansEvent reads a log event. Only an event that says the agent is there makes it
// resolvable: a revocation carries endpoints as well.
func (d *draft) ansEvent(n node) {
	kind := strings.ToUpper(d.str(n.get("eventType"), Error))
	switch kind {
	case "AGENT_REGISTERED", "AGENT_RENEWED", "AGENT_UPDATED":
	case "AGENT_REVOKED", "AGENT_EXPIRED", "AGENT_DEREGISTERED", "AGENT_DELETED", "AGENT_SUPERSEDED", "AGENT_WITHDRAWN":
		d.refuse(ErrRevoked, "the event is %s; an agent that is no more is not published", kind)
	default:
		d.refuse(ErrUnrecognised, "the event %s does not say that the agent is there; import its registration", show(kind))
	}
	d.name(firstOf(n, "agentDisplayName", "agentHost"))
	d.identify(n.get("ansName"), n.get("agentId"))
	endpoints := n.get("endpoints")
	if d.want(endpoints, list, Error) {
		for e := range endpoints.items() {
			if d.want(e, object, Error) {
				d.ansEndpoint(e, "agentUrl", "")
			}
		}
		for e := range endpoints.items() {
			d.ansEndpoint(e, "metaDataUrl", "-card")
		}
	}
	d.ends(n.get("expiresAt"))
}

// ansEndpoint reads the agent's own URL with its functions, or the URL of its card.
func (d *draft) ansEndpoint(n node, member, suffix string) {
	protocol := protocolToken(n.word("protocol"))
	if protocol == "" || suffix != "" && protocol == "https" {
		protocol, suffix = "https", ""
	}
	d.network(n.get(member), protocol+suffix)
	if member != "agentUrl" {
		return
	}
	for f := range n.get("functions").items() {
		if f.kind() == object {
			d.skill(f.get("id", "name"), "", '-')
			d.words(f.get("tags"))
		}
	}
}

// ansProjection reads a catalog entry with the life cycle around it.
func (d *draft) ansProjection(n node) {
	switch state := strings.ToUpper(d.str(n.get("lifecycle"), Error)); state {
	case "ACTIVE", "":
	case "DEPRECATED":
		d.add(Warning, n.get("lifecycle").path, "deprecated")
	default:
		d.refuse(ErrRevoked, "its life cycle is %s; only an active agent is published", show(state))
	}
	d.entry(n.get("entry"))
	if d.alias == "" {
		d.identify(n.get("ansName"))
	}
	d.ends(n.get("expiresAt"))
}
