package api

import (
	"crypto/ed25519"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"net/http"
	"reflect"
	"slices"
	"strconv"
	"strings"
	"sync"
	"testing"
	"time"

	"github.com/cairn-overlay/cairn/records"
)

// exchange is a request that gets one kind of answer.
type exchange struct {
	method, path string
	body         []byte
	headers      []string
	code         int
	node         func(*fakeNode) // how the node stands
}

// url fills the agent into a pattern.
func fill(pattern string, id records.AgentID) string {
	return strings.ReplaceAll(pattern, "{id}", id.String())
}

// plain is a request to a route that is in order.
func plain(t testing.TB, r route, a agent) exchange {
	x := exchange{method: r.method, path: fill(r.pattern, a.id()), code: 200}
	switch r.pattern + " " + r.media {
	case "/v1/agents/{id} " + typeCBOR:
		x.body = a.record(t, 1).Bytes()
	case "/v1/tombstones " + typeCBOR:
		x.body = a.tombstone(t).Bytes()
	case "/v1/rotations " + typeCBOR:
		x.body = rotated(t).Bytes()
	case "/v1/facts " + typeCBORSeq: // and something that is none
		x.body = append(a.tombstone(t).Bytes(), 0x80)
	case "/v1/publish-all " + typeJSON:
		x.body = []byte(`["a","bad"]`)
	case "/v1/publish " + typeJSON:
		x.body = []byte(`{}`)
	}
	if r.media != "" {
		x.headers = []string{"Content-Type: " + r.media}
	}
	if r.pattern == "/v1/stop" {
		x.code = 202
	}
	return x
}

// guarded are the refusals that a route shares with others.
func guarded(t testing.TB, r route, a agent) []exchange {
	with := func(code int, change func(*exchange)) exchange {
		x := plain(t, r, a)
		x.headers = slices.Clone(x.headers)
		x.code = code
		change(&x)
		return x
	}
	all := []exchange{
		with(400, func(x *exchange) { x.path += "?nonsense=1" }),
		with(401, func(x *exchange) { x.headers = append(x.headers, "Authorization: Bearer wrong") }),
		with(403, func(x *exchange) { x.headers = append(x.headers, "Host: evil.com") }),
		with(413, func(x *exchange) { x.body = make([]byte, 2<<20) }),
	}
	if !r.safe() {
		all = append(all, with(415, func(x *exchange) { x.headers = []string{"Content-Type: text/plain"} }))
	}
	return all
}

// answersOf lists how a node's faults show on a route, by the Controller's method.
func answersOf(t testing.TB, r route, a agent, method string, errs map[int]error) []exchange {
	var all []exchange
	for code, err := range errs {
		x := plain(t, r, a)
		x.code = code
		x.node = func(f *fakeNode) { f.errs[method] = err }
		all = append(all, x)
	}
	return all
}

// resolved is GET of an agent that stands in one way.
func resolved(a agent, code int, res Resolution, headers ...string) exchange {
	res.ID, res.Source = a.id(), "dht"
	return exchange{method: "GET", path: "/v1/agents/" + a.id().String(), code: code, headers: headers,
		node: func(f *fakeNode) { f.answers[a.id()] = res }}
}

// rotated is some agent with a rotation; another story makes another one of it.
func rotated(t testing.TB, story ...byte) *records.Chain {
	t.Helper()
	key := func(n byte) *records.Ed25519Signer {
		return must(records.NewEd25519Signer(ed25519.NewKeyFromSeed(append(make([]byte, 31), n))))(t)
	}
	digest := func(n byte) [][32]byte { return [][32]byte{key(n).Public().RotationDigest()} }
	g := records.Genesis{Keys: []records.PublicKey{key(1).Public()}, Next: digest(2), Nonce: [16]byte{1}}
	chain := records.NewChain(must(records.NewIdentity(g, testTime.Add(records.DefaultLife), records.Secret{1}))(t))
	hot := byte(3)
	if len(story) > 0 {
		hot = story[0]
	}
	return must(chain.Rotate([]records.PublicKey{key(hot).Public()}, digest(4), key(2)))(t)
}

