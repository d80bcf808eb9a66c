package records

import (
	"bytes"
	"fmt"
	"regexp"
	"strings"
	"testing"
)

// TestLocationLimits holds Sign and Open to each limit: at it, and one past it.
// Open is asked with bytes that Sign refuses to make.
func TestLocationLimits(t *testing.T) {
	endpoints := func(n int) []Endpoint {
		var e []Endpoint
		for i := range n {
			e = append(e, Endpoint{URL: fmt.Sprintf("https://a%d.example/", i), Protocol: "a2a"})
		}
		return e
	}
	capabilities := func(n int) []string {
		var c []string
		for i := range n {
			c = append(c, fmt.Sprintf("/c%03d", i))
		}
		return c
	}
	extensions := func(n int) map[string][]byte {
		m := map[string][]byte{}
		for i := range n {
			m[fmt.Sprintf("x%d", i)] = nil
		}
		return m
	}
	rep := func(s string, n int) string { return strings.Repeat(s, n) }
	long := "https://a.example/"
	for _, row := range []struct {
		name  string
		edit  func(*Location)
		class error // nil: fits
	}{
		{"no endpoint", func(l *Location) { l.Endpoints = nil }, ErrMalformed},
		{"16 endpoints", func(l *Location) { l.Endpoints = endpoints(16) }, nil},
		{"17 endpoints", func(l *Location) { l.Endpoints = endpoints(17) }, ErrTooLarge},
		{"one endpoint twice", func(l *Location) { l.Endpoints = append(l.Endpoints, l.Endpoints...) }, nil},
		{"endpoint without URL", func(l *Location) { l.Endpoints[0].URL = "" }, ErrMalformed},
		{"endpoint URL of 1024", func(l *Location) { l.Endpoints[0].URL = long + rep("x", MaxURL-len(long)) }, nil},
		{"endpoint URL of 1025", func(l *Location) { l.Endpoints[0].URL = long + rep("x", MaxURL-len(long)+1) }, ErrTooLarge},
		{"no protocol", func(l *Location) { l.Endpoints[0].Protocol = "" }, ErrMalformed},
		{"protocol of 64", func(l *Location) { l.Endpoints[0].Protocol = rep("a", 64) }, nil},
		{"protocol of 65", func(l *Location) { l.Endpoints[0].Protocol = rep("a", 65) }, ErrTooLarge},
		{"protocol in upper case", func(l *Location) { l.Endpoints[0].Protocol = "A2A" }, ErrMalformed},
		{"protocol with a space", func(l *Location) { l.Endpoints[0].Protocol = "a a" }, ErrMalformed},
		{"protocol not ASCII", func(l *Location) { l.Endpoints[0].Protocol = "é" }, ErrMalformed},
		{"protocol with an escape sequence", func(l *Location) { l.Endpoints[0].Protocol = "a\x1b[2J" }, ErrMalformed},
		{"protocol with DEL", func(l *Location) { l.Endpoints[0].Protocol = "a\x7f" }, ErrMalformed},
		{"64 capabilities", func(l *Location) { l.Capabilities = capabilities(64) }, nil},
		{"65 capabilities", func(l *Location) { l.Capabilities = capabilities(65) }, ErrTooLarge},
		{"capability of 128", func(l *Location) { l.Capabilities = []string{"/" + rep("a", 127)} }, nil},
		{"capability of 129", func(l *Location) { l.Capabilities = []string{"/" + rep("a", 128)} }, ErrTooLarge},
		{"capability that is no path", func(l *Location) { l.Capabilities = []string{"translate"} }, ErrMalformed},
		{"card without media type", func(l *Location) { l.Card = &Card{} }, ErrMalformed},
		{"card without URL", func(l *Location) { l.Card = &Card{MediaType: "a/b"} }, nil},
		{"card with a bad URL", func(l *Location) { l.Card = &Card{MediaType: "a/b", URL: "card"} }, ErrMalformed},
		{"card media type of 65", func(l *Location) { l.Card = &Card{MediaType: rep("m", 65)} }, ErrTooLarge},
		{"16 code digests", func(l *Location) { l.Code = manyCode(16) }, nil},
		{"17 code digests", func(l *Location) { l.Code = manyCode(17) }, ErrTooLarge},
		{"code digest without type", func(l *Location) { l.Code = []CodeDigest{{}} }, ErrMalformed},
		{"code digest with a bad URL", func(l *Location) { l.Code = []CodeDigest{{Type: "sbom", URL: "//x"}} }, ErrMalformed},
		{"region of 64", func(l *Location) { l.Region = rep("r", 64) }, nil},
		{"region of 65", func(l *Location) { l.Region = rep("r", 65) }, ErrTooLarge},
		{"region with a line feed", func(l *Location) { l.Region = "eu\nwest" }, ErrMalformed},
		{"16 extensions", func(l *Location) { l.Extensions = extensions(16) }, nil},
		{"17 extensions", func(l *Location) { l.Extensions = extensions(17) }, ErrTooLarge},
		{"extension without name", func(l *Location) { l.Extensions = map[string][]byte{"": {1}} }, ErrMalformed},
		{"extension name of 65", func(l *Location) { l.Extensions = map[string][]byte{rep("n", 65): {1}} }, ErrTooLarge},
		{"extension of 1024", func(l *Location) { l.Extensions = map[string][]byte{"x": make([]byte, 1024)} }, nil},
		{"extension of 1025", func(l *Location) { l.Extensions = map[string][]byte{"x": make([]byte, 1025)} }, ErrTooLarge},
		{"more than 4096 bytes, each part within its limit", func(l *Location) {
			l.Extensions = map[string][]byte{"a": make([]byte, 1024), "b": make([]byte, 1024), "c": make([]byte, 1024), "d": make([]byte, 1024)}
		}, ErrTooLarge},
	} {
		t.Run(row.name, func(t *testing.T) {
			a := newRawAgent(t, 1)
			l := Location{Endpoints: []Endpoint{{URL: "https://a.example/", Protocol: "a2a"}}}
			row.edit(&l)
			signer := &countingSigner{Signer: a.key}
			rec, err := Sign(a.ident, signer, Draft{Sequence: 1, Issued: testTime, Location: l})
			wantErr(t, err, row.class)
			if (rec == nil) != (row.class != nil) {
				t.Fatal("a record beside an error, or neither")
			}
			if row.class != nil && signer.used > 0 {
				t.Fatal("refused only after the key was used")
			}
			payload, err := codec.marshal(payloadWire{
				Agent: a.ident.ID(), Sequence: 1, Issued: uint64(testTime.Unix()), NotAfter: uint64(testTime.Unix()) + 3600, Location: l,
			})
			wantErr(t, err, nil)
			opened, err := OpenRecord(a.record(t, payload))
			wantErr(t, err, row.class)
			if row.class == nil && !bytes.Equal(opened.Bytes(), rec.Bytes()) {
				t.Fatal("Sign made other bytes")
			}
		})
	}
}

