package gateway

import (
	"errors"
	"net/netip"
	"strings"
	"testing"
)

func TestEndpoint(t *testing.T) {
	long := "https://example.com/" + strings.Repeat("a", 1100)
	rows := []struct {
		name, raw string
		want      string // the URL kept, or the reason's name
		private   string // the same with AllowPrivate, "" where it is the same
	}{
		{"https", "https://agent.example.com/a2a", "https://agent.example.com/a2a", ""},
		{"blanks around", " https://agent.example.com \n", "https://agent.example.com", ""},
		{"scheme in capitals", "HTTPS://agent.example.com", "https://agent.example.com", ""},
		{"websocket", "wss://agent.example.com/ws", "wss://agent.example.com/ws", ""},
		{"public IPv4", "https://192.0.2.7/a", "https://192.0.2.7/a", ""},
		{"public IPv6", "https://[2001:db8::7]:8443/a", "https://[2001:db8::7]:8443/a", ""},
		{"harmless query", "https://a.example.com/?region=eu", "https://a.example.com/?region=eu", ""},

		{"plain http", "http://agent.example.com/a", "ErrPrivate", "http://agent.example.com/a"},
		{"plain websocket", "ws://agent.example.com/a", "ErrPrivate", "ws://agent.example.com/a"},
		{"localhost", "http://localhost:8000/a", "ErrPrivate", "http://localhost:8000/a"},
		{"localhost in capitals", "https://LocalHost/a", "ErrPrivate", "https://LocalHost/a"},
		{"localhost with a dot", "https://localhost./a", "ErrPrivate", "https://localhost./a"},
		{"below localhost", "https://agent.localhost/a", "ErrPrivate", "https://agent.localhost/a"},
		{"loopback", "https://127.8.9.1/a", "ErrPrivate", "https://127.8.9.1/a"},
		{"IPv6 loopback", "https://[::1]:9/a", "ErrPrivate", "https://[::1]:9/a"},
		{"mapped loopback", "https://[::ffff:127.0.0.1]/a", "ErrPrivate", "https://[::ffff:127.0.0.1]/a"},
		{"loopback through NAT64", "https://[64:ff9b::7f00:1]/a", "ErrPrivate", "https://[64:ff9b::7f00:1]/a"},
		{"unspecified", "https://0.0.0.0/a", "ErrPrivate", "https://0.0.0.0/a"},
		{"ten", "https://10.0.0.1/a", "ErrPrivate", "https://10.0.0.1/a"},
		{"carrier NAT", "https://100.64.1.1/a", "ErrPrivate", "https://100.64.1.1/a"},
		{"link-local", "https://169.254.169.254/latest", "ErrPrivate", "https://169.254.169.254/latest"},
		{"IPv6 link-local with zone", "https://[fe80::1%25eth0]/a", "ErrPrivate", "ErrInvalid"},
		{"unique local", "https://[fd00::1]/a", "ErrPrivate", "https://[fd00::1]/a"},
		{"multicast DNS name", "https://printer.local/a", "ErrPrivate", "https://printer.local/a"},
		{"internal name", "https://db.prod.internal/a", "ErrPrivate", "https://db.prod.internal/a"},
		{"bare host", "https://agenthost/a", "ErrPrivate", "https://agenthost/a"},

		{"angle brackets", "https://<host>.example.com/a", "ErrTemplate", ""},
		{"braces", "https://{tenant}.example.com/a", "ErrTemplate", ""},
		{"shell", "https://${HOST}/a", "ErrTemplate", ""},
		{"square brackets", "https://[game-studio].com/a", "ErrTemplate", ""},
		{"brackets in the path", "https://example.com/[id]", "ErrTemplate", ""},
		{"encoded braces", "https://example.com/%7Bid%7D", "ErrTemplate", ""},

		{"empty", "", "ErrNoLocation", ""},
		{"bidi override", "https://example.com/\u202egnp.card", "ErrInvalid", ""},
		{"zero width", "https://exam\u200bple.com/", "ErrInvalid", ""},
		{"escape", "https://example.com/\x1b[31m", "ErrInvalid", ""},
		{"not ASCII", "https://bücher.example.com/", "ErrInvalid", ""},
		{"dots that are not", "https://127\u30020\u30020\u30021/", "ErrInvalid", ""},
		{"relative", "/a2a/v1", "ErrInvalid", ""},
		{"no scheme", "agent.example.com/a2a", "ErrInvalid", ""},
		{"no slashes", "https:agent.example.com", "ErrInvalid", ""},
		{"script", "javascript://example.com/%0Aalert(1)", "ErrInvalid", ""},
		{"file", "file://example.com/etc/passwd", "ErrInvalid", ""},
		{"user part", "https://user:hunter2@agent.example.com/", "ErrInvalid", ""},
		{"short address", "http://127.1/", "ErrInvalid", ""},
		{"address as a number", "http://2130706433/", "ErrInvalid", ""},
		{"address in hexadecimal", "http://0x7f.0.0.0x1/", "ErrInvalid", ""},
		{"address in octal", "http://0177.0.0.01/", "ErrInvalid", ""},
		{"empty label", "https://a..example.com/", "ErrInvalid", ""},
		{"only dots", "https://.../", "ErrInvalid", ""},
		{"port out of range", "https://example.com:99999/", "ErrInvalid", ""},
		{"backslash", `https://example.com\@evil.example.org/`, "ErrInvalid", ""},
		{"secret in the query", "https://example.com/mcp?api_key=hunter2", "ErrInvalid", ""},
		{"another secret", "https://example.com/mcp?a=1&access-token=hunter2", "ErrInvalid", ""},
		{"too long", long, "ErrInvalid", ""},
	}
	for _, row := range rows {
		t.Run(row.name, func(t *testing.T) {
			if row.private == "" {
				row.private = row.want
			}
			checkEndpointRow(t, checker{}, row.raw, row.want)
			checkEndpointRow(t, checker{allowPrivate: true}, row.raw, row.private)
		})
	}
}

