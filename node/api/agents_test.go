package api

import (
	"bytes"
	"encoding/json"
	"fmt"
	"net/http"
	"reflect"
	"slices"
	"strings"
	"testing"
	"time"

	"github.com/cairn-overlay/cairn/records"
)

// TestGetAgent gives each status its answer; what must not be used is not in it.
func TestGetAgent(t *testing.T) {
	a := newAgent(t, 1)
	rec, dead := a.record(t, 3), a.tombstone(t)
	for _, row := range []struct {
		status records.Status
		code   int
		name   string
		record bool // the endpoints are in the answer
	}{
		{records.StatusActive, 200, "", true},
		{records.StatusStale, 200, "", true},
		{records.StatusExpired, 404, "expired", true},
		{records.StatusUnknown, 404, "unknown", true},
		{records.StatusUnverified, 503, "unverified", true},
		{records.StatusConflict, 409, "conflict", false},
		{records.StatusRevoked, 410, "revoked", false},
	} {
		t.Run(string(row.status), func(t *testing.T) {
			node := newFakeNode()
			node.answers[a.id()] = Resolution{ID: a.id(), Status: row.status, Source: "dht", AgeMS: 12, Confirmations: 3, Reason: "because", Record: rec}
			if row.status == records.StatusRevoked {
				node.bury(dead)
			}
			d := openDoor(t, node, nil)
			for _, id := range []string{a.id().String(), a.id().DID(), strings.ReplaceAll(a.id().DID(), ":", "%3A")} {
				got := d.send(t, "GET", "/v1/agents/"+id, nil, "Authorization:")
				if got.StatusCode != row.code || got.Header.Get("Cairn-Status") != string(row.status) || got.Header.Get("Cache-Control") != "no-store" {
					t.Fatalf("%s: %d %v", id, got.StatusCode, got.Header)
				}
				if bytes.Contains(got.body, []byte("agent.example")) != row.record {
					t.Errorf("endpoints in the answer: %v", !row.record)
				}
				if row.code == 200 {
					continue
				}
				p := got.problem(t)
				if p.Name() != row.name || p.AgentStatus != row.status || p.Resolution == nil || p.Resolution.ID != a.id() {
					t.Errorf("%+v", p)
				}
				if bytes.Equal(p.Tombstone, dead.Bytes()) != (row.status == records.StatusRevoked) {
					t.Errorf("tombstone %x", p.Tombstone)
				}
			}
		})
	}
}

// TestGetAgentCBOR gives the canonical bytes to those who ask for them.
func TestGetAgentCBOR(t *testing.T) {
	live, dead := newAgent(t, 1), newAgent(t, 2)
	rec, tomb := live.record(t, 3), dead.tombstone(t)
	node := newFakeNode()
	node.answers[live.id()] = Resolution{ID: live.id(), Status: records.StatusActive, Source: "cache", AgeMS: 7, Confirmations: 2, Record: rec}
	node.bury(tomb)
	node.state.State = "starting" // what can be proved is answered all the same
	d := openDoor(t, node, nil)
	for accept, cbor := range map[string]bool{
		"application/cbor": true, "Application/CBOR; q=0.5": true, "application/json;q=0.5, application/cbor": true,
		"": false, "*/*": false, "text/html": false, "application/cbor;q=0": false, "application/json, application/cbor;q=0.9": false,
	} {
		got, gone := d.send(t, "GET", "/v1/agents/"+live.id().String(), nil, "Accept:", "Accept: "+accept), d.send(t, "GET", "/v1/agents/"+dead.id().String(), nil, "Accept:", "Accept: "+accept)
		if got.StatusCode != 200 || gone.StatusCode != 410 {
			t.Fatal(got.StatusCode, gone.StatusCode)
		}
		if is := got.media() == typeCBOR && bytes.Equal(got.body, rec.Bytes()); is != cbor {
			t.Errorf("Accept %q: %s", accept, got.media())
		}
		if is := gone.media() == typeCBOR && bytes.Equal(gone.body, tomb.Bytes()); is != cbor {
			t.Errorf("Accept %q: %s", accept, gone.media())
		}
		if got.Header.Get("Cairn-Source") != "cache" || got.Header.Get("Cairn-Age-Ms") != "7" || got.Header.Get("Cairn-Confirmations") != "2" || got.Header.Get("Vary") != "Accept" {
			t.Errorf("%v", got.Header)
		}
	}
}

