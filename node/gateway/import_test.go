package gateway

import (
	"bytes"
	"errors"
	"fmt"
	"os"
	"strings"
	"testing"

	"github.com/cairn-overlay/cairn/records"
)

func TestRefusals(t *testing.T) {
	deep := strings.Repeat(`{"a":`, MaxDepth+1) + "1" + strings.Repeat("}", MaxDepth+1)
	rows := []struct{ name, doc, want, says string }{
		{"empty", "", "ErrNotJSON", "empty"},
		{"blank", " \n ", "ErrNotJSON", "empty"},
		{"HTML", "<html></html>", "ErrNotJSON", "line 1, column 1"},
		{"comment", "{\n  // here\n  \"name\": 1}", "ErrNotJSON", "comments"},
		{"trailing comma", `{"a": 1,}`, "ErrNotJSON", "trailing commas"},
		{"cut off", `{"a": [1, 2`, "ErrNotJSON", "ends in the middle"},
		{"cut off string", `{"a": "b`, "ErrNotJSON", "ends in the middle"},
		{"two documents", `{} {}`, "ErrNotJSON", "JSON array"},
		{"byte order mark", "\ufeff{}", "ErrNotJSON", "byte order mark"},
		{"Latin-1", "{\"name\": \"B\xfccher\"}", "ErrNotJSON", "UTF-8"},
		{"mismatched", `[1}`, "ErrNotJSON", ""},
		{"number as a key", `{1: 2}`, "ErrNotJSON", ""},
		{"too many bytes", `"` + strings.Repeat("a", MaxDocument) + `"`, "ErrTooLarge", "bytes"},
		{"too deep", deep, "ErrTooLarge", "64 levels"},
		{"deep list", strings.Repeat("[", 500000), "ErrTooLarge", "64 levels"},
		{"long string", `{"name": "` + strings.Repeat("a", MaxString+1) + `"}`, "ErrTooLarge", "string"},
		{"long key", `{"` + strings.Repeat("a", MaxString+1) + `": 1}`, "ErrTooLarge", "string"},
		{"long number", `{"n": ` + strings.Repeat("1", MaxString+1) + `}`, "ErrTooLarge", "string"},
		{"too many values", "[" + strings.Repeat("1,", MaxValues) + "1]", "ErrTooLarge", "values"},
		{"text", `"hello"`, "ErrUnrecognised", "text where an object"},
		{"null", `null`, "ErrUnrecognised", "null"},
		{"no keys", `{}`, "ErrUnrecognised", "AgentFacts"},
		{"other keys", `{"mcpServers": {}, "a\u001bb\u3164\ufffd": {}}`, "ErrUnrecognised", "mcpServers"},
		{"a list", `[{"name": "a"}]`, "ErrList", "split"},
		{"a catalog", `{"entries": []}`, "ErrList", "split"},
		{"a registry's answer", `{"servers": [], "metadata": {}}`, "ErrList", "split"},
		{"unknown event", `{"eventType": "AGENT_DREAMT", "logId": "1", "endpoints": [{"agentUrl": "https://a.example.com"}]}`, "ErrUnrecognised", "AGENT_DREAMT"},
		{"member twice", `{"name": "a", "url": "https://a.example.com", "url": "https://b.example.com", "skills": []}`, "ErrInvalid", "/url: stands more than once"},
		{"member twice, deep", `{"name": "a", "url": "https://a.example.com", "skills": [{"id": "a", "x/y": 1, "x/y": 2}]}`, "ErrInvalid", "/skills/0/x~1y"},
		{"URL a number", `{"name": "a", "url": 5, "skills": []}`, "ErrInvalid", "/url"},
		{"interfaces an object", `{"name": "a", "supportedInterfaces": {"url": "https://a.example.com"}}`, "ErrInvalid", "/supportedInterfaces"},
		{"packages an object", `{"name": "a", "packages": {"npm": "x"}}`, "ErrInvalid", "/packages"},
		{"only a malformed URL", `{"name": "a", "url": "not a url", "skills": []}`, "ErrInvalid", "not a url"},
		{"only a secret URL", `{"name": "a", "url": "https://a.example.com/?token=x", "skills": []}`, "ErrInvalid", "secret"},
		{"only a template", `{"name": "a", "url": "https://<host>/", "skills": []}`, "ErrTemplate", "placeholder"},
		{"only private", `{"name": "a", "url": "http://10.0.0.1/", "skills": []}`, "ErrPrivate", "--allow-private"},
		{"only a repository", `{"name": "org.example/a", "version": "1", "repository": {"url": "https://github.com/o/r"}}`, "ErrNoLocation", "package"},
	}
	for _, row := range rows {
		t.Run(row.name, func(t *testing.T) {
			_, err := Import([]byte(row.doc), Options{})
			if err == nil {
				t.Fatal("accepted")
			}
			if got := reason(t, err); got != row.want || !strings.Contains(err.Error(), row.says) {
				t.Errorf("got %s: %v; want %s with %q", got, err, row.want, row.says)
			}
		})
	}
}

