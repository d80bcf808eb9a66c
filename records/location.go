package records

import (
	"fmt"
	"maps"
	"slices"
	"strings"
)

// Limits of a location, checked by Sign and by Open.
const (
	MaxEndpoints    = 16   // endpoints in one record; at least one
	MaxURL          = 1024 // bytes of an endpoint's or card's URL
	MaxToken        = 64   // bytes of a protocol, region, media type or digest type
	MaxCapabilities = 64   // capability paths in one record
	MaxCapability   = 128  // bytes of a capability path
	MaxCodeDigests  = 16   // code digests in one record
	MaxExtensions   = 16   // extensions in one record
	MaxExtension    = 1024 // bytes of one extension's value
)

// Location is where an agent is and what it offers there.
type Location struct {
	// Endpoints are at least one way to reach the agent.
	Endpoints []Endpoint `cbor:"ep" json:"endpoints"`
	// Capabilities are paths such as "/translate-en-es", strictly ascending (Sign sorts them).
	Capabilities []string `cbor:"cap,omitempty" json:"capabilities,omitempty"`
	// Card points to the agent's own description.
	Card *Card `cbor:"card,omitempty" json:"card,omitempty"`
	// Code are digests of what runs: SBOM, image, provenance.
	Code []CodeDigest `cbor:"code,omitempty" json:"code,omitempty"`
	// Region is a short free token such as "eu-west".
	Region string `cbor:"reg,omitempty" json:"region,omitempty"`
	// Extensions are kept byte for byte; a name says its owner and type ("example.org/load").
	Extensions map[string][]byte `cbor:"ext,omitempty" json:"extensions,omitempty"`
}

// Endpoint is one way to reach an agent. Lower priority first; among equals,
// weight is a relative share (the meaning of RFC 2782).
type Endpoint struct {
	// URL is an absolute URL, a multiaddr ("/ip4/...") or a package URL ("pkg:npm/...").
	URL string `cbor:"url" json:"url"`
	// Protocol is a lower-case token: a2a, mcp, https, libp2p, package, ...
	Protocol string `cbor:"proto" json:"protocol"`
	Priority uint16 `cbor:"prio,omitempty" json:"priority,omitempty"`
	Weight   uint16 `cbor:"weight,omitempty" json:"weight,omitempty"`
}

// Card is the agent's description: an A2A card, an MCP server.json, and the like.
type Card struct {
	// URL is where the card is served, or empty where only its digest is known.
	URL string `cbor:"url,omitempty" json:"url,omitempty"`
	// MediaType of the card, such as "application/a2a-agent-card+json".
	MediaType string `cbor:"type" json:"media_type"`
	// Digest is the SHA-256 of the card's bytes as they were published.
	Digest [32]byte `cbor:"sha256" json:"-"`
}

// CodeDigest binds a piece of evidence about the running code.
type CodeDigest struct {
	// Type says what was digested: "sbom", "image", "slsa".
	Type   string   `cbor:"type" json:"type"`
	Digest [32]byte `cbor:"sha256" json:"-"`
	URL    string   `cbor:"url,omitempty" json:"url,omitempty"`
}

// check reports the first broken limit.
func (l Location) check() error {
	if len(l.Endpoints) < 1 {
		return fmt.Errorf("%w: no endpoint", ErrMalformed)
	}
	if len(l.Endpoints) > MaxEndpoints {
		return fmt.Errorf("%w: %d endpoints, at most %d", ErrTooLarge, len(l.Endpoints), MaxEndpoints)
	}
	for i, e := range l.Endpoints {
		if err := e.check(); err != nil {
			return fmt.Errorf("endpoint %d: %w", i, err)
		}
	}
	if len(l.Capabilities) > MaxCapabilities {
		return fmt.Errorf("%w: %d capabilities, at most %d", ErrTooLarge, len(l.Capabilities), MaxCapabilities)
	}
	for i, c := range l.Capabilities {
		if err := CheckCapability(c); err != nil {
			return err
		}
		if i > 0 && l.Capabilities[i-1] >= c {
			return fmt.Errorf("%w: capabilities are not strictly ascending", ErrMalformed)
		}
	}
	if err := l.checkEvidence(); err != nil {
		return err
	}
	return l.checkExtensions()
}

