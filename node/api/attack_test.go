package api

import (
	"bytes"
	"errors"
	"fmt"
	"io"
	"net"
	"net/http"
	"os"
	"slices"
	"strings"
	"sync"
	"testing"
	"time"
)

// attack is one row of the table of hostile requests (A17). It is legitimate in
// every respect but one, and reports whether it got through: it was answered as
// if it were nothing special, or it took what it must not get.
type attack struct {
	name    string
	defence string // the one that stops it; empty where two or more do
	try     func(testing.TB, *door) bool
}

// answered is an attack whose request must be refused with a status code.
func answered(code int, method, path, body string, headers ...string) func(testing.TB, *door) bool {
	return func(t testing.TB, d *door) bool {
		t.Helper()
		a := d.send(t, method, path, strings.NewReader(body), append(headers, "Connection: close")...)
		if a.StatusCode >= 400 && a.StatusCode != code {
			t.Errorf("%s %s: refused with %d, want %d: %s", method, path, a.StatusCode, code, a.body)
		}
		if a.StatusCode == code {
			a.problem(t)
		}
		return a.StatusCode < 400
	}
}

// rawly is an attack in bytes that no client library would send.
func rawly(text string) func(testing.TB, *door) bool {
	return func(t testing.TB, d *door) bool {
		t.Helper()
		a := d.raw(t, text)
		return a != nil && a.StatusCode < 400
	}
}

func get(path, host string) string {
	return "GET " + path + " HTTP/1.1\r\nHost: " + host + "\r\nConnection: close\r\n\r\n"
}

