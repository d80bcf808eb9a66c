package records

import (
	"fmt"
	"net/netip"
	"strconv"
	"strings"

	"github.com/multiformats/go-multiaddr"
)

const maxHost = 253 // bytes of a DNS name

// CheckURL reports why s is none of: an absolute URL with a host and no user
// part, a multiaddr, a package URL. It is a check of form, the same for ever: it
// asks no table of protocols, since nodes of different age would then disagree on
// a record. Whether an address may be dialled is another question.
func CheckURL(s string) error {
	if s == "" {
		return fmt.Errorf("url: %w: empty", ErrMalformed)
	}
	if len(s) > MaxURL {
		return fmt.Errorf("url: %w: %d bytes, at most %d", ErrTooLarge, len(s), MaxURL)
	}
	for i := range len(s) {
		if !inURL(s[i]) {
			return fmt.Errorf("url %.64q: %w: forbidden character at byte %d", s, ErrMalformed, i)
		}
	}
	if rest, ok := strings.CutPrefix(s, "/"); ok {
		return checkMultiaddrForm(s, rest)
	}
	scheme, rest, ok := strings.Cut(s, ":")
	if !ok || scheme == "" || !only(scheme, inScheme) || !isLower(scheme[0]) {
		return fmt.Errorf("url %.64q: %w: no lower-case scheme", s, ErrMalformed)
	}
	switch scheme {
	case "pkg":
		if kind, name, ok := strings.Cut(rest, "/"); !ok || kind == "" || name == "" || !only(kind, inScheme) {
			return fmt.Errorf("url %.64q: %w: a package URL is pkg:type/name", s, ErrMalformed)
		}
		return checkPercent(s, rest)
	case "javascript", "vbscript", "data", "file":
		return fmt.Errorf("url %.64q: %w: %s is no place on a network", s, ErrMalformed, scheme)
	}
	rest, ok = strings.CutPrefix(rest, "//")
	if !ok {
		return fmt.Errorf("url %.64q: %w: want scheme://host", s, ErrMalformed)
	}
	end := strings.IndexAny(rest, "/?#")
	if end < 0 {
		end = len(rest)
	}
	if err := checkAuthority(rest[:end]); err != nil {
		return fmt.Errorf("url %.64q: %w", s, err)
	}
	return checkPercent(s, rest[end:])
}

// checkMultiaddrForm wants parts that are not empty, the first of them a
// protocol's name; rest is s without its first slash.
func checkMultiaddrForm(s, rest string) error {
	protocol, _, _ := strings.Cut(rest, "/")
	if protocol == "" || !only(protocol, inProtocol) || !isLower(protocol[0]) {
		return fmt.Errorf("url %.64q: %w: a multiaddr begins with a protocol", s, ErrMalformed)
	}
	if strings.HasSuffix(rest, "/") || strings.Contains(rest, "//") {
		return fmt.Errorf("url %.64q: %w: a multiaddr has no empty part", s, ErrMalformed)
	}
	return nil
}

// checkAuthority wants host or host:port, the host a name, an IPv4 address or an
// IPv6 address in brackets.
func checkAuthority(a string) error {
	host, port, hasPort := strings.Cut(a, ":")
	if v6, ok := strings.CutPrefix(a, "["); ok {
		inside, after, closed := strings.Cut(v6, "]")
		if addr, err := netip.ParseAddr(inside); !closed || err != nil || !addr.Is6() || addr.Zone() != "" {
			return fmt.Errorf("%w: not an IPv6 address in brackets", ErrMalformed)
		}
		host, port, hasPort = "v6", strings.TrimPrefix(after, ":"), after != ""
		if hasPort && after[0] != ':' {
			return fmt.Errorf("%w: %.16q after the address", ErrMalformed, after)
		}
	}
	if host == "" || len(host) > maxHost || !only(host, inHost) {
		return fmt.Errorf("%w: want a host of letters, digits and -._~ in at most %d bytes, without a user part", ErrMalformed, maxHost)
	}
	if !hasPort {
		return nil
	}
	if n, err := strconv.ParseUint(port, 10, 16); err != nil || n == 0 || port[0] == '0' {
		return fmt.Errorf("%w: port %.16q", ErrMalformed, port)
	}
	return nil
}

// checkPercent wants two hexadecimal digits after each percent sign of part.
func checkPercent(s, part string) error {
	for rest := part; ; {
		_, after, ok := strings.Cut(rest, "%")
		if !ok {
			return nil
		}
		if len(after) < 2 || !only(after[:2], isHex) {
			return fmt.Errorf("url %.64q: %w: %% without two hexadecimal digits", s, ErrMalformed)
		}
		rest = after
	}
}

// only reports whether all bytes of s are in a set.
func only(s string, in func(byte) bool) bool {
	for i := range len(s) {
		if !in(s[i]) {
			return false
		}
	}
	return true
}

func isLower(c byte) bool { return 'a' <= c && c <= 'z' }
func isDigit(c byte) bool { return '0' <= c && c <= '9' }

func isHex(c byte) bool { return isDigit(c) || 'a' <= c && c <= 'f' || 'A' <= c && c <= 'F' }

// inURL is printable ASCII, but for the space and what RFC 3986 keeps out of a URL.
func inURL(c byte) bool {
	switch c {
	case '<', '>', '"', '{', '}', '|', '\\', '^', '`':
		return false
	}
	return ' ' < c && c <= '~'
}

func inScheme(c byte) bool {
	return isLower(c) || isDigit(c) || c == '+' || c == '.' || c == '-'
}

func inProtocol(c byte) bool { return isLower(c) || isDigit(c) || c == '-' }

func inHost(c byte) bool {
	return isLower(c) || isDigit(c) || 'A' <= c && c <= 'Z' || c == '-' || c == '.' || c == '_' || c == '~'
}

// checkMultiaddrs refuses, before a key is used, multiaddrs that this build's
// libraries cannot read. Open does not ask it: a reader may know more protocols
// than this build, or fewer.
func (l Location) checkMultiaddrs() error {
	for i, e := range l.Endpoints {
		if strings.HasPrefix(e.URL, "/") && CheckURL(e.URL) == nil {
			if _, err := multiaddr.NewMultiaddr(e.URL); err != nil {
				return fmt.Errorf("endpoint %d: url %.64q: %w: not a multiaddr", i, e.URL, ErrMalformed)
			}
		}
	}
	return nil
}