// TestPolicyParameter hands the policy on, and refuses what is none.
func TestPolicyParameter(t *testing.T) {
	a := newAgent(t, 1)
	node := newFakeNode()
	d := openDoor(t, node, nil)
	for _, q := range []string{"", "?policy=quorum%3D7", "?policy=most-recent"} {
		d.send(t, "GET", "/v1/agents/"+a.id().String()+q, nil)
	}
	want := []Policy{{Mode: CacheFirst}, {Mode: Quorum, Quorum: 7}, {Mode: MostRecent}}
	if !slices.Equal(node.policies, want) {
		t.Errorf("%+v", node.policies)
	}
	for _, q := range []string{"policy=fast", "policy=quorum", "policy=quorum%3D21", "policy=first&policy=first", "policy=first;x=1", "policy=%zz"} {
		got := d.send(t, "GET", "/v1/agents/"+a.id().String()+"?"+q, nil)
		if got.StatusCode != 400 || got.problem(t).Name() != "parameter" {
			t.Errorf("%s: %d", q, got.StatusCode)
		}
	}
}

// TestParsePolicy reads the five forms and nothing else.
func TestParsePolicy(t *testing.T) {
	for _, s := range []string{CacheOnly, CacheFirst, First, MostRecent, "quorum=1", "quorum=20", "paths=2", "paths=8"} {
		if p, err := ParsePolicy(s); err != nil || p.String() != s {
			t.Errorf("%q: %v %v", s, p, err)
		}
	}
	if p, err := ParsePolicy(""); err != nil || p.Mode != CacheFirst || (Policy{}).String() != CacheFirst {
		t.Error(p, err)
	}
	for _, s := range []string{"First", "quorum", "quorum=", "quorum=0", "quorum=21", "quorum=+1", "quorum=01", "paths", "paths=", "paths=1", "paths=9", "paths=03", "quorum= 1", "quorum=1 ", "first ", "cache"} {
		if p, err := ParsePolicy(s); err == nil {
			t.Errorf("%q: %+v", s, p)
		}
	}
}

// TestPutAgent publishes a record; old ones, dead ones and others' are refused.
func TestPutAgent(t *testing.T) {
	a, b := newAgent(t, 1), newAgent(t, 2)
	node := newFakeNode()
	d := openDoor(t, node, nil)
	put := func(path string, body []byte) *answer {
		return d.send(t, "PUT", "/v1/agents/"+path, bytes.NewReader(body), "Content-Type: application/cbor")
	}
	got := put(a.id().String(), a.record(t, 2).Bytes())
	var res PublishResult
	if err := json.Unmarshal(got.body, &res); err != nil || got.StatusCode != 200 || res.Acks != 19 || res.ID != a.id() {
		t.Fatalf("%d %s", got.StatusCode, got.body)
	}
	forged := a.record(t, 9).Bytes()
	forged[len(forged)-40] ^= 1
	dead := newAgent(t, 3)
	node.bury(dead.tombstone(t))
	for _, row := range []struct {
		what, path string
		body       []byte
		code       int
		name       string
	}{
		{"the same sequence", a.id().String(), a.record(t, 2).Bytes(), 409, "stale"},
		{"an old sequence", a.id().DID(), a.record(t, 1).Bytes(), 409, "stale"},
		{"another's path", a.id().String(), b.record(t, 3).Bytes(), 422, "wrong-subject"},
		{"no ID", "bafy", b.record(t, 3).Bytes(), 400, "malformed"},
		{"bytes behind it", a.id().String(), append(a.record(t, 3).Bytes(), 0), 400, "malformed"},
		{"a tombstone", a.id().String(), a.tombstone(t).Bytes(), 400, "malformed"},
		{"nothing", a.id().String(), nil, 400, "malformed"},
		{"too much", a.id().String(), make([]byte, 32<<10+1), 413, "too-large"},
		{"a revoked agent", dead.id().String(), dead.record(t, 9).Bytes(), 410, "revoked"},
	} {
		got := put(row.path, row.body)
		p := got.problem(t)
		if got.StatusCode != row.code || p.Name() != row.name {
			t.Errorf("%s: %d %s", row.what, got.StatusCode, got.body)
		}
		if row.code == 410 && !bytes.Equal(p.Tombstone, dead.tombstone(t).Bytes()) {
			t.Errorf("the proof is missing: %s", got.body)
		}
	}
	if got := put(a.id().String(), forged); got.StatusCode < 400 || got.StatusCode >= 500 {
		t.Errorf("forged: %d", got.StatusCode)
	}
	if n := node.count("Put"); n != 4 {
		t.Errorf("the node heard of %d records", n)
	}
}

