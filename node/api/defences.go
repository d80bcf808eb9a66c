package api

import (
	"net/http"
	"net/url"
	"slices"
	"strings"
)

// defence is one check that every request must pass; it answers with the problem
// that refuses, or nil. A defence stands alone: what one refuses, no other does.
type defence struct {
	name  string
	check func(*server, *call) *Problem
}

// allDefences in their order: who asks, before what is asked; nothing of the
// body is read before the last one has let the request through.
func allDefences() []defence {
	return []defence{
		{"path", checkPath},
		{"host", checkHost},
		{"origin", checkOrigin},
		{"route", checkRoute},
		{"token", checkAuthority},
		{"content-type", checkContentType},
		{"body-cap", checkBody},
		{"query", checkQuery},
	}
}

// safetyHeader is a header in the form that can be set without a copy.
type safetyHeader struct {
	name  string // canonical
	value []string
}

// safetyHeaders hold for every answer: browsers must not guess its type, run,
// frame, embed or keep it.
func safetyHeaders() []safetyHeader {
	return []safetyHeader{
		{"X-Content-Type-Options", []string{"nosniff"}},
		{"Cache-Control", []string{"no-store"}},
		{"Content-Security-Policy", []string{"default-src 'none'; frame-ancestors 'none'"}},
		{"Cross-Origin-Resource-Policy", []string{"same-origin"}},
		{"Referrer-Policy", []string{"no-referrer"}},
	}
}

func (s *server) setSafetyHeaders(c *call) {
	h := c.w.Header()
	for _, sh := range s.safety {
		h[sh.name] = sh.value
	}
}

// checkPath takes paths in their plain form only: no escapes but that of the
// colon, no empty, "." or ".." segment, and no character that no path here has.
func checkPath(_ *server, c *call) *Problem {
	path := c.r.URL.Path
	if u := c.r.URL; u.Scheme != "" && u.Host == "" { // as in GET G:/healthz
		return problem("path", "the scheme %q without a host", u.Scheme)
	}
	if !strings.HasPrefix(path, "/") || c.r.URL.Opaque != "" {
		return problem("path", "it does not start with a slash")
	}
	for i := range len(path) {
		if !inPath(path[i]) {
			return problem("path", "forbidden character at byte %d", i)
		}
	}
	// RawPath is set where the path was sent with escapes that it does not need;
	// those that it would need are of characters refused above.
	if raw := c.r.URL.RawPath; raw != "" && strings.Contains(strings.NewReplacer("%3A", "", "%3a", "").Replace(raw), "%") {
		return problem("path", "percent escapes")
	}
	for segment := range strings.SplitSeq(path[1:], "/") {
		if segment == "." || segment == ".." || segment == "" && path != "/" {
			return problem("path", "the segment %q", segment)
		}
	}
	return nil
}

func inPath(c byte) bool {
	return inWord(c) || c == '/' || c == ':' || c == '.' || c == '_'
}

// checkContentType takes the one media type of the route. What browsers send
// from any page without asking (text/plain, forms) is never one of them.
func checkContentType(_ *server, c *call) *Problem {
	if c.route.safe() {
		return nil
	}
	if enc := c.r.Header.Get("Content-Encoding"); enc != "" && enc != "identity" {
		return problem("content-type", "Content-Encoding %.32q", enc)
	}
	sent := c.r.Header.Values("Content-Type")
	want := c.route.media
	if want == "" {
		if len(sent) == 0 {
			return nil
		}
		want = typeJSON
	}
	if len(sent) != 1 || mediaType(sent[0]) != want {
		return problem("content-type", "got %.64q, want %s", strings.Join(sent, ", "), want)
	}
	return nil
}

// mediaType is the value without its parameters, in lower case.
func mediaType(v string) string {
	v, _, _ = strings.Cut(v, ";")
	return strings.ToLower(strings.TrimSpace(v))
}

// checkBody bounds the body: a length that is declared too great is refused
// unread, and what is read later ends at the limit. A route without a body takes
// none.
func checkBody(_ *server, c *call) *Problem {
	switch {
	case c.r.ContentLength == 0:
		return nil
	case c.r.ContentLength > c.route.limit:
		return problem("too-large", "%d bytes, at most %d", c.r.ContentLength, c.route.limit)
	case c.route.media == "":
		return problem("too-large", "this path takes no body")
	}
	c.reader = http.MaxBytesReader(c.w, c.r.Body, c.route.limit)
	return nil
}

// checkQuery takes the parameters that the route knows, each at most once.
func checkQuery(_ *server, c *call) *Problem {
	if c.r.URL.RawQuery == "" {
		return nil
	}
	values, err := url.ParseQuery(c.r.URL.RawQuery)
	if err != nil {
		return problem("parameter", "the query cannot be read")
	}
	for name, v := range values {
		if !slices.Contains(c.route.query, name) {
			return problem("parameter", "%.64q is unknown; known: %s", name, strings.Join(c.route.query, ", "))
		}
		if len(v) != 1 {
			return problem("parameter", "%.64q is repeated", name)
		}
	}
	return nil
}