// duplicity is the proof that its keys contradict themselves.
func duplicity(t testing.TB) *records.Duplicity {
	return records.Join(rotated(t), rotated(t, 5)).(*records.Duplicity)
}

// special are the answers that belong to single routes.
func special(t testing.TB, find func(method, pattern string) route, a agent) []exchange {
	rec, dead := a.record(t, 1), a.tombstone(t)
	fault := errors.New("the disk is full")
	write := map[int]error{409: records.ErrStale, 410: records.ErrRevoked, 422: records.ErrInvalidSignature, 500: fault, 503: ErrNotReady}
	partial := func(x exchange) exchange {
		x.code, x.node = 202, func(f *fakeNode) { f.partial = true }
		return x
	}
	agents, put := find("GET", "/v1/agents/{id}"), find("PUT", "/v1/agents/{id}")
	withdraw, publish, revoke := find("POST", "/v1/agents/{id}/withdraw"), find("POST", "/v1/publish"), find("POST", "/v1/tombstones")
	all := []exchange{
		resolved(a, 200, Resolution{Status: records.StatusActive, Record: rec, Path: []Hop{{Peer: "p", Distance: 250, Answer: "record", RTTMS: 1.5}}}),
		resolved(a, 200, Resolution{Status: records.StatusActive, Record: rec, Path: []Hop{{Peer: "p", Path: 2, Answer: "record"}}, Paths: []PathAnswer{{Asked: 7, Answer: "nothing"}, {Asked: 7, Answered: 7, Answer: "record", Sequence: 3, Agrees: true}}}),
		resolved(a, 200, Resolution{Status: records.StatusStale, Record: rec}, "Accept: application/cbor"),
		resolved(a, 404, Resolution{Status: records.StatusExpired, Record: rec, Reason: "not renewed"}),
		resolved(a, 404, Resolution{Status: records.StatusUnknown}),
		resolved(a, 409, Resolution{Status: records.StatusConflict, Conflict: duplicity(t)}),
		resolved(a, 409, Resolution{Status: records.StatusConflict, Conflict: duplicity(t)}, "Accept: application/cbor"),
		resolved(a, 410, Resolution{Status: records.StatusRevoked, Tombstone: dead}),
		resolved(a, 410, Resolution{Status: records.StatusRevoked, Tombstone: dead}, "Accept: application/cbor"),
		resolved(a, 503, Resolution{Status: records.StatusUnverified, Record: rec, Reason: "facts are 6 min old"}),
		resolved(a, 500, Resolution{Status: "odd"}),
		partial(plain(t, put, a)), partial(plain(t, publish, a)), partial(plain(t, revoke, a)),
		{method: "GET", path: "/readyz", code: 503, node: func(f *fakeNode) { f.state.State, f.state.Reason = "starting", "no peer yet" }},
	}
	all = append(all, answersOf(t, agents, a, "Resolve", map[int]error{500: fault, 503: ErrNotReady})...)
	receipt := find("GET", "/v1/agents/{id}/receipt")
	for code, res := range map[int]Resolution{
		404: {Status: records.StatusUnknown}, 409: {Status: records.StatusConflict}, 410: {Status: records.StatusRevoked, Tombstone: dead},
		503: {Status: records.StatusUnverified, Record: rec, Reason: "facts are 6 min old"},
	} {
		x := resolved(a, code, res)
		x.path += "/receipt"
		all = append(all, x)
	}
	all = append(all, answersOf(t, receipt, a, "Attest", map[int]error{500: fault, 503: ErrNotReady})...)
	all = append(all, answersOf(t, put, a, "Put", write)...)
	all = append(all, answersOf(t, publish, a, "Publish", write)...)
	all = append(all, answersOf(t, publish, a, "Publish", map[int]error{404: ErrNotFound, 409: ErrConflict, 422: ErrPrivate})...)
	all = append(all, answersOf(t, withdraw, a, "Withdraw", map[int]error{404: ErrNotFound, 410: records.ErrRevoked, 422: ErrInvalid, 500: fault, 503: ErrNotReady})...)
	all = append(all, answersOf(t, revoke, a, "Revoke", map[int]error{422: records.ErrUnsupported, 500: fault, 503: ErrNotReady})...)
	all = append(all, partial(plain(t, find("POST", "/v1/rotations"), a)))
	all = append(all, answersOf(t, find("POST", "/v1/rotations"), a, "Rotate", map[int]error{409: records.ErrConflict, 410: records.ErrRevoked, 422: records.ErrUnsupported, 500: fault, 503: ErrNotReady})...)
	all = append(all, answersOf(t, find("POST", "/v1/facts"), a, "Import", map[int]error{500: fault, 503: ErrNotReady})...)
	all = append(all, answersOf(t, find("GET", "/v1/backup"), a, "Backup", map[int]error{500: fault})...)
	all = append(all, answersOf(t, find("POST", "/v1/stop"), a, "Stop", map[int]error{500: fault})...)
	for _, r := range []route{find("GET", "/v1/status"), find("GET", "/v1/peers"), find("GET", "/readyz")} {
		x := plain(t, r, a)
		x.code, x.node = 500, func(f *fakeNode) { f.panics = true }
		all = append(all, x)
	}
	return all
}

