package gateway

import (
	"encoding/json"
	"net/url"
	"os"
	"path/filepath"
	"strings"
	"testing"
)

// seed adds the fixtures, whole and entry by entry, and the oddities they do not have.
func seed(f *testing.F) {
	files, err := filepath.Glob("testdata/*.json")
	if err != nil {
		f.Fatal(err)
	}
	for _, file := range files {
		doc, err := os.ReadFile(file)
		if err != nil {
			f.Fatal(err)
		}
		f.Add(doc)
		if entries, err := Split(doc); err == nil && len(entries) > 1 {
			for _, e := range entries {
				f.Add(e.Document)
			}
		}
	}
	for _, doc := range []string{
		"", "null", "[]", "{}", "[[[[]]]]", `{"a": 1, "a": 2}`, "\ufeff{}", `{"name": "\ud800", "url": "https://[::1%25x]:1/", "skills": []}`,
		`{"endpoints": {"static": {"static": ["https://a.example.com"]}}, "label": 1}`,
		`{"server": {"server": {"name": "a"}}}`, `{"mediaType": "a/b", "id": 1, "data": {"mediaType": "a/b", "id": 1, "data": {}}}`,
		`{"credentialSubject": {"credentialSubject": {"endpoints": [], "label": ""}}}`,
		`{"lifecycle": "ACTIVE", "entry": {"type": "application/mcp", "url": "https://a.example.com/?%zz&key=1"}}`,
		`{"name": "a", "packages": [{"registryType": "oci", "identifier": "[::1]:5000/a@sha256:"}, {"registryType": "mcpb", "identifier": "https://a.example.com/%2e%2e/"}]}`,
		`{"name": "a", "locators": [{"type": "source_code", "urls": ["git@github.com:a/b", "https://github.com/a/b/tree/x/%0a/%2f"]}]}`,
		`{"name": "a", "url": "https://` + strings.Repeat("a.", 120) + `example.com", "skills": [{"id": "` + strings.Repeat("/a", 63) + `"}]}`,
	} {
		f.Add([]byte(doc))
	}
}

// FuzzImport: whatever the bytes, Import answers with a location that can be
// signed and holds nothing private, or with a named refusal fit to print.
func FuzzImport(f *testing.F) {
	seed(f)
	f.Fuzz(func(t *testing.T, doc []byte) {
		for _, opts := range []Options{{}, {AllowPrivate: true}} {
			if im, err := Import(doc, opts); err != nil {
				reason(t, err)
			} else {
				sound(t, doc, im, opts)
			}
		}
	})
}

// FuzzSplit: every entry is a whole JSON value inside the bytes given, with a
// title fit to print, and Import judges it without harm.
func FuzzSplit(f *testing.F) {
	seed(f)
	f.Fuzz(func(t *testing.T, doc []byte) {
		entries, err := Split(doc)
		if err != nil {
			reason(t, err)
			return
		}
		total := 0
		for i, e := range entries {
			total += len(e.Document)
			if !json.Valid(e.Document) {
				t.Fatalf("entry %s is not JSON: %.200q", e.Path, e.Document)
			}
			if strings.ContainsFunc(e.Title+e.Path, invisible) || len(e.Title) > maxLabel {
				t.Fatalf("not clean: %q %q", e.Path, e.Title)
			}
			if im, err := Import(e.Document, Options{}); err == nil && i < 64 {
				sound(t, e.Document, im, Options{})
			}
		}
		if total > len(doc) {
			t.Fatalf("entries of %d bytes in a list of %d", total, len(doc))
		}
	})
}

// FuzzPlaces: no text makes an endpoint, a package or a repository that a record
// cannot hold, that is not public, or that carries a login.
func FuzzPlaces(f *testing.F) {
	for _, s := range []string{
		"https://agent.example.com:8443/a?b=c#d", "http://127.0.0.1/", "https://[::ffff:10.0.0.1]/", "https://user:pw@example.com/", "https://0x7f.1/",
		"https://<host>/", "https://xn--bcher-kva.example/%F0%9F", "git@github.com:o/r.git", "https://github.com/o/r/tree/main/a", "@scope/name",
		"ghcr.io/a/b:1@sha256:00", "localhost:5000/a", "pkg:npm/a", "/ip4/127.0.0.1/tcp/1", "https://example.com\\@evil.example.org/", "HTTPS://EXAMPLE.COM.",
	} {
		for _, registry := range []string{"npm", "pypi", "oci", "mcpb"} {
			f.Add(s, registry, "1.0")
		}
	}
	f.Fuzz(func(t *testing.T, s, registry, version string) {
		for _, private := range []bool{false, true} {
			opts := Options{AllowPrivate: private}
			d := &draft{opts: opts, media: mediaJSON}
			d.networkURL("/a", s, "https")
			d.repository("/b", s, version)
			d.pack("/c", pkg{registry: registry, name: s, version: version})
			d.pack("/d", pkg{registry: registry, name: "name", base: s, sha256: version})
			if im, err := d.finish(nil); err != nil {
				reason(t, err)
			} else {
				sound(t, nil, im, opts)
			}
			for _, e := range d.endpoints {
				if u, err := url.Parse(e.URL); err != nil || u.User != nil {
					t.Fatalf("%q gave %s", s, e.URL)
				}
			}
		}
	})
}
