package web

import (
	"mime"
	"net/http"
	"strings"

	"github.com/cairn-overlay/cairn/internal/porter"
	"github.com/cairn-overlay/cairn/internal/weak"
)

// check is one thing that every request must pass; it returns the status of the refusal
// and its reason, or 0. Each stands alone: what one refuses, no other does.
type check struct {
	name string
	pass func(*Server, *http.Request) (status int, reason string)
}

// allChecks in their order: who asks, before what is asked.
func allChecks() []check {
	if weak.Off(weak.PageDoor) {
		return nil
	}
	return []check{
		{"host", checkHost},
		{"origin", checkOrigin},
		{"key", checkKey},
		{"json", checkJSON},
	}
}

// checkHost refuses a Host header that names anybody else (DNS rebinding).
func checkHost(_ *Server, r *http.Request) (int, string) {
	if porter.Local(r) {
		return 0, ""
	}
	return http.StatusMisdirectedRequest, "this address is not meant by that name"
}

// checkOrigin refuses what a browser sends on behalf of another page. Browsers leave the
// Origin out of some requests, but say Sec-Fetch-Site; programs send neither. A link that
// somebody follows to the page itself is "cross-site" or "none", and reads nothing.
func checkOrigin(_ *Server, r *http.Request) (int, string) {
	origins := r.Header.Values("Origin")
	if len(origins) > 0 {
		if len(origins) == 1 && origins[0] == "http://"+r.Host {
			return 0, ""
		}
		return http.StatusForbidden, "a page of another origin asks"
	}
	switch site := r.Header.Get("Sec-Fetch-Site"); {
	case site == "" || site == "none" || site == "same-origin":
		return 0, ""
	case r.URL.Path == "/" && r.Method == http.MethodGet && r.Header.Get("Sec-Fetch-Mode") == "navigate":
		return 0, ""
	}
	return http.StatusForbidden, "a page of another site asks"
}

// checkKey wants the key for everything but the page itself.
func checkKey(s *Server, r *http.Request) (int, string) {
	if !strings.HasPrefix(r.URL.Path, livePath) {
		return 0, ""
	}
	sent := r.Header.Values("Authorization")
	if len(sent) == 1 && s.key.Opens(sent[0]) {
		return 0, ""
	}
	return http.StatusUnauthorized, "not the key of this run: open the page by the link that was printed at the start"
}

// checkJSON wants JSON from whoever changes something: forms cannot send it.
func checkJSON(_ *Server, r *http.Request) (int, string) {
	if r.Method != http.MethodPost {
		return 0, ""
	}
	media, _, err := mime.ParseMediaType(r.Header.Get("Content-Type"))
	if err == nil && media == "application/json" {
		return 0, ""
	}
	return http.StatusUnsupportedMediaType, "want application/json"
}

// safety is said with every answer.
func safety(h http.Header) {
	if weak.Off(weak.PagePolicy) {
		return
	}
	for name, value := range map[string]string{
		"Content-Security-Policy": "default-src 'none'; script-src 'self'; style-src 'self'; connect-src 'self'; img-src 'self' data:; " +
			"base-uri 'none'; form-action 'none'; frame-ancestors 'none'",
		"X-Content-Type-Options":       "nosniff",
		"Cache-Control":                "no-store",
		"Cross-Origin-Resource-Policy": "same-origin",
		"Cross-Origin-Opener-Policy":   "same-origin",
		"Referrer-Policy":              "no-referrer",
	} {
		h.Set(name, value)
	}
}