// TestContract produces every answer that openapi.json describes and shows that
// each is as described; what is described and never seen fails, and so does what
// is seen and not described.
func TestContract(t *testing.T) {
	a := newAgent(t, 1)
	all := routes(Limits{}.withDefaults())
	find := func(method, pattern string) route {
		return all[slices.IndexFunc(all, func(r route) bool { return r.method == method && r.pattern == pattern })]
	}
	exchanges := special(t, find, a)
	for _, r := range all {
		exchanges = append(exchanges, guarded(t, r, a)...)
		if r.pattern != "/v1/watch" {
			exchanges = append(exchanges, plain(t, r, a))
		}
	}
	seen := loadSpec(t)
	slots := make(chan struct{}, 16)
	var rows sync.WaitGroup
	for _, x := range exchanges {
		slots <- struct{}{}
		rows.Go(func() {
			defer func() { <-slots }()
			d := openDoor(t, x.standing(t, a), nil)
			d.spec = seen
			x.play(t, d)
		})
	}
	rows.Wait()
	slowAnswers(t, seen, all, a)
	watchAnswer(t, seen)
	busyAnswers(t, seen, all, a)
	for _, what := range seen.described() {
		if !seen.seen[what] {
			t.Errorf("described, never seen: %s", what)
		}
	}
}

// standing is the node that the exchange meets.
func (x exchange) standing(t testing.TB, a agent) *fakeNode {
	node := newFakeNode()
	node.peers = []Peer{{ID: "p", Direction: "inbound", RTTMS: 2, Table: true}}
	if x.path == "/v1/tombstones" || x.path == "/v1/facts" {
		node.bury(newAgent(t, 9).tombstone(t))
	}
	switch {
	case x.node != nil:
		x.node(node)
	case strings.HasPrefix(x.path, "/v1/agents/"+a.id().String()) && x.method == "GET":
		node.answers[a.id()] = Resolution{ID: a.id(), Status: records.StatusActive, Source: "cache", Record: a.record(t, 1)}
	}
	return node
}

func (x exchange) play(t testing.TB, d *door) {
	t.Helper()
	var body io.Reader
	if len(x.body) > 0 {
		body = strings.NewReader(string(x.body))
	}
	if slices.Contains(x.headers, "Authorization: Bearer wrong") {
		x.headers = append([]string{"Authorization:"}, x.headers...)
	}
	if got := d.send(t, x.method, x.path, body, x.headers...); got.StatusCode != x.code {
		t.Errorf("%s %s %q: %d, want %d: %s", x.method, x.path, x.headers, got.StatusCode, x.code, got.body)
	}
}