// TestPublish reads the parameters and hands the document on as it came.
func TestPublish(t *testing.T) {
	node := newFakeNode()
	d := openDoor(t, node, nil)
	doc := "{\"name\": \"<b>\\u202e\" }\n"
	got := d.send(t, "POST", "/v1/publish?agent=web-1&lease=90m&allow_private=true", strings.NewReader(doc), "Content-Type: application/json")
	if got.StatusCode != 200 {
		t.Fatalf("%d %s", got.StatusCode, got.body)
	}
	req := node.requests[0]
	if req.Agent != "web-1" || req.Lease != 90*time.Minute || !req.AllowPrivate || string(req.Document) != doc {
		t.Errorf("%+v", req)
	}
	d.send(t, "POST", "/v1/publish", strings.NewReader("[]"), "Content-Type: application/json")
	if req := node.requests[1]; req.Agent != "" || req.Lease != 0 || req.AllowPrivate {
		t.Errorf("%+v", req)
	}
	for _, q := range []string{
		"agent=", "agent=..", "agent=.", "agent=a%2Fb", "agent=%2Fetc", "agent=a%5Cb", "agent=a%00", "agent=-x", "agent=" + strings.Repeat("a", 65), "agent=%C3%A4",
		"lease=0s", "lease=-1h", "lease=25h", "lease=9s", "lease=1", "lease=", "lease=1ms", "allow_private=yes", "allow_private=", "allow_private=1", "file=%2Fetc%2Fpasswd",
	} {
		got := d.send(t, "POST", "/v1/publish?"+q, strings.NewReader("{}"), "Content-Type: application/json")
		if got.StatusCode != 400 || got.problem(t).Name() != "parameter" {
			t.Errorf("%s: %d %s", q, got.StatusCode, got.body)
		}
	}
	for _, body := range []string{"", "{", "{}{}", "\xff", `"` + "\x00" + `"`} {
		got := d.send(t, "POST", "/v1/publish", strings.NewReader(body), "Content-Type: application/json")
		if got.StatusCode != 400 || got.problem(t).Name() != "malformed" {
			t.Errorf("%q: %d %s", body, got.StatusCode, got.body)
		}
	}
	if n := node.count("Publish"); n != 2 {
		t.Errorf("the node heard of %d documents", n)
	}
}

// TestTooFew is a success that says it is not a whole one: it happened here.
func TestTooFew(t *testing.T) {
	node := newFakeNode()
	node.errs["Publish"] = fmt.Errorf("2 targets, 1 acknowledged: %w", ErrTooFew)
	d := openDoor(t, node, nil)
	got := d.send(t, "POST", "/v1/publish", strings.NewReader("{}"), "Content-Type: application/json")
	var res PublishResult
	if err := json.Unmarshal(got.body, &res); err != nil || got.StatusCode != 202 || !res.Partial || !strings.Contains(res.Reason, "1 acknowledged") || res.Acks != 1 {
		t.Errorf("%d %s", got.StatusCode, got.body)
	}
	node.set(func(f *fakeNode) { f.errs["Put"] = ErrTooFew }) // an error without a result is an error
	a := newAgent(t, 1)
	if got := d.send(t, "PUT", "/v1/agents/"+a.id().String(), bytes.NewReader(a.record(t, 1).Bytes()), "Content-Type: application/cbor"); got.StatusCode != 503 || got.problem(t).Name() != "too-few" {
		t.Errorf("%d %s", got.StatusCode, got.body)
	}
}

