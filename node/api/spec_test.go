package api

import (
	"encoding/base64"
	"encoding/json"
	"fmt"
	"maps"
	"net/http"
	"regexp"
	"slices"
	"strconv"
	"strings"
	"sync"
	"testing"
	"time"
)

// spec is openapi.json as the tests read it.
type spec struct {
	doc map[string]any

	mu   sync.Mutex
	seen map[string]bool // "GET /v1/status 200 application/json"; guarded by mu
}

func loadSpec(t testing.TB) *spec {
	t.Helper()
	s := &spec{seen: map[string]bool{}}
	if err := json.Unmarshal([]byte(openapiJSON), &s.doc); err != nil {
		t.Fatal(err)
	}
	return s
}

// at walks the document; a $ref on the way is followed.
func (s *spec) at(v any, path ...string) any {
	for _, p := range path {
		m, _ := s.follow(v).(map[string]any)
		v = m[p]
	}
	return s.follow(v)
}

func (s *spec) follow(v any) any {
	m, _ := v.(map[string]any)
	ref, ok := m["$ref"].(string)
	if !ok {
		return v
	}
	return s.at(s.doc, strings.Split(strings.TrimPrefix(ref, "#/"), "/")...)
}

func (s *spec) object(v any, path ...string) map[string]any {
	m, _ := s.at(v, path...).(map[string]any)
	return m
}

// described lists every "METHOD path status type" of the document.
func (s *spec) described() []string {
	var all []string
	for path, item := range s.object(s.doc, "paths") {
		for method, op := range item.(map[string]any) {
			for code := range s.object(op, "responses") {
				for media := range s.object(op, "responses", code, "content") {
					all = append(all, strings.ToUpper(method)+" "+path+" "+code+" "+media)
				}
			}
		}
	}
	slices.Sort(all)
	return all
}

// holds reports how an answer differs from its description.
func (s *spec) holds(r *route, resp *http.Response, body []byte) error {
	media, code := mediaType(resp.Header.Get("Content-Type")), strconv.Itoa(resp.StatusCode)
	s.mu.Lock()
	s.seen[r.method+" "+r.pattern+" "+code+" "+media] = true
	s.mu.Unlock()
	op := s.object(s.doc, "paths", r.pattern, strings.ToLower(r.method))
	kind, ok := s.object(op, "responses", code, "content")[media].(map[string]any)
	if !ok {
		return fmt.Errorf("%s %q is not described", code, media)
	}
	for name := range s.object(op, "responses", code, "headers") {
		if resp.Header.Get(name) == "" {
			return fmt.Errorf("%s lacks the header %s", code, name)
		}
	}
	if resp.Request.Method == http.MethodHead {
		return nil
	}
	return s.bodyHolds(kind, media, body)
}

func (s *spec) bodyHolds(kind map[string]any, media string, body []byte) error {
	switch media {
	case typeJSON, typeProblem:
		return s.valid(kind["schema"], body)
	case typeCBOR:
		if limit := kind["x-max-bytes"].(float64); float64(len(body)) > limit {
			return fmt.Errorf("%d bytes of CBOR", len(body))
		}
	case typeNDJSON:
		for l := range strings.Lines(string(body)) {
			schema := kind["x-line-schema"]
			var extra map[string]json.RawMessage
			_ = json.Unmarshal([]byte(l), &extra)
			if p := extra["problem"]; p != nil && len(extra) == 1 {
				schema, l = map[string]any{"$ref": "#/components/schemas/Problem"}, string(p)
			}
			if extra["heartbeat"] != nil && extra["cursor"] != nil && len(extra) == 2 || !strings.HasSuffix(l, "\n") && extra["problem"] == nil {
				continue
			}
			if err := s.valid(schema, []byte(l)); err != nil {
				return fmt.Errorf("line %.200q: %w", l, err)
			}
		}
	case typeSSE:
		return s.eventsHold(kind, string(body))
	}
	return nil
}

func (s *spec) eventsHold(kind map[string]any, body string) error {
	events, _ := kind["x-events"].(map[string]any)
	whole := body[:max(0, strings.LastIndex(body, "\n\n"))]
	for block := range strings.SplitSeq(whole, "\n\n") {
		var name, data string
		for l := range strings.SplitSeq(block, "\n") {
			field, value, _ := strings.Cut(l, ": ")
			switch field {
			case "event":
				name = value
			case "data":
				data = value
			}
		}
		if name == "" {
			continue // a comment
		}
		if err := s.valid(events[name], []byte(data)); err != nil {
			return fmt.Errorf("event %q: %w", name, err)
		}
	}
	return nil
}

func (s *spec) valid(schema any, body []byte) error {
	var v any
	if err := json.Unmarshal(body, &v); err != nil {
		return err
	}
	return s.check(schema, v, "$")
}

// check is as much of JSON Schema as openapi.json uses.
func (s *spec) check(schema, v any, at string) error {
	m, ok := s.follow(schema).(map[string]any)
	if !ok {
		return fmt.Errorf("%s: no schema", at)
	}
	if want, ok := m["type"].(string); ok && !isType(want, v) {
		return fmt.Errorf("%s: %v is no %s", at, v, want)
	}
	if enum, ok := m["enum"].([]any); ok && !slices.Contains(enum, v) {
		return fmt.Errorf("%s: %v is none of %v", at, v, enum)
	}
	switch v := v.(type) {
	case string:
		return checkText(m, v, at)
	case []any:
		for i, item := range v {
			if err := s.check(m["items"], item, fmt.Sprintf("%s[%d]", at, i)); err != nil {
				return err
			}
		}
	case map[string]any:
		return s.checkObject(m, v, at)
	}
	return nil
}

func isType(want string, v any) bool {
	switch v := v.(type) {
	case string:
		return want == "string"
	case bool:
		return want == "boolean"
	case float64:
		return want == "number" || want == "integer" && v == float64(int64(v))
	case []any:
		return want == "array"
	case map[string]any:
		return want == "object"
	}
	return false
}

func checkText(m map[string]any, v, at string) error {
	if p, ok := m["pattern"].(string); ok && !regexp.MustCompile(p).MatchString(v) {
		return fmt.Errorf("%s: %q does not match %s", at, v, p)
	}
	if m["format"] == "date-time" {
		if _, err := time.Parse(time.RFC3339, v); err != nil {
			return fmt.Errorf("%s: %w", at, err)
		}
	}
	if m["contentEncoding"] == "base64" {
		if _, err := base64.StdEncoding.DecodeString(v); err != nil {
			return fmt.Errorf("%s: %w", at, err)
		}
	}
	return nil
}

func (s *spec) checkObject(m, v map[string]any, at string) error {
	required, _ := m["required"].([]any)
	for _, name := range required {
		if _, ok := v[name.(string)]; !ok {
			return fmt.Errorf("%s: %v is missing", at, name)
		}
	}
	properties, closed := m["properties"].(map[string]any)
	for _, name := range slices.Sorted(maps.Keys(v)) {
		schema, ok := properties[name]
		if !ok && m["additionalProperties"] != false && (m["additionalProperties"] != nil || !closed) {
			if schema = m["additionalProperties"]; schema == nil {
				continue
			}
			ok = true
		}
		if !ok {
			return fmt.Errorf("%s: %q is not described", at, name)
		}
		if err := s.check(schema, v[name], at+"."+name); err != nil {
			return err
		}
	}
	return nil
}