// slowAnswers meets slow clients and slow nodes.
func slowAnswers(t testing.TB, seen *spec, all []route, a agent) {
	d := openDoor(t, newFakeNode(), func(c *Config) { c.Limits.Body = 20 * time.Millisecond })
	d.spec = seen
	slowNode := newFakeNode()
	slowNode.blocked = true
	e := openDoor(t, slowNode, func(c *Config) { c.Limits.Request = 20 * time.Millisecond })
	e.spec = seen
	for _, r := range all {
		x := plain(t, r, a)
		if r.media != "" {
			never, hold := io.Pipe()
			if got := d.send(t, x.method, x.path, never, x.headers...); got.StatusCode != 408 {
				t.Errorf("%s %s: %d, want 408", r.method, r.pattern, got.StatusCode)
			}
			_ = hold.Close()
		}
		if seen.object(seen.doc, "paths", r.pattern, strings.ToLower(r.method), "responses", "504") != nil {
			x.code = 504
			x.play(t, e)
		}
	}
}

// watchAnswer takes one event of each kind.
func watchAnswer(t testing.TB, seen *spec) {
	a := newAgent(t, 1)
	node := newFakeNode()
	node.bury(a.tombstone(t))
	node.seen = []Resolution{{ID: a.id(), Status: records.StatusActive, Record: a.record(t, 1)}}
	d := openDoor(t, node, nil)
	d.spec = seen
	for _, path := range []string{"/v1/watch", "/v1/watch?agent=" + a.id().String()} {
		s := d.listen(t, path)
		s.until("data: ")
		s.close()
		wait(t, "the stream's end", node.ended)
	}
}

// busyAnswers meets an API whose streams are all taken.
func busyAnswers(t testing.TB, seen *spec, all []route, a agent) {
	d := openDoor(t, newFakeNode(), func(c *Config) { c.Limits.Streams = 1 })
	d.spec = seen
	held := d.listen(t, "/v1/watch")
	for _, r := range all {
		if r.stream {
			x := plain(t, r, a)
			x.code = 503
			x.play(t, d)
		}
	}
	held.close()
	wait(t, "the stream's end", d.node.ended)
}

// TestDescription holds what openapi.json says beside the answers against the code.
func TestDescription(t *testing.T) {
	s := loadSpec(t)
	limits := Limits{}.withDefaults()
	var want, got []string
	for path, item := range s.object(s.doc, "paths") {
		for method := range item.(map[string]any) {
			got = append(got, strings.ToUpper(method)+" "+path)
		}
	}
	for _, r := range routes(limits) {
		want = append(want, r.method+" "+r.pattern)
		op := s.object(s.doc, "paths", r.pattern, strings.ToLower(r.method))
		if open := strings.Contains(fmt.Sprint(op["security"]), "map[] "); open != r.open {
			t.Errorf("%s %s: described as open: %v", r.method, r.pattern, open)
		}
		for media := range s.object(op, "requestBody", "content") {
			if limit := s.at(op, "requestBody", "content", media, "x-max-bytes"); media != r.media || limit != float64(r.limit) {
				t.Errorf("%s %s: described with %v bytes of %s", r.method, r.pattern, limit, media)
			}
		}
		var query []string
		params, _ := op["parameters"].([]any)
		for _, p := range params {
			if s.at(p, "in") == "query" {
				query = append(query, s.at(p, "name").(string))
			}
		}
		if !slices.Equal(query, r.query) {
			t.Errorf("%s %s: described with the parameters %q, knows %q", r.method, r.pattern, query, r.query)
		}
	}
	slices.Sort(want)
	slices.Sort(got)
	if !slices.Equal(want, got) {
		t.Errorf("described: %q\nserved:    %q", got, want)
	}
	var names []any
	for _, k := range kinds {
		names = append(names, ProblemPrefix+k.name)
		if k.status < 400 || k.title == "" || k.next == "" {
			t.Errorf("problem %q lacks something", k.name)
		}
	}
	if enum := s.at(s.doc, "components", "schemas", "Problem", "properties", "type", "enum").([]any); !slices.Equal(enum, names) {
		t.Errorf("problems described: %v\nknown: %v", enum, names)
	}
}

