package api

import (
	"bytes"
	"encoding/json"
	"net/http"
	"net/url"
	"reflect"
	"strconv"
	"strings"
	"testing"
	"unicode/utf8"

	"github.com/cairn-overlay/cairn/records"
)

// FuzzPolicy: what parses has one text form.
func FuzzPolicy(f *testing.F) {
	for _, s := range []string{"", "first", "quorum=3", "quorum=21", "cache-only", "quorum=0x1"} {
		f.Add(s)
	}
	f.Fuzz(func(t *testing.T, s string) {
		if p, err := ParsePolicy(s); err == nil && s != "" && p.String() != s {
			t.Errorf("%q and %q are one policy", s, p)
		}
	})
}

// FuzzCursor: what parses has one text form.
func FuzzCursor(f *testing.F) {
	for _, s := range []string{"", "0", "01", "18446744073709551615", "-1", "1e3"} {
		f.Add(s)
	}
	f.Fuzz(func(t *testing.T, s string) {
		if n, err := parseCursor(s); err == nil && s != "" && strconv.FormatUint(n, 10) != s {
			t.Errorf("%q and %d are one cursor", s, n)
		}
	})
}

// FuzzPath: no path that gets past the defence is another path to anybody who
// cleans or decodes it.
func FuzzPath(f *testing.F) {
	for _, s := range []string{"/v1/agents/x", "/..", "/%2e", "//", "/v1/agents/did%3Acairn%3Ax", "/a%00", "/%c0%ae", "/v1/%73tatus", "G:/healthz"} {
		f.Add(s)
	}
	f.Fuzz(func(t *testing.T, s string) {
		u, err := url.ParseRequestURI(s)
		if err != nil {
			return
		}
		if checkPath(nil, &call{r: &http.Request{URL: u, RequestURI: s}}) != nil {
			return
		}
		if u.Path != "/" && strings.TrimSuffix(u.JoinPath().Path, "/") != u.Path {
			t.Errorf("%q is %q", s, u.JoinPath().Path)
		}
		plain, _, _ := strings.Cut(s, "?")
		if u.Host == "" && strings.NewReplacer("%3A", ":", "%3a", ":").Replace(plain) != u.Path {
			t.Errorf("%q is the path %q", s, u.Path)
		}
	})
}

// FuzzBodies sends arbitrary bodies to every route that takes one: no panic, no
// fault, and whatever is refused is refused with a problem.
func FuzzBodies(f *testing.F) {
	a := newAgent(f, 1)
	f.Add(a.record(f, 1).Bytes(), "agent=x&lease=1h")
	f.Add(a.tombstone(f).Bytes(), "")
	f.Add([]byte(`["a","bad"]`), "allow_private=true")
	f.Add([]byte(`{"name":"\u202e"}`), "a=%zz")
	f.Fuzz(func(t *testing.T, body []byte, query string) {
		s := must(newServer(Config{Controller: newFakeNode()}, allDefences(), true))(t)
		for _, r := range routes(s.limits) {
			if r.media == "" {
				continue
			}
			req := must(http.NewRequest(r.method, "http://x"+fill(r.pattern, a.id()), bytes.NewReader(body)))(t)
			req.URL.RawQuery = query
			req.Header.Set("Content-Type", r.media)
			w := &kept{nullWriter{http.Header{}}, bytes.Buffer{}, 0}
			s.ServeHTTP(w, req)
			if w.code == 500 || w.code == 0 || w.code >= 400 && !json.Valid(w.body.Bytes()) {
				t.Errorf("%s %s: %d %s", r.method, r.pattern, w.code, w.body.Bytes())
			}
		}
	})
}

// kept is a response in memory.
type kept struct {
	nullWriter
	body bytes.Buffer
	code int
}

func (k *kept) WriteHeader(code int) { k.code = code }

func (k *kept) Write(b []byte) (int, error) { return k.body.Write(b) }

// FuzzEscape: the escaped form is safe to show and reads the same.
func FuzzEscape(f *testing.F) {
	f.Add("a\u202e<b>\x1b\x7f\U000e0041日本\xff")
	f.Fuzz(func(t *testing.T, s string) {
		b, err := encode(map[string]string{"s": s})
		if err != nil {
			t.Fatal(err)
		}
		if i := bytes.IndexFunc(b, func(r rune) bool { return r < ' ' || hidden(r) || strings.ContainsRune("<>&", r) }); i >= 0 || !utf8.Valid(b) {
			t.Errorf("%q", b)
		}
		var back map[string]string
		if err := json.Unmarshal(b, &back); err != nil || back["s"] != strings.ToValidUTF8(s, "\ufffd") && utf8.ValidString(s) {
			t.Errorf("%q became %q: %v", s, back["s"], err)
		}
	})
}

// FuzzResolution: what a client takes from a daemon is whole and the agent's own,
// and says the same when it is sent on.
func FuzzResolution(f *testing.F) {
	a := newAgent(f, 1)
	for _, res := range []Resolution{
		{ID: a.id(), Status: records.StatusActive, Record: a.record(f, 1)},
		{ID: a.id(), Status: records.StatusRevoked, Tombstone: a.tombstone(f)},
	} {
		f.Add(must(json.Marshal(complete(res)))(f))
	}
	f.Add([]byte(`{"record":{}}`))
	f.Fuzz(func(t *testing.T, b []byte) {
		var res, again Resolution
		if json.Unmarshal(b, &res) != nil {
			return
		}
		if res.Record != nil && (res.Record.ID() != res.ID || res.Record.Size() == 0) || res.Tombstone != nil && res.Tombstone.ID() != res.ID {
			t.Errorf("%+v", res)
		}
		out, err := json.Marshal(res)
		if err != nil {
			t.Fatal(err)
		}
		if err := json.Unmarshal(out, &again); err != nil || !reflect.DeepEqual(res, again) {
			t.Errorf("%+v\n%+v\n%v", res, again, err)
		}
	})
}

// FuzzStreams: a client survives any stream, and takes no tombstone from it that is
// not its subject's.
func FuzzStreams(f *testing.F) {
	a := newAgent(f, 1)
	ev := must(json.Marshal(TombstoneEvent{Cursor: 1, ID: a.id(), Bytes: a.tombstone(f).Bytes()}))(f)
	f.Add(append(ev, "\n{\"cursor\":1,\"heartbeat\":true}\n\n{\"problem\":{}}"...))
	f.Add([]byte("id: 1\nevent: tombstone\ndata: " + string(ev) + "\n\n: heartbeat\n\nevent: problem\ndata: {}\n\n"))
	f.Fuzz(func(t *testing.T, b []byte) {
		for ev, err := range decodeLines[TombstoneEvent](bytes.NewReader(b)) {
			if err == nil && ev.Tombstone.ID() != ev.ID {
				t.Error(ev)
			}
		}
		for ev, err := range decodeEvents[TombstoneEvent](bytes.NewReader(b)) {
			if err == nil && ev.Tombstone.ID() != ev.ID {
				t.Error(ev)
			}
		}
	})
}

// FuzzEndpoint: a discovery file gives somewhere to go, or an error.
func FuzzEndpoint(f *testing.F) {
	f.Add([]byte(`{"socket":"/x","pid":1}`))
	f.Fuzz(func(t *testing.T, b []byte) {
		if e, err := parseEndpoint(b); err == nil && e.Socket == "" && e.URL == "" {
			t.Error(e)
		}
	})
}
