package records

import (
	"fmt"
	"slices"
	"strings"
	"time"

	"github.com/cairn-overlay/cairn/internal/weak"
)

const (
	// GrantType is the type name under a grant's signature.
	GrantType = "cairn/grant/1"
	// MaxGrants bounds a chain of grants: the one that is held and those that it was made
	// under.
	MaxGrants = 5
)

// GrantDraft is what an issuer is about to hand to another agent.
type GrantDraft struct {
	// Audience is the agent that may act.
	Audience AgentID
	// Command is a capability path: it and all paths below it may be called.
	Command string
	// Policy must hold for the arguments of a call.
	Policy Policy
	// NotBefore is when it begins, kept to the second; zero is at once.
	NotBefore time.Time
	// End is when it ends, not after the issuer's own end.
	End time.Time
	// Nonce is random, so that two grants that say the same differ.
	Nonce [16]byte
	// Under is the grant of which the issuer hands on a part, or nil where what is
	// handed over is the issuer's own.
	Under *Grant
}

// Grant is a part of an agent's authority in the hands of another agent, with all grants
// that it was made under: it verifies with nothing else at hand, and exists only verified.
// Along the chain authority can shrink, but not grow. A grant has a header of its own, so
// that it is revoked as an agent is, and it ends with its issuer, with the issuer's rotation,
// and with any grant that it was made under: see Allows.
type Grant struct {
	links []grantLink // itself first, the one that the root agent issued last
}

type grantLink struct {
	*statement
	body grantBody
}

// grantBody is the body of a grant's header.
type grantBody struct {
	audience  AgentID
	command   string
	issuer    AgentID
	notBefore uint64
	policy    Policy
	under     *AgentID
	rotation  uint64
	nonce     [16]byte
}

// append writes the canonical bytes: a map with its keys in order.
func (g grantBody) append(b []byte) []byte {
	n := 5
	for _, there := range []bool{g.notBefore > 0, len(g.policy) > 0, g.under != nil} {
		if there {
			n++
		}
	}
	b = appendMap(b, n)
	b = appendLink(appendText(b, "aud"), g.audience)
	b = appendText(appendText(b, "cmd"), g.command)
	b = appendLink(appendText(b, "iss"), g.issuer)
	if g.notBefore > 0 {
		b = appendUint(appendText(b, "nbf"), g.notBefore)
	}
	if len(g.policy) > 0 {
		b = g.policy.append(appendText(b, "pol"))
	}
	if g.under != nil {
		b = appendLink(appendText(b, "prf"), *g.under)
	}
	b = appendUint(appendText(b, "rot"), g.rotation)
	return appendBytes(appendText(b, "nonce"), g.nonce[:])
}

// readGrantBody reads the canonical bytes and checks the limits.
func readGrantBody(s string) (g grantBody, err error) {
	c := cursor{s: s}
	m := pairsOf(&c)
	if m.has("aud") {
		g.audience = c.link()
	}
	if m.has("cmd") {
		g.command = c.text()
	}
	if m.has("iss") {
		g.issuer = c.link()
	}
	if m.may("nbf") {
		g.notBefore = c.uint(1<<32 - 1)
		c.bad = c.bad || g.notBefore == 0
	}
	if m.may("pol") {
		g.policy = c.rules(MaxRuleDepth)
		c.bad = c.bad || len(g.policy) == 0
	}
	if m.may("prf") {
		under := c.link()
		g.under = &under
	}
	if m.has("rot") {
		g.rotation = c.uint(1<<64 - 1)
	}
	nonce := ""
	if m.has("nonce") {
		nonce = c.bytes()
	}
	if !m.end() || !c.end() || len(nonce) != len(g.nonce) {
		return grantBody{}, fmt.Errorf("%w: the body is not in its canonical form", ErrMalformed)
	}
	copy(g.nonce[:], nonce)
	return g, g.check()
}

func (g grantBody) check() error {
	if g.audience.IsZero() {
		return fmt.Errorf("%w: no audience", ErrMalformed)
	}
	if err := CheckCapability(g.command); err != nil {
		return err
	}
	return g.policy.check()
}

