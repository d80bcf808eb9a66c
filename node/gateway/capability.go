package gateway

import (
	"strings"

	"github.com/cairn-overlay/cairn/records"
)

// slug turns free text into one segment of a capability path: lower case, what the
// grammar does not know as one sep. It returns "" where letters outside ASCII
// would be lost, or where nothing remains.
func slug(s string, sep byte) string {
	var b []byte
	for _, r := range strings.ToLower(s) {
		switch {
		case r >= 'a' && r <= 'z', r >= '0' && r <= '9', r == '.', r == '_', r == '-':
			b = append(b, byte(r))
		case r > '~' && !invisible(r):
			return ""
		case len(b) > 0 && b[len(b)-1] != sep && !invisible(r):
			b = append(b, sep)
		}
	}
	return strings.TrimRight(strings.TrimLeft(string(b), "._-"), string(sep))
}

// capabilityPath turns a name with or without slashes into a capability path, "" where
// that cannot be done faithfully.
func capabilityPath(prefix, name string, sep byte) string {
	p := prefix
	for segment := range strings.SplitSeq(name, "/") {
		if strings.TrimSpace(segment) == "" {
			continue
		}
		clean := slug(segment, sep)
		if clean == "" {
			return ""
		}
		p += "/" + clean
	}
	if p == prefix || records.CheckCapability(p) != nil {
		return ""
	}
	return p
}