// TestSchemas holds the members of each schema against the Go type.
func TestSchemas(t *testing.T) {
	s := loadSpec(t)
	for name, v := range map[string]any{
		"Resolution": Resolution{}, "Hop": Hop{}, "PathAnswer": PathAnswer{}, "PublishResult": PublishResult{}, "PublishOutcome": PublishOutcome{},
		"WithdrawResult": WithdrawResult{}, "ImportResult": ImportResult{}, "RevokeResult": RevokeResult{}, "TombstoneEvent": TombstoneEvent{}, "FactEvent": FactEvent{}, "Status": Status{},
		"Peer": Peer{}, "Problem": Problem{}, "State": stateAnswer{}, "Endpoint": records.Endpoint{},
	} {
		var members, required []string
		for f := range fields(reflect.TypeOf(v)) {
			member, opts, _ := strings.Cut(f.Tag.Get("json"), ",")
			if member == "-" {
				continue
			}
			members = append(members, member)
			if opts != "omitempty" {
				required = append(required, member)
			}
		}
		schema := s.object(s.doc, "components", "schemas", name)
		var described []string
		for m := range schema["properties"].(map[string]any) {
			described = append(described, m)
		}
		slices.Sort(described)
		if !slices.Equal(slices.Sorted(slices.Values(members)), described) {
			t.Errorf("%s: described %q, has %q", name, described, members)
		}
		for _, m := range schema["required"].([]any) {
			if name != "TombstoneEvent" && !slices.Contains(required, m.(string)) {
				t.Errorf("%s: %s is required, but may be left out", name, m)
			}
		}
	}
}

func fields(t reflect.Type) func(func(reflect.StructField) bool) {
	return func(yield func(reflect.StructField) bool) {
		for i := range t.NumField() {
			if !yield(t.Field(i)) {
				return
			}
		}
	}
}

// TestVersionInDescription puts the build's version into openapi.json.
func TestVersionInDescription(t *testing.T) {
	for _, version := range []string{"v1.2.3", `odd"version\`, ""} {
		var doc struct {
			OpenAPI string
			Info    struct{ Version string }
		}
		if err := json.Unmarshal(description(version), &doc); err != nil {
			t.Fatal(err)
		}
		if doc.OpenAPI != "3.1.0" || version != "" && doc.Info.Version != version {
			t.Errorf("%q became %+v", version, doc)
		}
	}
	d := openDoor(t, newFakeNode(), func(c *Config) { c.Version = "v9" })
	if a := d.send(t, "GET", "/openapi.json", nil); a.StatusCode != 200 || !strings.Contains(string(a.body), `"version": "v9"`) {
		t.Error(a.StatusCode)
	}
}

// TestRouting answers unknown paths, unknown methods and HEAD.
func TestRouting(t *testing.T) {
	d := openDoor(t, newFakeNode(), nil)
	for _, row := range []struct {
		method, path string
		code         int
		allow        string
	}{
		{"GET", "/", 404, ""},
		{"GET", "/v1", 404, ""},
		{"GET", "/v1/agents", 404, ""},
		{"GET", "/v1/agents/x/y", 404, ""},
		{"GET", "/v1/agents/x/withdraw/y", 404, ""},
		{"GET", "/V1/status", 404, ""},
		{"DELETE", "/v1/agents/x", 405, "GET, HEAD, PUT"},
		{"GET", "/v1/stop", 405, "POST"},
		{"OPTIONS", "/v1/tombstones", 405, "GET, POST"},
		{"HEAD", "/v1/watch", 405, "GET"},
		{"HEAD", "/v1/status", 200, ""},
		{"HEAD", "/healthz", 200, ""},
	} {
		a := d.send(t, row.method, row.path, nil)
		if a.StatusCode != row.code || a.Header.Get("Allow") != row.allow {
			t.Errorf("%s %s: %d, Allow %q", row.method, row.path, a.StatusCode, a.Header.Get("Allow"))
		}
		if row.method == http.MethodHead {
			if n, _ := strconv.Atoi(a.Header.Get("Content-Length")); len(a.body) != 0 || n == 0 && row.code == 200 {
				t.Errorf("HEAD %s: %d bytes, Content-Length %d", row.path, len(a.body), n)
			}
			continue
		}
		a.problem(t)
	}
}