// TestPostTombstone revokes, once its sender is known and the proof holds.
func TestPostTombstone(t *testing.T) {
	a := newAgent(t, 1)
	node := newFakeNode()
	d := openDoor(t, node, nil)
	post := func(body []byte, headers ...string) *answer {
		return d.send(t, "POST", "/v1/tombstones", bytes.NewReader(body), append(headers, "Content-Type: application/cbor")...)
	}
	broken := a.tombstone(t).Bytes()
	broken[50] ^= 1
	for _, body := range [][]byte{nil, {0}, a.tombstone(t).Bytes()[1:], append(a.tombstone(t).Bytes(), 0), a.record(t, 1).Bytes()} {
		if got := post(body); got.StatusCode != 400 || got.problem(t).Name() != "malformed" {
			t.Errorf("%x: %d", body, got.StatusCode)
		}
	}
	if got := post(make([]byte, 8<<10+1)); got.StatusCode != 413 {
		t.Error(got.StatusCode)
	}
	if got := post(a.tombstone(t).Bytes(), "Authorization:"); got.StatusCode != 401 || got.Header.Get("WWW-Authenticate") != `Bearer realm="cairn"` {
		t.Error(got.StatusCode, got.Header)
	}
	if node.total() != 0 {
		t.Errorf("the node heard of it %d times", node.total())
	}
	for range 2 {
		var res RevokeResult
		if got := post(a.tombstone(t).Bytes()); json.Unmarshal(got.body, &res) != nil || got.StatusCode != 200 || res.ID != a.id() || res.GossipPeers != 2 {
			t.Errorf("%d %s", got.StatusCode, got.body)
		}
	}
	if got := d.send(t, "GET", "/v1/agents/"+a.id().String(), nil); got.StatusCode != 410 {
		t.Error(got.StatusCode)
	}
}

// TestStrangersStrings shows that what strangers write cannot end a script, move a
// cursor or turn text around, and still reads the same.
func TestStrangersStrings(t *testing.T) {
	evil := "</script><!--&\x1b[2J\x07\x00\u202e\u2066\u200e\u061c\u0085\u009b\u2028\ufeff\u007f\U000e0041\U000f0000\xff ä日本\U0001f600"
	node := newFakeNode()
	node.state.Reason = evil
	node.peers = []Peer{{ID: "p", Agent: evil}}
	a := newAgent(t, 1)
	node.answers[a.id()] = Resolution{ID: a.id(), Status: records.StatusUnknown, Source: evil, Reason: evil}
	node.errs["Withdraw"] = fmt.Errorf("%w: %s", ErrNotFound, evil)
	d := openDoor(t, node, nil)
	for _, got := range []*answer{
		d.send(t, "GET", "/v1/status", nil), d.send(t, "GET", "/v1/peers", nil),
		d.send(t, "GET", "/v1/agents/"+a.id().String(), nil), d.send(t, "POST", "/v1/agents/"+a.id().String()+"/withdraw", nil),
	} {
		if i := bytes.IndexFunc(got.body, func(r rune) bool { return r < ' ' || r == 0x7f || strings.ContainsRune("<>&", r) || hidden(r) }); i >= 0 {
			t.Errorf("%s: a bare %q", got.Request.URL.Path, got.body[i:min(len(got.body), i+8)])
		}
		var back any
		if err := json.Unmarshal(got.body, &back); err != nil {
			t.Error(err)
		}
		if text := fmt.Sprint(back); !strings.Contains(text, strings.ToValidUTF8(evil, "\ufffd")) {
			t.Errorf("%s: reads differently: %q", got.Request.URL.Path, text)
		}
	}
	for name := range d.send(t, "GET", "/v1/agents/"+a.id().String(), nil).Header {
		if strings.Contains(name, "script") {
			t.Errorf("a header of theirs: %q", name)
		}
	}
}

