package web

import (
	"net"
	"net/http"
	"slices"
	"strings"
	"testing"
)

// attack is what a foreign page, a rebound name or a neighbour on this machine sends.
type attack struct {
	name   string
	by     string // the check that refuses it
	status int
	path   string
	set    func(r *http.Request, s *Server)
}

func attacks() []attack {
	honest := func(r *http.Request, s *Server) {
		r.Header.Set("Authorization", "Bearer "+s.token)
		r.Header.Set("Content-Type", "application/json")
	}
	return []attack{
		{"a name that was made to point here", "host", http.StatusMisdirectedRequest, "/live/revoke", func(r *http.Request, s *Server) {
			honest(r, s)
			r.Host = "evil.example:" + r.URL.Port()
		}},
		{"another port of this machine", "host", http.StatusMisdirectedRequest, "/live/revoke", func(r *http.Request, s *Server) {
			honest(r, s)
			r.Host = "127.0.0.1:1"
		}},
		{"a page of another origin", "origin", http.StatusForbidden, "/live/revoke", func(r *http.Request, s *Server) {
			honest(r, s)
			r.Header.Set("Origin", "https://evil.example")
		}},
		{"a page on another port", "origin", http.StatusForbidden, "/live/revoke", func(r *http.Request, s *Server) {
			honest(r, s)
			r.Header.Set("Origin", "http://127.0.0.1:1")
		}},
		{"a page without an origin", "origin", http.StatusForbidden, "/live/revoke", func(r *http.Request, s *Server) {
			honest(r, s)
			r.Header.Set("Origin", "null")
		}},
		{"a page of another site that leaves the origin out", "origin", http.StatusForbidden, "/live/revoke", func(r *http.Request, s *Server) {
			honest(r, s)
			r.Header.Set("Sec-Fetch-Site", "cross-site")
		}},
		{"no key", "key", http.StatusUnauthorized, "/live/revoke", func(r *http.Request, s *Server) {
			honest(r, s)
			r.Header.Del("Authorization")
		}},
		{"the key of an earlier run", "key", http.StatusUnauthorized, "/live/revoke", func(r *http.Request, s *Server) {
			honest(r, s)
			r.Header.Set("Authorization", "Bearer "+strings.Repeat("A", 43))
		}},
		{"a form", "json", http.StatusUnsupportedMediaType, "/live/revoke", func(r *http.Request, s *Server) {
			honest(r, s)
			r.Header.Set("Content-Type", "text/plain")
		}},
	}
}

// Each attack is refused by its check, and by no other: with that one left out, it gets
// through and revokes.
func TestAttacks(t *testing.T) {
	for _, a := range attacks() {
		t.Run(a.name, func(t *testing.T) {
			status, did := a.send(t, allChecks())
			if status != a.status || len(did) > 0 {
				t.Errorf("answered with %d, want %d; it did %q", status, a.status, did)
			}
			without := slices.DeleteFunc(allChecks(), func(c check) bool { return c.name == a.by })
			if status, did := a.send(t, without); status != http.StatusOK || !slices.Equal(did, []string{"revoke bafy on n1"}) {
				t.Errorf("without the check %q: answered with %d and did %q; the attack does not test it", a.by, status, did)
			}
		})
	}
}

// send attacks a server with these checks.
func (a attack) send(t *testing.T, checks []check) (status int, did []string) {
	t.Helper()
	view := newFakeView()
	s := serve(t, Config{View: view}, checks)
	r, err := http.NewRequest(http.MethodPost, s.url+a.path, strings.NewReader(`{"node":"n1","agent":"bafy"}`))
	if err != nil {
		t.Fatal(err)
	}
	a.set(r, s)
	return do(t, r), view.done()
}