var attacks = []attack{
	{"host: another name", "host", answered(403, "GET", "/v1/status", "", "Host: evil.com")},
	{"host: a name made to point here, with our port (rebinding)", "host", rawly(get("/v1/status", "evil.com:PORT"))},
	{"host: our address in a longer name", "host", rawly(get("/v1/status", "ADDR.evil.com"))},
	{"host: localhost in a longer name", "host", rawly(get("/v1/status", "localhost.evil.com"))},
	{"host: localhost with another port", "host", rawly(get("/v1/status", "localhost:1"))},
	{"host: none (HTTP/1.0)", "host", rawly("GET /v1/status HTTP/1.0\r\n\r\n")},
	{"host: an absolute target", "host", rawly("GET http://evil.com/v1/status HTTP/1.1\r\nHost: ADDR\r\nConnection: close\r\n\r\n")},
	{"host: the wildcard address", "host", rawly(get("/v1/status", "0.0.0.0:PORT"))},
	{"host: a write with the token, from a rebound page", "host", answered(403, "POST", "/v1/stop", "", "Host: evil.com")},

	{"origin: foreign", "origin", answered(403, "GET", "/v1/status", "", "Origin: https://evil.com")},
	{"origin: null", "origin", answered(403, "GET", "/v1/status", "", "Origin: null")},
	{"origin: a listed one in a longer name", "origin", answered(403, "GET", "/v1/status", "", "Origin: https://console.example.evil.com")},
	{"origin: a listed one and another", "origin", answered(403, "GET", "/v1/status", "", "Origin: https://console.example", "Origin: https://evil.com")},
	{"origin: another port of this machine", "origin", answered(403, "POST", "/v1/stop", "", "Origin: http://127.0.0.1:3000")},
	{"origin: an image of another site", "origin", answered(403, "GET", "/v1/tombstones", "", "Sec-Fetch-Site: cross-site", "Sec-Fetch-Mode: no-cors")},

	{"token: none", "token", answered(401, "POST", "/v1/stop", "", "Authorization:")},
	{"token: none, for a read that is not public", "token", answered(401, "GET", "/v1/peers", "", "Authorization:")},
	{"token: none, for a document", "token", answered(401, "POST", "/v1/publish", "{}", "Authorization:", "Content-Type: application/json")},
	{"token: wrong", "token", answered(401, "POST", "/v1/stop", "", "Authorization:", "Authorization: Bearer correct-horse-battery-stapler")},
	{"token: a beginning of it", "token", answered(401, "POST", "/v1/stop", "", "Authorization:", "Authorization: Bearer correct-horse-battery-stapl")},
	{"token: empty", "token", answered(401, "POST", "/v1/stop", "", "Authorization:", "Authorization: Bearer")},
	{"token: in another scheme", "token", answered(401, "POST", "/v1/stop", "", "Authorization:", "Authorization: Basic "+testToken)},
	{"token: a right and a wrong one", "token", answered(401, "POST", "/v1/stop", "", "Authorization: Bearer wrong")},
	{"token: wrong, where none is needed", "token", answered(401, "GET", "/v1/status", "", "Authorization:", "Authorization: Bearer wrong")},

	{"content-type: text/plain", "content-type", answered(415, "POST", "/v1/publish", "{}", "Content-Type: text/plain")},
	{"content-type: a form", "content-type", answered(415, "POST", "/v1/publish", "{}", "Content-Type: application/x-www-form-urlencoded")},
	{"content-type: a form with parts", "content-type", answered(415, "POST", "/v1/publish", "{}", "Content-Type: multipart/form-data; boundary=x")},
	{"content-type: none", "content-type", answered(415, "POST", "/v1/publish", "{}")},
	{"content-type: two", "content-type", answered(415, "POST", "/v1/publish", "{}", "Content-Type: application/json", "Content-Type: text/plain")},
	{"content-type: text/plain where no body is due", "content-type", answered(415, "POST", "/v1/stop", "", "Content-Type: text/plain")},
	{"content-type: packed", "content-type", answered(415, "POST", "/v1/publish", "{}", "Content-Type: application/json", "Content-Encoding: gzip")},

	{"body-cap: a declared length over the limit", "body-cap", tooLong(func(b []byte) io.Reader { return bytes.NewReader(b) })},
	{"body-cap: chunks over the limit", "body-cap", tooLong(func(b []byte) io.Reader { return struct{ io.Reader }{bytes.NewReader(b)} })},
	{"body-cap: a gigabyte, declared", "body-cap", gigabyte("Content-Length: 1073741824")},
	{"body-cap: a gigabyte, in chunks", "body-cap", gigabyte("Transfer-Encoding: chunked")},
	{"body-cap: a body where none is due", "body-cap", answered(413, "GET", "/v1/status", "{}")},

	{"path: up and out", "", rawly(get("/../../etc/passwd", "ADDR"))},
	{"path: up and out of an agent", "", rawly(get("/v1/agents/../../../etc/passwd", "ADDR"))},
	{"path: a scheme without a host", "path", rawly(get("G:/healthz", "ADDR"))},
	{"path: up by escapes", "", rawly(get("/v1/agents/%2e%2e/%2e%2e/healthz", "ADDR"))},
	{"path: up by escaped slashes", "", rawly(get("/v1/agents/..%2f..%2fhealthz", "ADDR"))},
	{"path: up by backslashes", "", rawly(get(`/v1\..\healthz`, "ADDR"))},
	{"path: up into a known path", "", rawly(get("/v1/../healthz", "ADDR"))},
	{"path: NUL", "", rawly(get("/healthz%00.json", "ADDR"))},
	{"path: a bare NUL", "", rawly(get("/healthz\x00", "ADDR"))},
	{"path: a line break", "", rawly(get("/healthz%0d%0aX:%20y", "ADDR"))},
	{"path: double slashes", "", rawly(get("//healthz", "ADDR"))},
	{"path: double slashes within", "", rawly(get("/v1//status", "ADDR"))},
	{"path: a dot", "", rawly(get("/v1/./status", "ADDR"))},
	{"path: a slash too many", "", rawly(get("/healthz/", "ADDR"))},
	{"path: letters in disguise", "path", rawly(get("/%76%31/status", "ADDR"))},
	{"path: two UTF-8 forms of a dot", "", rawly(get("/v1/agents/%c0%ae%c0%ae/healthz", "ADDR"))},

	{"method: preflight", "", rawly("OPTIONS /v1/publish HTTP/1.1\r\nHost: ADDR\r\nOrigin: https://evil.com\r\nAccess-Control-Request-Method: POST\r\nConnection: close\r\n\r\n")},
	{"method: preflight of a listed origin", "", rawly("OPTIONS /v1/publish HTTP/1.1\r\nHost: ADDR\r\nOrigin: https://console.example\r\nAccess-Control-Request-Method: POST\r\nConnection: close\r\n\r\n")},
	{"method: OPTIONS *", "", rawly("OPTIONS * HTTP/1.1\r\nHost: ADDR\r\nConnection: close\r\n\r\n")},
	{"method: TRACE", "", rawly("TRACE /v1/status HTTP/1.1\r\nHost: ADDR\r\nConnection: close\r\n\r\n")},
	{"method: CONNECT", "", rawly("CONNECT evil.com:443 HTTP/1.1\r\nHost: ADDR\r\n\r\n")},
	{"method: a write by GET", "", rawly(get("/v1/stop", "ADDR"))},

	{"query: an unknown parameter", "query", answered(400, "GET", "/v1/status?polcy=first", "")},
	{"name: a path for a name", "", answered(400, "POST", "/v1/publish?agent=..%2F..%2Fetc%2Fpasswd", "{}", "Content-Type: application/json")},
	{"name: a hidden file for a name", "", answered(400, "POST", "/v1/publish?agent=.ssh", "{}", "Content-Type: application/json")},
	{"header: over the limit", "", rawly("GET /v1/status HTTP/1.1\r\nHost: ADDR\r\nConnection: close\r\nX: " + strings.Repeat("x", 64<<10) + "\r\n\r\n")},

	{"slow: a header that does not end", "deadlines", slow("GET /v1/status HTTP/1.1\r\nHost: ADDR\r\nX-Slow: ")},
	{"slow: a connection that says nothing", "deadlines", slow("")},
	{"slow: a body that does not come", "deadlines", slow("POST /v1/publish HTTP/1.1\r\nHost: ADDR\r\nAuthorization: Bearer " + testToken + "\r\nContent-Type: application/json\r\nContent-Length: 100\r\n\r\n{")},
	{"streams: more than the limit", "streams", manyStreams},
}