func checkEndpointRow(t *testing.T, c checker, raw, want string) {
	t.Helper()
	got, why := c.endpoint(raw)
	if why != nil {
		for name, sentinel := range sentinels() {
			if errors.Is(why.reason, sentinel) {
				got = name
			}
		}
		if strings.Contains(why.detail, "hunter2") {
			t.Errorf("the message repeats a secret: %s", why.detail)
		}
		if strings.ContainsFunc(why.detail, invisible) {
			t.Errorf("the message is not clean: %q", why.detail)
		}
		if got == "ErrPrivate" && !strings.Contains(why.detail, "--allow-private") {
			t.Errorf("the message has no next step: %s", why.detail)
		}
	}
	if got != want {
		t.Errorf("allowPrivate=%t: %q gave %s (%v), want %s", c.allowPrivate, raw, got, why, want)
	}
	if strict, _ := (&checker{}).endpoint(raw); c.allowPrivate && why == nil && strict == "" && len(c.doubts) != 1 {
		t.Errorf("%q was let through without a word", raw)
	}
}

func TestEmbeddedAddresses(t *testing.T) {
	for _, s := range []string{"2002:7f00:1::", "::127.0.0.1", "64:ff9b::a00:1", "::ffff:192.168.0.1", "fec0::1", "255.255.255.255", "ff02::1", "198.18.0.1"} {
		if privateAddr(netip.MustParseAddr(s)) == "" {
			t.Errorf("%s passes for public", s)
		}
	}
	for _, s := range []string{"8.8.8.8", "2606:4700::1", "203.0.113.9", "100.63.0.1", "100.128.0.1", "2002:808:808::1"} {
		if why := privateAddr(netip.MustParseAddr(s)); why != "" {
			t.Errorf("%s is %s", s, why)
		}
	}
}