// TestFaults tells outsiders that there is one, and the owner which.
func TestFaults(t *testing.T) {
	a := newAgent(t, 1)
	node := newFakeNode()
	node.errs["Resolve"] = fmt.Errorf("open /home/owner/secret: permission denied")
	d := openDoor(t, node, nil)
	if got := d.send(t, "GET", "/v1/agents/"+a.id().String(), nil, "Authorization:"); got.StatusCode != 500 || bytes.Contains(got.body, []byte("owner")) {
		t.Errorf("%d %s", got.StatusCode, got.body)
	}
	if got := d.send(t, "GET", "/v1/agents/"+a.id().String(), nil); got.StatusCode != 500 || !bytes.Contains(got.body, []byte("owner")) {
		t.Errorf("%d %s", got.StatusCode, got.body)
	}
	node.set(func(f *fakeNode) { f.errs["Resolve"], f.panics = nil, true })
	if got := d.send(t, "GET", "/v1/agents/"+a.id().String(), nil); got.StatusCode != 500 || bytes.Contains(got.body, []byte("a fault in")) {
		t.Errorf("%d %s", got.StatusCode, got.body)
	}
	node.set(func(f *fakeNode) { f.panics = false })
	if got := d.send(t, "GET", "/v1/agents/"+a.id().String(), nil); got.StatusCode != http.StatusNotFound {
		t.Errorf("%d %s", got.StatusCode, got.body)
	}
}

// TestRecordMissing never says active without a record.
func TestRecordMissing(t *testing.T) {
	a := newAgent(t, 1)
	node := newFakeNode()
	node.answers[a.id()] = Resolution{ID: a.id(), Status: records.StatusActive, Source: "cache"}
	d := openDoor(t, node, nil)
	if got := d.send(t, "GET", "/v1/agents/"+a.id().String(), nil); got.StatusCode != 500 {
		t.Errorf("%d %s", got.StatusCode, got.body)
	}
}

// TestRenderings say what encoding anew says, however often, and stay few.
func TestRenderings(t *testing.T) {
	a := newAgent(t, 1)
	var r renderings
	for i := range 3 {
		for _, rec := range []*records.Record{a.record(t, 1), a.record(t, 2), nil} {
			for name, res := range map[string]Resolution{
				"out of memory":     {Source: "cache"},
				"a lookup":          {Source: "dht", ElapsedMS: 1.25, Path: []Hop{{Peer: "p", Answer: "record", RTTMS: 0.5}}},
				"with a reason":     {Source: "cache", Reason: "<\u202e>"},
				"an odd source":     {Source: `"\u202e</script>`},
				"of an older sight": {Source: "cache", Confirmations: 3},
			} {
				res.ID, res.Status, res.AgeMS, res.Record = a.id(), records.StatusActive, int64(i), rec
				res = usable(res)
				var plain, kept map[string]any
				b := must(r.resolution(res))(t)
				if err := json.Unmarshal(b, &kept); err != nil {
					t.Fatalf("%s: %v: %s", name, err, b)
				}
				if err := json.Unmarshal(must(encode(complete(res)))(t), &plain); err != nil {
					t.Fatal(err)
				}
				if !reflect.DeepEqual(plain, kept) || bytes.ContainsRune(b, '\u202e') {
					t.Errorf("%s: %s", name, b)
				}
			}
		}
	}
	for range 2 * maxRenderings {
		if _, err := r.of(a.record(t, 1)); err != nil {
			t.Fatal(err)
		}
	}
	if len(r.made) > maxRenderings {
		t.Errorf("%d are kept", len(r.made))
	}
}