// tooLong sends a document of two mebibytes that is right in all else.
func tooLong(reader func([]byte) io.Reader) func(testing.TB, *door) bool {
	return func(t testing.TB, d *door) bool {
		t.Helper()
		doc := []byte(`"` + strings.Repeat("x", 2<<20) + `"`)
		a := d.send(t, "POST", "/v1/publish", reader(doc), "Content-Type: application/json")
		if a.StatusCode == 413 {
			a.problem(t)
		}
		return a.StatusCode < 400
	}
}

// gigabyte goes on sending until it is stopped; beyond 16 MiB it got through.
func gigabyte(length string) func(testing.TB, *door) bool {
	return func(t testing.TB, d *door) bool {
		t.Helper()
		conn := d.dial(t)
		defer conn.Close()
		_, _ = fmt.Fprintf(conn, "POST /v1/publish HTTP/1.1\r\nHost: %s\r\nAuthorization: Bearer %s\r\nContent-Type: application/json\r\n%s\r\n\r\n", d.addr, testToken, length)
		chunk := bytes.Repeat([]byte(" "), 1<<20)
		if strings.Contains(length, "chunked") {
			chunk = slices.Concat(fmt.Appendf(nil, "%x\r\n", len(chunk)), chunk, []byte("\r\n"))
		}
		for sent := 0; sent < 16<<20; {
			n, err := conn.Write(chunk)
			if sent += n; err != nil {
				return false
			}
		}
		return true
	}
}

// slow sends a beginning and waits: what is still being waited for long after
// the deadline got through.
func slow(text string) func(testing.TB, *door) bool {
	return func(t testing.TB, d *door) bool {
		t.Helper()
		conn := d.dial(t)
		defer conn.Close()
		_, _ = io.WriteString(conn, strings.ReplaceAll(text, "ADDR", d.addr))
		_ = conn.SetReadDeadline(time.Now().Add(3 * time.Second))
		_, err := io.Copy(io.Discard, conn)
		return errors.Is(err, os.ErrDeadlineExceeded)
	}
}