// TestInvalidSaysAll: one look at the error is enough to mend the document.
func TestInvalidSaysAll(t *testing.T) {
	doc, err := os.ReadFile("testdata/a2a-broken.json")
	if err != nil {
		t.Fatal(err)
	}
	_, err = Import(doc, Options{})
	refusal, ok := errors.AsType[*RefusalError](err)
	if !ok || !errors.Is(err, ErrInvalid) {
		t.Fatalf("got %v", err)
	}
	for _, f := range refusal.Findings {
		if !strings.Contains(err.Error(), f.String()) {
			t.Errorf("the error keeps back %s", f)
		}
	}
	for _, path := range []string{"/name", "/capabilities", "/defaultInputModes", "/skills/1"} {
		if !strings.Contains(err.Error(), "error: "+path+":") {
			t.Errorf("the error does not name %s: %v", path, err)
		}
	}
}

func TestAllowPrivate(t *testing.T) {
	doc := []byte(`{"name": "a", "url": "http://127.0.0.1:8000/a2a", "additionalInterfaces": [{"url": "http://agent.example.com", "transport": "JSONRPC"}], "version": "1", "skills": []}`)
	if _, err := Import(doc, Options{}); !errors.Is(err, ErrPrivate) || !strings.Contains(err.Error(), "127.0.0.1:8000") {
		t.Errorf("got %v", err)
	}
	im, err := Import(doc, Options{AllowPrivate: true})
	if err != nil {
		t.Fatal(err)
	}
	sound(t, doc, im, Options{AllowPrivate: true})
	if len(im.Location.Endpoints) != 2 || len(im.Findings) != 2 {
		t.Errorf("want two endpoints with a warning each: %s", describe(im, nil))
	}
}

// TestBounds: what is far beyond a record's limits still makes a record that can be
// signed, with the first of everything in it and a count of what is not.
func TestBounds(t *testing.T) {
	var urls, skills, tags []string
	for i := range 40 {
		urls = append(urls, fmt.Sprintf(`{"url": "https://a%02d.example.com/%s", "protocolBinding": "JSONRPC"}`, i, strings.Repeat("p", 950)))
	}
	for i := range 200 {
		skills = append(skills, fmt.Sprintf(`{"id": "skill-%03d", "tags": ["t"]}`, i))
	}
	for i := range 2000 {
		tags = append(tags, fmt.Sprintf(`"tag-%d"`, i))
	}
	card := func(urls, skills []string, more string) []byte {
		return fmt.Appendf(nil, `{"name": "a", "version": "1", "supportedInterfaces": [%s], "skills": [%s%s]}`, strings.Join(urls, ","), strings.Join(skills, ","), more)
	}
	short := []string{`{"url": "https://a.example.com"}`}
	rows := []struct {
		name             string
		doc              []byte
		endpoints, paths int
		says             string
	}{
		{"long URLs", card(urls, skills[:1], ""), 3, 2, "endpoints left out: 37"},
		{"many skills", card(short, skills, ""), 1, records.MaxCapabilities, "capabilities left out: 137"},
		{"skills before tags", card(short, skills[:63], `, {"id": "z", "tags": ["a"]}`), 1, records.MaxCapabilities, "capabilities left out: 2"},
		{"too many to look at", card(short, skills[:1], `, {"id": "z", "tags": [`+strings.Join(tags, ",")+`]}`), 1, records.MaxCapabilities, "is not looked at"},
	}
	for _, row := range rows {
		t.Run(row.name, func(t *testing.T) {
			im, err := Import(row.doc, Options{})
			if err != nil {
				t.Fatal(err)
			}
			sound(t, row.doc, im, Options{})
			if len(im.Location.Endpoints) != row.endpoints || len(im.Location.Capabilities) != row.paths || !strings.Contains(describe(im, nil), row.says) {
				t.Errorf("%d endpoints, %d capabilities, want %d and %d, and %q in\n%.2000s",
					len(im.Location.Endpoints), len(im.Location.Capabilities), row.endpoints, row.paths, row.says, describe(im, nil))
			}
		})
	}
}

