package records

import (
	"net/url"
	"strings"
	"testing"
)

func goodURLs() []string {
	return []string{
		"https://agent.example",
		"https://agent.example/",
		"https://agent.example:8443/a2a/v1?x=%20y#z",
		"https://xn--bcher-kva.example/",
		"https://AGENT.example./",
		"https://192.0.2.1:80",
		"https://[2001:db8::1]:443/mcp",
		"https://[::ffff:192.0.2.1]/",
		"http://localhost:3000/mcp",
		"wss://a.example/socket",
		"grpc://a.example:50051",
		"coap+tcp://a.example",
		"https://a.example?x=1",
		"https://a.example#x",
		"https://a.example/@user",
		"https://a.example//double",
		"https://a_b.example/~x/!$&'()*+,;=:@",
		"/ip4/192.0.2.1/tcp/4001",
		"/ip4/192.0.2.1/udp/4001/quic-v1/webtransport/certhash/uEiAkH5a4DPGKUuOBjYw0CgwjvcJCJMD2K_1aluKR_tpevQ",
		"/dnsaddr/bootstrap.example",
		"/ip6/2001:db8::1/tcp/443/tls/ws",
		"/protocol-of-next-year/with%2Fvalue",
		"/memory",
		"pkg:npm/%40example/agent@1.0.0",
		"pkg:docker/agent@sha256:244fd47e07d1004f0aed9c?repository_url=r.example",
		"pkg:golang/github.com/cairn-overlay/cairn@v1.0.0#cmd/cairn",
	}
}

// badURL is text that is no place; the vectors publish the rows.
type badURL struct {
	name, url string
	class     error
}

func badURLs() []badURL {
	return []badURL{
		{"empty", "", ErrMalformed},
		{"too long", "https://a.example/" + strings.Repeat("x", MaxURL), ErrTooLarge},
		{"relative", "agent.example/a2a", ErrMalformed},
		{"host and port without a scheme", "agent.example:443", ErrMalformed},
		{"scheme-relative", "//agent.example/a2a", ErrMalformed},
		{"no scheme", "://agent.example", ErrMalformed},
		{"scheme in upper case", "HTTPS://agent.example", ErrMalformed},
		{"scheme that begins with a digit", "9p://agent.example", ErrMalformed},
		{"scheme that begins with a point", ".p://agent.example", ErrMalformed},
		{"scheme with an underscore", "a_b://agent.example", ErrMalformed},
		{"one slash", "https:/agent.example", ErrMalformed},
		{"opaque", "mailto:agent@example.org", ErrMalformed},
		{"urn", "urn:agent:x", ErrMalformed},
		{"no host", "https://", ErrMalformed},
		{"no host, a path", "https:///a2a", ErrMalformed},
		{"no host, a port", "https://:443/", ErrMalformed},
		{"no host, a query", "https://?x", ErrMalformed},
		{"user", "https://user@agent.example/", ErrMalformed},
		{"user and password", "https://user:pw@agent.example/", ErrMalformed},
		{"empty user", "https://@agent.example/", ErrMalformed},
		{"two hosts for two readers", "https://good.example\\@evil.example/", ErrMalformed},
		{"host with a percent sign", "https://a%2eexample/", ErrMalformed},
		{"host with a comma", "https://a,b/", ErrMalformed},
		{"host of 254", "https://" + strings.Repeat("a", 254) + "/", ErrMalformed},
		{"port empty", "https://a.example:/", ErrMalformed},
		{"port 0", "https://a.example:0/", ErrMalformed},
		{"port 65536", "https://a.example:65536/", ErrMalformed},
		{"port 080", "https://a.example:080/", ErrMalformed},
		{"port with a sign", "https://a.example:+80/", ErrMalformed},
		{"port with an underscore", "https://a.example:8_0/", ErrMalformed},
		{"port that is a name", "https://a.example:http/", ErrMalformed},
		{"two ports", "https://a.example:80:80/", ErrMalformed},
		{"IPv6 without brackets", "https://2001:db8::1/", ErrMalformed},
		{"IPv6 that does not close", "https://[2001:db8::1/", ErrMalformed},
		{"IPv6 with a zone", "https://[fe80::1%25eth0]/", ErrMalformed},
		{"IPv6 with a tail", "https://[2001:db8::1]x/", ErrMalformed},
		{"IPv6 that is none", "https://[2001:db8::g]/", ErrMalformed},
		{"IPv6 with an empty port", "https://[2001:db8::1]:/", ErrMalformed},
		{"IPv4 in brackets", "https://[192.0.2.1]/", ErrMalformed},
		{"nothing in brackets", "https://[]/", ErrMalformed},
		{"percent sign at the end", "https://a.example/%", ErrMalformed},
		{"percent sign with one digit", "https://a.example/%2", ErrMalformed},
		{"percent sign with other letters", "https://a.example/%zz", ErrMalformed},
		{"percent sign in the query", "https://a.example/?%zz", ErrMalformed},
		{"space", "https://a.example/a b", ErrMalformed},
		{"line feed", "https://a.example/\nSet-Cookie:x", ErrMalformed},
		{"NUL", "https://a.example/\x00", ErrMalformed},
		{"DEL", "https://a.example/\x7f", ErrMalformed},
		{"terminal escape", "https://a.example/\x1b]8;;x", ErrMalformed},
		{"not ASCII", "https://bücher.example/", ErrMalformed},
		{"right-to-left override", "https://a.example/\u202egpj.exe", ErrMalformed},
		{"not UTF-8", "https://a.example/\xff", ErrMalformed},
		{"markup", "https://a.example/<script>", ErrMalformed},
		{"double quote", `https://a.example/"`, ErrMalformed},
		{"backslash", `https://a.example\b`, ErrMalformed},
		{"template", "https://{host}/", ErrMalformed},
		{"script", "javascript://a.example/%0aalert(1)", ErrMalformed},
		{"script without a host", "javascript:alert(1)", ErrMalformed},
		{"data", "data:text/html,x", ErrMalformed},
		{"file", "file://a.example/etc/passwd", ErrMalformed},
		{"multiaddr: one slash", "/", ErrMalformed},
		{"multiaddr: empty part", "/ip4//tcp/80", ErrMalformed},
		{"multiaddr: empty part at the end", "/ip4/192.0.2.1/", ErrMalformed},
		{"multiaddr: protocol in upper case", "/IP4/192.0.2.1", ErrMalformed},
		{"multiaddr: protocol of digits", "/4/192.0.2.1", ErrMalformed},
		{"package: bare", "pkg:", ErrMalformed},
		{"package: no name", "pkg:npm", ErrMalformed},
		{"package: empty name", "pkg:npm/", ErrMalformed},
		{"package: no type", "pkg:/name", ErrMalformed},
		{"package: type in upper case", "pkg:NPM/name", ErrMalformed},
		{"package: percent sign", "pkg:npm/%", ErrMalformed},
	}
}