// manyStreams opens three streams where two may be.
func manyStreams(t testing.TB, d *door) bool {
	t.Helper()
	var conns []net.Conn
	defer func() {
		for _, c := range conns {
			_ = c.Close()
		}
		for range d.node.count("Facts") {
			wait(t, "the end of a stream", d.node.ended)
		}
	}()
	for range 3 {
		conn := d.dial(t)
		conns = append(conns, conn)
		_, _ = fmt.Fprintf(conn, "GET /v1/tombstones?follow=true HTTP/1.1\r\nHost: %s\r\n\r\n", d.addr)
		status := make([]byte, len("HTTP/1.1 200"))
		if _, err := io.ReadFull(conn, status); err != nil {
			t.Fatal(err)
		}
		if string(status) != "HTTP/1.1 200" {
			return false
		}
	}
	return true
}

// TestAttack17 tries the whole table against an API that is whole, and then
// against one that lacks one defence: everything is refused by the first; through
// the second come exactly the attacks that the missing defence stops.
func TestAttack17(t *testing.T) {
	for _, missing := range []string{"", "host", "origin", "token", "content-type", "body-cap", "path", "query", "deadlines", "streams"} {
		t.Run("without "+missing, func(t *testing.T) {
			t.Parallel()
			slots := make(chan struct{}, 16) // most rows wait more than they work
			var rows sync.WaitGroup
			for _, a := range attacks {
				slots <- struct{}{}
				rows.Go(func() {
					defer func() { <-slots }()
					a.run(t, missing)
				})
			}
			rows.Wait()
		})
	}
}

// run tries one row against an API of its own.
func (a attack) run(t *testing.T, missing string) {
	d := openDoor(t, newFakeNode(), func(c *Config) {
		if a.defence == "deadlines" && missing != "deadlines" {
			c.Limits.Header, c.Limits.Body = 150*time.Millisecond, 150*time.Millisecond
		}
		if missing != "streams" {
			c.Limits.Streams = 2
		}
	}, missing)
	through := a.try(t, d)
	if due := a.defence != "" && a.defence == missing; through != due {
		t.Errorf("%s: got through: %v, want %v", a.name, through, due)
	}
	if n := d.node.total(); !through && n != 0 && a.defence != "streams" {
		t.Errorf("%s: refused, yet the node heard of it %d times", a.name, n)
	}
}

// TestLegitimate shows that the table's requests fail for their one fault: without
// it they are served.
func TestLegitimate(t *testing.T) {
	d := openDoor(t, newFakeNode(), nil)
	_, port, _ := net.SplitHostPort(d.addr)
	for _, ok := range []func(testing.TB, *door) bool{
		answered(403, "GET", "/v1/status", ""),
		answered(403, "GET", "/v1/status", "", "Host: LOCALHOST:"+port),
		answered(403, "GET", "/v1/status", "", "Host: [::1]:"+port),
		answered(403, "GET", "/v1/status", "", "Origin: https://console.example", "Sec-Fetch-Site: cross-site"),
		answered(403, "GET", "/v1/status", "", "Sec-Fetch-Site: none"),
		answered(401, "POST", "/v1/stop", "", "Authorization:", "Authorization: bearer "+testToken),
		answered(401, "GET", "/v1/status", "", "Authorization:"),
		answered(415, "POST", "/v1/publish", "{}", "Content-Type: Application/JSON; charset=utf-8"),
		answered(415, "POST", "/v1/stop", "", "Content-Type: application/json"),
		rawly(get("/v1/status", "ADDR")),
		rawly("GET http://ADDR/v1/status HTTP/1.1\r\nHost: evil.com\r\nConnection: close\r\n\r\n"),
	} {
		if !ok(t, d) {
			t.Error("refused")
		}
	}
}

