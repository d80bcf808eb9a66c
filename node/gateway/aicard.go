package gateway

// recogniseAICard knows the drafts of a card that speaks several protocols.
func recogniseAICard(v *value) shape {
	if v.is(object, "protocols") || v.is(object, "artifacts") || v.is(object, "descriptor") {
		return shape{"ai-card/draft", mediaJSON, (*draft).aiCard}
	}
	return shape{}
}

// aiCard reads protocol adapters as endpoints and image artifacts as packages.
func (d *draft) aiCard(n node) {
	head := n
	if inner := n.get("descriptor"); inner.kind() == object {
		head = inner
	}
	d.name(firstOf(head, "displayName", "name"))
	d.identify(head.get("identifier"), head.get("id"))
	for name, adapter := range n.get("protocols").members() {
		protocol := protocolToken(name)
		if protocol == "" {
			protocol = "https"
		}
		data := adapter.get("data")
		for l := range data.get("locators").items() {
			d.network(l.get("uri", "url"), protocol)
		}
		d.a2aSkills(data.get("skills"))
	}
	for _, artifact := range n.get("artifacts").members() {
		for a := range artifact.get("data").get("artifacts").items() {
			d.pack(a.path, pkg{registry: "oci", name: a.word("uri")})
		}
	}
	for s := range head.get("skills").items() {
		d.skill(s, "", '-')
	}
	d.words(head.get("tags"))
	d.ignored(n, "a signature of the card is not checked here", "signatures")
}