func (l Location) checkEvidence() error {
	if l.Card != nil {
		if l.Card.URL != "" {
			if err := CheckURL(l.Card.URL); err != nil {
				return fmt.Errorf("card: %w", err)
			}
		}
		if err := checkToken("card media type", l.Card.MediaType); err != nil {
			return err
		}
	}
	if len(l.Code) > MaxCodeDigests {
		return fmt.Errorf("%w: %d code digests, at most %d", ErrTooLarge, len(l.Code), MaxCodeDigests)
	}
	for i, c := range l.Code {
		if err := checkToken("code digest type", c.Type); err != nil {
			return err
		}
		if c.URL != "" {
			if err := CheckURL(c.URL); err != nil {
				return fmt.Errorf("code digest %d: %w", i, err)
			}
		}
	}
	if l.Region != "" {
		return checkToken("region", l.Region)
	}
	return nil
}

func (l Location) checkExtensions() error {
	if len(l.Extensions) > MaxExtensions {
		return fmt.Errorf("%w: %d extensions, at most %d", ErrTooLarge, len(l.Extensions), MaxExtensions)
	}
	for name, v := range l.Extensions {
		if err := checkToken("extension name", name); err != nil {
			return err
		}
		if len(v) > MaxExtension {
			return fmt.Errorf("extension %s: %w: %d bytes, at most %d", name, ErrTooLarge, len(v), MaxExtension)
		}
	}
	return nil
}

func (e Endpoint) check() error {
	if err := checkToken("protocol", e.Protocol); err != nil {
		return err
	}
	if e.Protocol != strings.ToLower(e.Protocol) {
		return fmt.Errorf("%w: protocol %q is not lower case", ErrMalformed, e.Protocol)
	}
	return CheckURL(e.URL)
}

// CheckCapability reports why s is not a capability path: one or more segments,
// each a slash and [a-z0-9] followed by [a-z0-9._-]*, at most MaxCapability bytes.
func CheckCapability(s string) error {
	if len(s) > MaxCapability {
		return fmt.Errorf("capability %.64q: %w: %d bytes, at most %d", s, ErrTooLarge, len(s), MaxCapability)
	}
	if len(s) < 2 || s[0] != '/' {
		return fmt.Errorf("capability %q: %w: want a path such as /translate-en-es", s, ErrMalformed)
	}
	for seg := range strings.SplitSeq(s[1:], "/") {
		if seg == "" || !only(seg, inCapability) || !isLower(seg[0]) && !isDigit(seg[0]) {
			return fmt.Errorf("capability %.64q: %w: segment %.32q", s, ErrMalformed, seg)
		}
	}
	return nil
}

// isPrint reports printable ASCII but for the space.
func isPrint(c byte) bool { return ' ' < c && c <= '~' }

func inCapability(c byte) bool {
	return isLower(c) || isDigit(c) || c == '.' || c == '_' || c == '-'
}

// checkToken holds short printable ASCII words to one rule.
func checkToken(what, s string) error {
	if s == "" {
		return fmt.Errorf("%s: %w: empty", what, ErrMalformed)
	}
	if len(s) > MaxToken {
		return fmt.Errorf("%s: %w: %d bytes, at most %d", what, ErrTooLarge, len(s), MaxToken)
	}
	if !only(s, isPrint) {
		return fmt.Errorf("%s %.32q: %w: not printable ASCII", what, s, ErrMalformed)
	}
	return nil
}

// sorted returns a copy whose capabilities are in canonical order, each once.
func (l Location) sorted() Location {
	l.Capabilities = slices.Clone(l.Capabilities)
	slices.Sort(l.Capabilities)
	l.Capabilities = slices.Compact(l.Capabilities)
	return l
}

// clone returns a location that shares no memory with l.
func (l Location) clone() Location {
	l.Endpoints, l.Capabilities, l.Code = slices.Clone(l.Endpoints), slices.Clone(l.Capabilities), slices.Clone(l.Code)
	if l.Card != nil {
		card := *l.Card
		l.Card = &card
	}
	l.Extensions = maps.Clone(l.Extensions)
	for name, v := range l.Extensions {
		l.Extensions[name] = slices.Clone(v)
	}
	return l
}
