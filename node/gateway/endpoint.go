package gateway

import (
	"fmt"
	"net/netip"
	"net/url"
	"strconv"
	"strings"

	"github.com/cairn-overlay/cairn/records"
)

// fault is why one URL or package was left out. Its reason becomes the document's
// where nothing else locates the agent.
type fault struct {
	reason error
	detail string
}

func faultf(reason error, format string, args ...any) *fault {
	return &fault{reason, fmt.Sprintf(format, args...)}
}

// checker judges the URLs of one document.
type checker struct {
	allowPrivate bool
	doubts       []string // what allowPrivate let through
}

// knownScheme are those that an imported network endpoint may have.
func knownScheme(s string) bool {
	switch s {
	case "https", "http", "wss", "ws", "grpc", "grpcs", "mcp", "a2a":
		return true
	}
	return false
}

// endpoint judges one URL. What it returns satisfies records.CheckURL.
func (c *checker) endpoint(raw string) (string, *fault) {
	s := strings.Trim(raw, " \t\r\n")
	if why := checkForm(s); why != nil {
		return "", why
	}
	u, err := url.Parse(s)
	if err != nil || u.Host == "" || u.Opaque != "" {
		return "", faultf(ErrInvalid, "%s is not an absolute URL with a host", showURL(s))
	}
	s = u.Scheme + s[len(u.Scheme):] // url.Parse lowers the scheme
	switch {
	case !knownScheme(u.Scheme):
		return "", faultf(ErrInvalid, "%s: a scheme that no agent protocol here uses; give an https URL", showURL(s))
	case u.User != nil:
		return "", faultf(ErrInvalid, "%s has a user part, and records are public; remove it", showURL(s))
	}
	if why := checkQuery(u); why != nil {
		return "", why
	}
	if why := c.host(u); why != nil {
		return "", why
	}
	if err := records.CheckURL(s); err != nil {
		return "", faultf(ErrInvalid, "%s: %v", showURL(s), err)
	}
	return s, nil
}

// checkForm refuses what no parsing should be tried on.
func checkForm(s string) *fault {
	if i := strings.IndexFunc(s, invisible); i >= 0 {
		return faultf(ErrInvalid, "%s has a control or invisible character at byte %d", showURL(s), i)
	}
	switch {
	case s == "":
		return faultf(ErrNoLocation, "an empty URL")
	case isTemplate(s):
		return faultf(ErrTemplate, "%s has a placeholder; fill it in", showURL(s))
	case len(s) > records.MaxURL:
		return faultf(ErrInvalid, "%s has %d bytes, at most %d", showURL(s), len(s), records.MaxURL)
	case strings.IndexFunc(s, func(r rune) bool { return r > '~' }) >= 0:
		return faultf(ErrInvalid, "%s is not ASCII; write the host in punycode and percent-encode the rest", showURL(s))
	}
	return nil
}

// checkQuery refuses a query parameter that seems to carry a secret: a record
// cannot be unpublished.
func checkQuery(u *url.URL) *fault {
	for name, values := range u.Query() {
		short := strings.NewReplacer("-", "", "_", "", ".", "").Replace(strings.ToLower(name))
		for _, end := range []string{"key", "token", "secret", "password", "passwd", "signature", "credential", "authorization"} {
			if strings.HasSuffix(short, end) && strings.Join(values, "") != "" {
				return faultf(ErrInvalid, "%s: the query parameter %s looks like a secret, and records are public; remove it", showURL(u.String()), show(name))
			}
		}
	}
	return nil
}

// host holds host, port and scheme to what may be published.
func (c *checker) host(u *url.URL) *fault {
	host, port := u.Hostname(), u.Port()
	if n, err := strconv.Atoi(port); port != "" && (err != nil || n < 1 || n > 65535) {
		return faultf(ErrInvalid, "%s: port %s", showURL(u.String()), show(port))
	}
	private := ""
	if addr, err := netip.ParseAddr(host); err == nil {
		private = privateAddr(addr)
	} else if private = privateName(host); hostFault(host) != "" {
		return faultf(ErrInvalid, "%s: %s", showURL(u.String()), hostFault(host))
	}
	if private == "" && (u.Scheme == "http" || u.Scheme == "ws") {
		private = "plain " + u.Scheme + ", which anybody on the way can read and change"
	}
	switch {
	case private == "":
		return nil
	case c.allowPrivate:
		c.doubts = append(c.doubts, fmt.Sprintf("%s is %s; kept, since private endpoints are allowed here", showURL(u.String()), private))
		return nil
	}
	return faultf(ErrPrivate, "%s is %s; --allow-private accepts it, for a network of your own", showURL(u.String()), private)
}

// showURL quotes a URL for a message, without user part, query and fragment: they
// may be secrets.
func showURL(s string) string {
	if i := strings.IndexAny(s, "?#"); i >= 0 {
		s = s[:i]
	}
	scheme, rest, ok := strings.Cut(s, "://")
	if authority, _, _ := strings.Cut(rest, "/"); ok && strings.Contains(authority, "@") {
		s = scheme + "://" + rest[strings.LastIndex(authority, "@")+1:]
	}
	return show(s)
}
