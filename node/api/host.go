package api

import (
	"fmt"
	"net/http"
	"net/url"
	"strings"

	"github.com/cairn-overlay/cairn/internal/porter"
)

// checkHost refuses a Host header that names anybody else: a web page whose name
// was made to point here (DNS rebinding) carries its own name in it. A request
// without a Host names nobody and is refused too.
func checkHost(s *server, c *call) *Problem {
	if s.socket || s.hostAllowed(c.r) {
		return nil
	}
	return problem("host", "%.200q", c.r.Host)
}

func (s *server) hostAllowed(r *http.Request) bool {
	host := strings.ToLower(r.Host)
	name, _ := porter.Split(host)
	return s.hosts[host] || s.hosts[name] || porter.Local(r)
}

// allowedHosts holds the configured names to a form that no wildcard, URL or
// path has.
func allowedHosts(names []string) (map[string]bool, error) {
	hosts := make(map[string]bool)
	for _, name := range names {
		host := strings.ToLower(name)
		u, err := url.Parse("http://" + host)
		if err != nil || u.Host != host || u.Hostname() == "" || strings.ContainsAny(host, "*, \t") {
			return nil, fmt.Errorf("host %.80q: %w: want a name or an address, with or without a port", name, ErrInvalid)
		}
		if u.Port() == "" {
			host = u.Hostname()
		}
		hosts[host] = true
	}
	return hosts, nil
}

// checkOrigin refuses what a browser sends on behalf of a page that is not
// listed. Browsers leave the Origin out of some requests, such as for an image,
// but say Sec-Fetch-Site; programs send neither.
func checkOrigin(s *server, c *call) *Problem {
	origins := c.r.Header.Values("Origin")
	if len(origins) == 0 {
		switch site := c.r.Header.Get("Sec-Fetch-Site"); site {
		case "", "none", "same-origin":
			return nil
		default:
			return problem("origin", "a page of another site (%.32q)", site)
		}
	}
	if len(origins) != 1 || !s.origins[origins[0]] {
		return problem("origin", "%.200q", strings.Join(origins, ", "))
	}
	h := c.w.Header()
	h.Set("Access-Control-Allow-Origin", origins[0])
	h.Set("Cross-Origin-Resource-Policy", "cross-origin")
	h.Set("Vary", "Origin")
	return nil
}

// allowedOrigins holds the configured origins to the form in which browsers send
// them; "null" and "*" are anybody.
func allowedOrigins(list []string) (map[string]bool, error) {
	origins := make(map[string]bool)
	for _, o := range list {
		u, err := url.Parse(o)
		if err != nil || u.Scheme == "" || u.Host == "" || o != strings.ToLower(u.Scheme+"://"+u.Host) || strings.ContainsAny(o, "*, \t") {
			return nil, fmt.Errorf("origin %.80q: %w: want a form like https://console.example", o, ErrInvalid)
		}
		origins[o] = true
	}
	return origins, nil
}