func TestCheckURL(t *testing.T) {
	for _, s := range goodURLs() {
		if err := CheckURL(s); err != nil {
			t.Error(err)
		}
	}
	for _, row := range badURLs() {
		t.Run(row.name, func(t *testing.T) {
			err := CheckURL(row.url)
			wantErr(t, err, row.class)
			if strings.ContainsFunc(err.Error(), func(r rune) bool { return r < ' ' || r > '~' && r < 0xa0 }) {
				t.Fatalf("the message carries a control character: %q", err)
			}
		})
	}
}

// checkURLPromise is what CheckURL gives its users: net/url reads the text, and
// reads the host that CheckURL read.
func checkURLPromise(t testing.TB, s string) {
	t.Helper()
	if strings.HasPrefix(s, "/") || strings.HasPrefix(s, "pkg:") {
		return
	}
	u, err := url.Parse(s)
	if err != nil {
		t.Fatalf("%q is taken, and net/url says %v", s, err)
	}
	_, rest, _ := strings.Cut(s, "://")
	if u.User != nil || u.Hostname() == "" || !strings.HasPrefix(rest, u.Host) {
		t.Fatalf("%q: user %v, host %q", s, u.User, u.Host)
	}
}

func TestCheckURLPromise(t *testing.T) {
	for _, s := range goodURLs() {
		checkURLPromise(t, s)
	}
}

// TestSignKnowsMultiaddrs: a slip in a multiaddr is told before a key is used,
// and yet a reader takes the form of a protocol that it has never heard of.
func TestSignKnowsMultiaddrs(t *testing.T) {
	a := newRawAgent(t, 1)
	const next = "/protocol-of-next-year/1"
	_, err := Sign(a.ident, a.key, Draft{Issued: testTime, Location: Location{Endpoints: []Endpoint{{URL: next, Protocol: "libp2p"}}}})
	wantErr(t, err, ErrMalformed)
	payload := a.payload().with("ep", cArray(fields{"url": cText(next), "proto": cText("libp2p")}.encode()))
	_, err = OpenRecord(a.record(t, payload.encode()))
	wantErr(t, err, nil)
}
