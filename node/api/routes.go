package api

import (
	"maps"
	"net/http"
	"slices"
	"strings"

	"github.com/prometheus/client_golang/prometheus"
)

// Media types of bodies.
const (
	typeJSON    = "application/json"
	typeProblem = "application/problem+json"
	typeCBOR    = "application/cbor"
	typeCBORSeq = "application/cbor-seq"
	typeNDJSON  = "application/x-ndjson"
	typeSSE     = "text/event-stream"
	typeTar     = "application/x-tar"
)

// route is one method of one path.
type route struct {
	method, pattern string
	open            bool     // answered without the token
	stream          bool     // the answer goes on as long as it may
	query           []string // the query parameters it knows
	media           string   // the body's media type; empty is no body
	limit           int64    // the body's greatest length
	serve           func(*server, *call) error
	ok              prometheus.Counter // of its answers with 200
}

// safe reports whether the route only reads.
func (r *route) safe() bool { return r.method == http.MethodGet }

// routes is the whole API.
func routes(l Limits) []route {
	return []route{
		{method: "GET", pattern: "/v1/agents/{id}", open: true, query: []string{"policy"}, serve: (*server).getAgent},
		{method: "PUT", pattern: "/v1/agents/{id}", media: typeCBOR, limit: l.Record, serve: (*server).putAgent},
		{method: "GET", pattern: "/v1/agents/{id}/receipt", open: true, serve: (*server).getReceipt},
		{method: "POST", pattern: "/v1/agents/{id}/withdraw", serve: (*server).withdrawAgent},
		{method: "POST", pattern: "/v1/publish", query: []string{"agent", "lease", "allow_private", "code", "claims"}, media: typeJSON, limit: l.Document, serve: (*server).publish},
		{method: "POST", pattern: "/v1/publish-all", query: []string{"lease", "allow_private"}, media: typeJSON, limit: l.Document, stream: true, serve: (*server).publishAll},
		{method: "GET", pattern: "/v1/tombstones", open: true, query: []string{"after", "follow"}, stream: true, serve: (*server).getTombstones},
		{method: "POST", pattern: "/v1/tombstones", media: typeCBOR, limit: l.Tombstone, serve: (*server).postTombstone},
		{method: "POST", pattern: "/v1/rotations", media: typeCBOR, limit: l.Tombstone, serve: (*server).postRotations},
		{method: "GET", pattern: "/v1/facts", open: true, query: []string{"after", "follow"}, stream: true, serve: (*server).getFacts},
		{method: "POST", pattern: "/v1/facts", media: typeCBORSeq, limit: l.Facts, serve: (*server).postFacts},
		{method: "GET", pattern: "/v1/backup", stream: true, serve: (*server).getBackup},
		{method: "GET", pattern: "/v1/watch", query: []string{"agent", "after"}, stream: true, serve: (*server).watch},
		{method: "GET", pattern: "/v1/status", open: true, serve: (*server).getStatus},
		{method: "GET", pattern: "/v1/peers", serve: (*server).getPeers},
		{method: "POST", pattern: "/v1/stop", serve: (*server).stop},
		{method: "GET", pattern: "/healthz", open: true, serve: (*server).healthz},
		{method: "GET", pattern: "/readyz", open: true, serve: (*server).readyz},
		{method: "GET", pattern: "/metrics", open: true, serve: (*server).getMetrics},
		{method: "GET", pattern: "/openapi.json", open: true, serve: (*server).getOpenAPI},
	}
}

// resource is the routes of one path by method.
type resource map[string]*route

// resources makes the routes findable by pattern. A GET that is no stream
// answers HEAD too (RFC 9110, section 9.3.2).
func resources(all []route) map[string]resource {
	found := make(map[string]resource)
	for i := range all {
		r := &all[i]
		if found[r.pattern] == nil {
			found[r.pattern] = resource{}
		}
		found[r.pattern][r.method] = r
		if r.method == http.MethodGet && !r.stream {
			found[r.pattern][http.MethodHead] = r
		}
	}
	return found
}

// allow is the value of the Allow header.
func (r resource) allow() string {
	return strings.Join(slices.Sorted(maps.Keys(r)), ", ")
}

// agentsPath is the one path that has a part of its own in it.
const agentsPath = "/v1/agents/"

// checkRoute finds the route: 404 for an unknown path, 405 for an unknown method,
// which every OPTIONS request is.
func checkRoute(s *server, c *call) *Problem {
	pattern := c.r.URL.Path
	if rest, ok := strings.CutPrefix(pattern, agentsPath); ok {
		id, verb, more := strings.Cut(rest, "/")
		c.segment, pattern = id, agentsPath+"{id}"
		if more {
			pattern += "/" + verb
		}
	}
	found, ok := s.routes[pattern]
	if !ok {
		return problem("no-route", "%.200q", c.r.URL.Path)
	}
	if c.route, ok = found[c.r.Method]; !ok {
		c.w.Header().Set("Allow", found.allow())
		return problem("method", "%.32q; %s is known", c.r.Method, found.allow())
	}
	return nil
}