// Grant hands a part of the authority of the proof's agent to another, or of what it was
// granted itself. A lock opens with the secret that follows from the issuer's revocation seed,
// where seed is not nil, others with own secrets (1 to 3 in all). key is one of the
// issuer's present signing keys, and is used only where every rule holds.
func (proof *Proof) Grant(d GrantDraft, seed []byte, key Signer, own ...Secret) (*Grant, error) {
	body := grantBody{audience: d.Audience, command: d.Command, issuer: proof.ID(), policy: d.Policy.clone(), rotation: proof.Own().Number(), nonce: d.Nonce}
	g := &Grant{links: make([]grantLink, 1)}
	if d.Under != nil {
		under := d.Under.ID()
		body.under = &under
		g.links = append(g.links, d.Under.links...)
	}
	if !d.NotBefore.IsZero() {
		unix := d.NotBefore.Unix()
		if unix < 1 || unix > 1<<32-1 {
			return nil, fmt.Errorf("grant: %w: not before %s", ErrMalformed, d.NotBefore)
		}
		body.notBefore = uint64(unix)
	}
	if err := body.check(); err != nil {
		return nil, fmt.Errorf("grant: %w", err)
	}
	st, err := proof.newStatement(KindGrant, d.End, body.append(nil), seed, key, own)
	if err != nil {
		return nil, fmt.Errorf("grant: %w", err)
	}
	g.links[0] = grantLink{st, body}
	if err := g.check(); err != nil {
		return nil, err
	}
	if size := len(g.Bytes()); size > MaxValueSize {
		return nil, fmt.Errorf("grant: %w: %d bytes, at most %d", ErrTooLarge, size, MaxValueSize)
	}
	if err := st.sign(GrantType, key); err != nil {
		return nil, fmt.Errorf("grant: %w", err)
	}
	return OpenGrant(g.Bytes())
}

// OpenGrant verifies the canonical bytes of a grant: its whole chain, with nothing else
// at hand, and that no link of it gives more than the one before.
func OpenGrant(b []byte) (*Grant, error) {
	g, err := readGrant(b)
	if err != nil {
		return nil, err
	}
	var all []signature
	for _, l := range g.links {
		all = append(all, l.signatures(GrantType)...)
	}
	return verified(g, all)
}

// readGrant is OpenGrant without the signatures.
func readGrant(b []byte) (*Grant, error) {
	if len(b) > MaxValueSize {
		return nil, fmt.Errorf("grant: %w: %d bytes, at most %d", ErrTooLarge, len(b), MaxValueSize)
	}
	c := cursor{s: string(b)}
	c.bad = c.array() != 3
	kind := c.text()
	all := []string{c.item(1)}
	n := c.array()
	for ; n > 0 && !c.bad; n-- {
		all = append(all, c.item(2))
	}
	switch {
	case !c.end():
		return nil, fmt.Errorf("grant: %w: not [type, grant, grants that it is under]", ErrMalformed)
	case kind != GrantType:
		return nil, fmt.Errorf("grant: %w: type %.32q", ErrUnsupported, kind)
	case len(all) > MaxGrants:
		return nil, fmt.Errorf("grant: %w: a chain of %d, at most %d", ErrTooLarge, len(all), MaxGrants)
	}
	g := &Grant{}
	for i, s := range all {
		st, err := readStatement(s, KindGrant, 2)
		if err != nil {
			return nil, fmt.Errorf("grant: link %d: %w", i, err)
		}
		body, err := readGrantBody(st.body)
		if err != nil {
			return nil, fmt.Errorf("grant: link %d: %w", i, err)
		}
		g.links = append(g.links, grantLink{st, body})
	}
	return g, g.check()
}

// check holds each link to its issuer and to the one that it was made under.
func (g *Grant) check() error {
	if len(g.links) > MaxGrants {
		return fmt.Errorf("grant: %w: a chain of %d, at most %d", ErrTooLarge, len(g.links), MaxGrants)
	}
	for i, l := range g.links {
		if err := l.check(l.body.issuer, l.body.rotation); err != nil {
			return fmt.Errorf("grant: link %d: %w", i, err)
		}
		if i == len(g.links)-1 {
			if l.body.under != nil {
				return fmt.Errorf("grant: link %d: %w: the grant that it was made under is missing", i, ErrMalformed)
			}
			break
		}
		if err := l.body.checkUnder(l.statement, g.links[i+1]); err != nil {
			return fmt.Errorf("grant: link %d: %w", i, err)
		}
	}
	return nil
}

// checkUnder holds a grant to the one that it was made under.
func (g grantBody) checkUnder(st *statement, upper grantLink) error {
	switch {
	case g.under == nil:
		return fmt.Errorf("%w: it was made under none, and one follows", ErrMalformed)
	case *g.under != upper.id:
		return fmt.Errorf("%w: it was made under %s", ErrWrongSubject, g.under)
	case g.issuer != upper.body.audience:
		return fmt.Errorf("%w: its issuer is not the one whom the grant above is for", ErrWidened)
	case !covers(upper.body.command, g.command):
		return fmt.Errorf("%w: %s is not below %s", ErrWidened, g.command, upper.body.command)
	case st.header.End > upper.header.End:
		return fmt.Errorf("%w: it ends after the grant above", ErrWidened)
	}
	return nil
}