// TestFindingsAreBounded: a document of nothing but oddities costs a bounded answer.
func TestFindingsAreBounded(t *testing.T) {
	doc := fmt.Appendf(nil, `{"name": "a", "url": "https://a.example.com", "skills": [%s{"id": "z"}]}`, strings.Repeat(`{"id": "A B"},`, 900))
	im, err := Import(doc, Options{})
	if err != nil {
		t.Fatal(err)
	}
	last := im.Findings[len(im.Findings)-1].Message
	if len(im.Findings) != maxFindings+1 || !strings.Contains(last, "more findings") {
		t.Errorf("%d findings, the last: %s", len(im.Findings), last)
	}
}

// TestShapeByKeys: a version field that lies, or is missing, changes nothing.
func TestShapeByKeys(t *testing.T) {
	rows := []struct{ name, doc, want string }{
		{"1.0 that says 0.2", `{"name": "a", "supportedInterfaces": [{"url": "https://a.example.com", "protocolVersion": "0.2"}]}`, "a2a/1.0"},
		{"0.3 that says 1.0", `{"name": "a", "url": "https://a.example.com", "preferredTransport": "JSONRPC", "protocolVersion": "1.0"}`, "a2a/0.3"},
		{"a number for a version", `{"name": "a", "url": "https://a.example.com", "protocolVersion": 1, "skills": []}`, "a2a/0.3"},
		{"MCP without a schema", `{"name": "o.e/a", "remotes": [{"type": "sse", "url": "https://a.example.com"}]}`, "mcp/2025-12-11"},
		{"OASF without a version", `{"name": "a", "skills": [], "locators": [{"type": "url", "url": "https://a.example.com"}]}`, "oasf/unknown"},
		{"OASF with a wild version", `{"name": "a", "schema_version": "v9.9.9-\u001b", "skills": [], "locators": [{"type": "url", "url": "https://a.example.com"}]}`, "oasf/9.9.9"},
		{"facts inside a credential", `{"@context": [], "credentialSubject": {"agent_name": "a", "endpoints": {"static": ["https://a.example.com"]}}}`, "agentfacts/nanda"},
		{"an entry with media_type", `{"id": "urn:a", "media_type": "application/a2a-agent-card+json", "url": "https://a.example.com/card.json"}`, "ai-catalog/entry"},
	}
	for _, row := range rows {
		t.Run(row.name, func(t *testing.T) {
			im, err := Import([]byte(row.doc), Options{})
			if err != nil {
				t.Fatal(err)
			}
			if im.Shape != row.want {
				t.Errorf("got %s, want %s", im.Shape, row.want)
			}
		})
	}
}

// TestDigestIsOfTheBytes: another blank is another card.
func TestDigestIsOfTheBytes(t *testing.T) {
	doc := []byte(`{"name": "a", "url": "https://a.example.com", "skills": []}`)
	one, err := Import(doc, Options{})
	if err != nil {
		t.Fatal(err)
	}
	two, err := Import(bytes.ReplaceAll(doc, []byte(`: `), []byte(`:`)), Options{})
	if err != nil {
		t.Fatal(err)
	}
	if one.Location.Card.Digest == two.Location.Card.Digest {
		t.Error("two texts with one digest")
	}
}