func manyCode(n int) []CodeDigest {
	c := make([]CodeDigest, n)
	for i := range c {
		c[i].Type = "sbom"
	}
	return c
}

// countingSigner knows how often its key was used.
type countingSigner struct {
	Signer
	used int
}

func (s *countingSigner) Sign(msg []byte) ([]byte, error) {
	s.used++
	return s.Signer.Sign(msg)
}

func TestCheckCapability(t *testing.T) {
	for _, good := range []string{"/a", "/translate-en-es", "/a/b/c", "/v1.2_x-y", "/0", "/" + strings.Repeat("a", 127)} {
		if err := CheckCapability(good); err != nil {
			t.Error(err)
		}
	}
	for _, bad := range []string{
		"", "/", "a", "a/b", "//", "/a/", "/a//b", "//a", "/A", "/a b", "/a\n", "/é", "/.", "/..", "/a/../b", "/-a", "/_a",
		"/a/.b", "/a?b", "/a#b", "/a%20b", "/a:b", "/a\x00", "/*", "/\xff",
	} {
		wantErr(t, CheckCapability(bad), ErrMalformed)
	}
	wantErr(t, CheckCapability("/"+strings.Repeat("a", 128)), ErrTooLarge)
}

// TestSignSortsCapabilities, and leaves the caller's slice alone.
func TestSignSortsCapabilities(t *testing.T) {
	ident, key, _ := testAgent(t, 1)
	caps := []string{"/b", "/a", "/b"}
	rec := mustSign(t, ident, key, Draft{Issued: testTime, Location: Location{
		Endpoints: []Endpoint{{URL: "https://a.example", Protocol: "a2a"}}, Capabilities: caps,
	}})
	if got := strings.Join(rec.Location().Capabilities, " "); got != "/a /b" {
		t.Error(got)
	}
	if strings.Join(caps, " ") != "/b /a /b" {
		t.Error("the caller's slice changed")
	}
}

// capabilityPattern is the spec's rule, said another way.
var capabilityPattern = regexp.MustCompile(`\A(/[a-z0-9][a-z0-9._-]*)+\z`)
