package gateway

import (
	"net/netip"
	"strings"
)

// notPublic are the networks that netip does not name: what cannot be reached from
// elsewhere, or stands for an address that cannot. Documentation networks are left
// out: they name nobody's machine.
func notPublic() []netip.Prefix {
	return []netip.Prefix{
		netip.MustParsePrefix("0.0.0.0/8"),
		netip.MustParsePrefix("100.64.0.0/10"), // carrier NAT
		netip.MustParsePrefix("192.0.0.0/24"),
		netip.MustParsePrefix("198.18.0.0/15"), // benchmarking
		netip.MustParsePrefix("240.0.0.0/4"),
		netip.MustParsePrefix("fec0::/10"), // site-local
		netip.MustParsePrefix("100::/64"),  // discard
	}
}

// NotPublic says why an address is not public, or "": nobody dials such a one at a
// stranger's word.
func NotPublic(a netip.Addr) string { return privateAddr(a) }

// privateAddr says why an address is not public, or "".
func privateAddr(a netip.Addr) string {
	a = embedded(a.WithZone("").Unmap())
	switch {
	case a.IsLoopback():
		return "a loopback address"
	case a.IsUnspecified():
		return "the unspecified address"
	case a.IsPrivate():
		return "a private address"
	case a.IsLinkLocalUnicast():
		return "a link-local address"
	case a.IsMulticast():
		return "a multicast address"
	}
	for _, p := range notPublic() {
		if p.Contains(a) {
			return "an address that is not public"
		}
	}
	return ""
}

// embedded returns the IPv4 address that an IPv6 one stands for: NAT64, 6to4 and
// the old IPv4-compatible form. Others come back as they are.
func embedded(a netip.Addr) netip.Addr {
	if !a.Is6() {
		return a
	}
	b := a.As16()
	v4 := func(i int) netip.Addr { return netip.AddrFrom4([4]byte(b[i : i+4])) }
	switch {
	case netip.MustParsePrefix("64:ff9b::/96").Contains(a):
		return v4(12)
	case netip.MustParsePrefix("2002::/16").Contains(a):
		return v4(2)
	case netip.MustParsePrefix("::/96").Contains(a) && !a.IsLoopback() && !a.IsUnspecified():
		return v4(12)
	}
	return a
}

// privateName says why a host name means something only on the inside, or "".
// It looks at the name alone and asks nobody.
func privateName(host string) string {
	host = strings.ToLower(strings.TrimSuffix(host, "."))
	if host == "localhost" {
		return "this machine"
	}
	if !strings.Contains(host, ".") {
		return "a bare host name"
	}
	for _, suffix := range []string{".localhost", ".local", ".internal", ".localdomain", ".home.arpa"} {
		if strings.HasSuffix(host, suffix) {
			return "a name that only a local network knows"
		}
	}
	return ""
}

// hostFault says why a host is neither an address nor a name, or "". A last label
// of digits is refused: some resolvers read "127.1" and "0x7f.0.0.1" as addresses.
func hostFault(host string) string {
	host = strings.TrimSuffix(host, ".")
	if host == "" || len(host) > 253 {
		return "no host"
	}
	last := ""
	for label := range strings.SplitSeq(strings.ToLower(host), ".") {
		if label == "" || len(label) > 63 || strings.Trim(label, "abcdefghijklmnopqrstuvwxyz0123456789-_") != "" {
			return "its host is not a name"
		}
		last = label
	}
	if hex, isHex := strings.CutPrefix(last, "0x"); strings.Trim(last, "0123456789") == "" || isHex && strings.Trim(hex, "0123456789abcdef") == "" {
		return "its host is neither a name nor a whole address"
	}
	return ""
}