// TestSafetyHeaders holds every kind of answer to the headers that browsers need.
func TestSafetyHeaders(t *testing.T) {
	d := openDoor(t, newFakeNode(), nil)
	for _, path := range []string{"/v1/status", "/nowhere", "/metrics", "/v1/tombstones", "/v1/agents/x", "/%00"} {
		a := d.raw(t, get(path, "ADDR"))
		for name, want := range map[string]string{
			"X-Content-Type-Options": "nosniff", "Cache-Control": "no-store", "Referrer-Policy": "no-referrer",
			"Content-Security-Policy":      "default-src 'none'; frame-ancestors 'none'",
			"Cross-Origin-Resource-Policy": "same-origin", "Access-Control-Allow-Origin": "", "Server": "",
		} {
			if got := a.Header.Get(name); got != want {
				t.Errorf("%s: %s: %q, want %q", path, name, got, want)
			}
		}
	}
	listed := d.send(t, "GET", "/v1/status", nil, "Origin: https://console.example")
	if got := listed.Header.Get("Access-Control-Allow-Origin"); got != "https://console.example" {
		t.Errorf("a listed origin gets %q", got)
	}
	if listed.Header.Get("Access-Control-Allow-Credentials") != "" {
		t.Error("credentials are allowed")
	}
}

// TestUnreadBody shows that nothing of a body is read before its sender is known:
// the handler never touches it, and the answer comes though no byte of it did.
func TestUnreadBody(t *testing.T) {
	d := openDoor(t, newFakeNode(), nil)
	for _, head := range []string{"Content-Length: 78", "Content-Length: 100000000", "Transfer-Encoding: chunked", "Content-Length: 78\r\nExpect: 100-continue"} {
		a := d.raw(t, "POST /v1/tombstones HTTP/1.1\r\nHost: ADDR\r\nContent-Type: application/cbor\r\n"+head+"\r\n\r\n")
		if a == nil || a.StatusCode != http.StatusUnauthorized || !a.Close {
			t.Errorf("%s: %+v", head, a)
		}
	}
	s := must(newServer(Config{Controller: d.node, Token: testToken, Hosts: []string{"example.com"}}, allDefences(), false))(t)
	r := must(http.NewRequest("POST", "http://example.com/v1/tombstones", untouchable{t}))(t)
	r.ContentLength = -1
	r.Header.Set("Content-Type", typeCBOR)
	w := nullWriter{http.Header{}}
	s.ServeHTTP(w, r)
	if got := w.header.Get("Code"); got != "Unauthorized" {
		t.Error(got)
	}
}

// TestRefusedSender reads its refusal although it goes on sending, and is not
// waited for when it does not.
func TestRefusedSender(t *testing.T) {
	d := openDoor(t, newFakeNode(), nil)
	head := "POST /v1/publish HTTP/1.1\r\nHost: " + d.addr + "\r\nContent-Type: application/json\r\nContent-Length: 900000\r\n"
	for _, more := range []string{"", "Connection: close\r\n"} {
		sender := d.dial(t)
		_, _ = io.WriteString(sender, head+more+"\r\n")
		for range 2 {
			<-time.After(30 * time.Millisecond) // the refusal is on its way
			if _, err := sender.Write(make([]byte, 64<<10)); err != nil {
				t.Errorf("%q: %v", more, err)
			}
		}
		if got := readAnswer(sender); got == nil || got.StatusCode != 401 {
			t.Errorf("%q: %+v", more, got)
		}
		_ = sender.Close()
	}
	for _, length := range []string{"78", "900000"} {
		silent := d.dial(t)
		_, _ = io.WriteString(silent, strings.Replace(head, "900000", length, 1)+"\r\n")
		if _, err := io.ReadAll(silent); err != nil {
			t.Errorf("a silent sender of %s bytes: %v", length, err)
		}
		_ = silent.Close()
	}
}

// untouchable is a body that nobody may read.
type untouchable struct{ t testing.TB }

func (u untouchable) Read([]byte) (int, error) {
	u.t.Error("the body was read")
	return 0, io.EOF
}