// What the page itself sends passes.
func TestOwnPage(t *testing.T) {
	for _, row := range []struct {
		name, method, path, body string
		header                   map[string]string
		open                     bool // without the key
		want                     int
	}{
		{"the page", "GET", "/", "", nil, true, 200},
		{"the page by a link", "GET", "/", "", map[string]string{"Sec-Fetch-Site": "cross-site", "Sec-Fetch-Mode": "navigate"}, true, 200},
		{"its scripts", "GET", "/main.js", "", map[string]string{"Sec-Fetch-Site": "same-origin"}, true, 200},
		{"its scripts into another page", "GET", "/main.js", "", map[string]string{"Sec-Fetch-Site": "cross-site"}, true, 403},
		{"no folder", "GET", "/..%2fserver.go", "", nil, true, 404},
		{"a node", "GET", "/live/node?name=n1", "", nil, false, 200},
		{"no node", "GET", "/live/node?name=n9", "", nil, false, 404},
		{"a revocation", "POST", "/live/revoke", `{"node":"n1","agent":"bafy"}`, map[string]string{"Origin": "own"}, false, 200},
		{"a word it does not know", "POST", "/live/revoke", `{"nodes":"n1"}`, nil, false, 400},
		{"too much", "POST", "/live/revoke", `{"agent":"` + strings.Repeat("a", maxBody) + `"}`, nil, false, 400},
		{"a revocation by GET", "GET", "/live/revoke", "", nil, false, 404},
		{"a fault where nothing may be broken", "POST", "/live/kill", `{"node":"n1"}`, nil, false, 404},
	} {
		t.Run(row.name, func(t *testing.T) {
			s := serve(t, Config{View: newFakeView()}, allChecks())
			r, err := http.NewRequest(row.method, s.url+row.path, strings.NewReader(row.body))
			if err != nil {
				t.Fatal(err)
			}
			if !row.open {
				r.Header.Set("Authorization", "Bearer "+s.token)
			}
			if row.method == http.MethodPost {
				r.Header.Set("Content-Type", "application/json; charset=utf-8")
			}
			for k, v := range row.header {
				if v == "own" {
					v = s.url
				}
				r.Header.Set(k, v)
			}
			if got := do(t, r); got != row.want {
				t.Errorf("answered with %d, want %d", got, row.want)
			}
		})
	}
}

// The page is not served where others can reach it.
func TestListensOnLoopbackAlone(t *testing.T) {
	for _, addr := range []string{"0.0.0.0:0", ":0", "192.0.2.1:80", "[::]:0", "example.org:80", "127.0.0.1"} {
		if s, err := Open(Config{Addr: addr, View: newFakeView()}); err == nil {
			t.Errorf("%s: it listens", addr)
			_ = s.Close()
		}
	}
	s, err := Open(Config{Addr: "localhost:0", View: newFakeView()})
	if err != nil {
		t.Fatal(err)
	}
	if host, _, _ := net.SplitHostPort(strings.TrimPrefix(s.url, "http://")); host != "127.0.0.1" {
		t.Errorf("localhost is %s", host)
	}
	if err := s.Close(); err != nil {
		t.Fatal(err)
	}
}

// serve runs a server with these checks until the test ends.
func serve(t *testing.T, cfg Config, checks []check) *Server {
	t.Helper()
	l, err := listen("127.0.0.1:0")
	if err != nil {
		t.Fatal(err)
	}
	s, err := newServer(cfg, checks)
	if err != nil {
		t.Fatal(err)
	}
	s.start(l)
	t.Cleanup(func() {
		if err := s.Close(); err != nil {
			t.Error(err)
		}
	})
	return s
}

// do sends a request on a connection of its own and returns the status.
func do(t *testing.T, r *http.Request) int {
	t.Helper()
	r.Close = true
	res, err := http.DefaultTransport.RoundTrip(r) // no redirects
	if err != nil {
		t.Fatal(err)
	}
	defer res.Body.Close()
	for name, want := range map[string]string{"X-Content-Type-Options": "nosniff", "Cross-Origin-Resource-Policy": "same-origin"} {
		if got := res.Header.Get(name); got != want {
			t.Errorf("%s: %q, want %q", name, got, want)
		}
	}
	if got := res.Header.Get("Cache-Control"); got != "no-store" && res.StatusCode == http.StatusOK {
		t.Errorf("Cache-Control: %q", got)
	}
	if csp := res.Header.Get("Content-Security-Policy"); !strings.Contains(csp, "frame-ancestors 'none'") || strings.Contains(csp, "unsafe") {
		t.Errorf("Content-Security-Policy: %q", csp)
	}
	return res.StatusCode
}