// covers reports whether a capability path is another or stands above it.
func covers(upper, path string) bool {
	rest, ok := strings.CutPrefix(path, upper)
	return ok && (rest == "" || rest[0] == '/')
}

// Call is what somebody wants to do under a grant.
type Call struct {
	// By is the agent that calls; that it is, is to be proven otherwise (Possession).
	By AgentID
	// Subject is the agent whose authority is needed: the root of the grant's chain.
	Subject AgentID
	// Command is a capability path.
	Command string
	// Args are the arguments, as Policy.Permits takes them.
	Args map[string]any
	// At is the reader's time.
	At time.Time
}

// Allows reports nil where the grant covers the call, the arguments keep the policies of its
// whole chain, and nothing that is known ends it. It asks known about every grant of the
// chain, every issuer with all its ancestors, and the caller; known returns nil where nothing is
// known. Else the error is ErrNotYetValid or ErrExpired, ErrNotGranted, or a *StandingError.
func (g *Grant) Allows(call Call, known func(AgentID) Fact) error {
	if err := g.Covers(call, known); err != nil {
		return err
	}
	for i, l := range g.links {
		if !l.body.policy.Permits(call.Args) {
			return fmt.Errorf("grant: link %d: %w: the arguments do not keep its policy", i, ErrNotGranted)
		}
	}
	return nil
}

// Covers is Allows before there are arguments: it does not ask the policies.
func (g *Grant) Covers(call Call, known func(AgentID) Fact) error {
	for i, l := range g.links {
		if err := l.within(l.body.notBefore, call.At); err != nil {
			return fmt.Errorf("grant: link %d: %w", i, err)
		}
	}
	own := g.links[0].body
	switch {
	case call.By != own.audience:
		return fmt.Errorf("grant: %w: it is for %s", ErrNotGranted, own.audience)
	case call.Subject != g.Subject():
		return fmt.Errorf("grant: %w: it comes from %s", ErrNotGranted, g.Subject())
	case CheckCapability(call.Command) != nil || !covers(own.command, call.Command):
		return fmt.Errorf("grant: %w: %.128q is not below %s", ErrNotGranted, call.Command, own.command)
	}
	if err := g.Standing(known); err != nil {
		return err
	}
	if err := dead(call.By, known); err != nil {
		return fmt.Errorf("grant: %w", err)
	}
	return nil
}

// Standing reports as a *StandingError what ends the grant, given what is known: a
// tombstone of it or of one that it was made under; an issuer, or an ancestor of one, that is
// dead, in conflict, or rotated since.
func (g *Grant) Standing(known func(AgentID) Fact) error {
	for _, l := range slices.Backward(g.links) {
		if err := l.standing(known); err != nil && !weak.Off(weak.GrantFacts) {
			return fmt.Errorf("grant: %w", err)
		}
	}
	return nil
}

// ID names the grant: a tombstone of it ends it.
func (g *Grant) ID() AgentID { return g.links[0].id }

// Header returns the grant's header, a fresh copy.
func (g *Grant) Header() Header { return g.links[0].header.clone() }

// Chain returns the grant and those that it was made under.
func (g *Grant) Chain() []*Grant {
	list := make([]*Grant, len(g.links))
	for i := range g.links {
		list[i] = &Grant{links: g.links[i:]}
	}
	return list
}

// Subject returns the agent whose authority it is: the issuer at the root.
func (g *Grant) Subject() AgentID { return g.links[len(g.links)-1].body.issuer }

// Issuer returns the proof of the agent that made the grant.
func (g *Grant) Issuer() *Proof { return g.links[0].proof }

// Audience returns the agent that may act.
func (g *Grant) Audience() AgentID { return g.links[0].body.audience }

// Command returns the path at and below which it may.
func (g *Grant) Command() string { return g.links[0].body.command }

// Policy returns this grant's own rules, a fresh copy; those above hold as well.
func (g *Grant) Policy() Policy { return g.links[0].body.policy.clone() }

// NotBefore returns when the grant begins: the zero Time is at once.
func (g *Grant) NotBefore() time.Time {
	if n := g.links[0].body.notBefore; n > 0 {
		return time.Unix(int64(n), 0).UTC()
	}
	return time.Time{}
}

// End returns when it ends.
func (g *Grant) End() time.Time { return g.links[0].header.EndTime() }

// Bytes returns the canonical bytes, a fresh copy.
func (g *Grant) Bytes() []byte {
	b := g.links[0].append(appendText(appendArray(nil, 3), GrantType))
	b = appendArray(b, len(g.links)-1)
	for _, l := range g.links[1:] {
		b = l.append(b)
	}
	return b
}
