package gateway

import (
	"fmt"
	"strings"
	"testing"
)

func TestSplit(t *testing.T) {
	nest := `{"displayName": "Core", "identifier": "urn:core", "mediaType": "application/a2a-agent-card+json", "url": "https://a.example.com"}`
	for i := range 8 {
		nest = fmt.Sprintf(`{"displayName": "L%d", "mediaType": "application/ai-catalog+json", "data": {"entries": [%s]}}`, i, nest)
	}
	rows := []struct{ name, doc, want string }{
		{"one document", `{"name": "a"}`, " a"},
		{"an array", `[{"name": "a"}, 7, {"name": "b\u0000c"}]`, "/0 a|/1 |/2 bc"},
		{"an array in an array", `[[{"name": "a"}]]`, "/0/0 a"},
		{"a catalog", `{"entries": [{"displayName": "a"}, {"name": "b"}]}`, "/entries/0 a|/entries/1 b"},
		{"a registry's answer", `{"servers": [{"server": {"name": "o/a"}}], "metadata": {}}`, "/servers/0 o/a"},
		{"a list of agents", `{"agents": [{"agent_name": "a"}]}`, "/agents/0 a"},
		{"nested", `{"entries": [{"mediaType": "x/y", "inline": {"entries": [{"name": "a"}]}}, {"name": "b"}]}`, "/entries/0/inline/entries/0 a|/entries/1 b"},
		{"nested and empty", `{"entries": [{"name": "none", "data": {"entries": []}}]}`, "/entries/0 none"},
		{"a list for data is data", `{"entries": [{"name": "rows", "data": [1, 2]}]}`, "/entries/0 rows"},
		{"nested too deep", nest, "/data/entries/0/data/entries/0/data/entries/0/data/entries/0/data/entries/0 L2"},
		{"collections", `{"entries": [], "collections": [{"displayName": "more", "url": "https://a.example.com"}]}`, "/collections/0 more"},
	}
	for _, row := range rows {
		t.Run(row.name, func(t *testing.T) {
			entries, err := Split([]byte(row.doc))
			if err != nil {
				t.Fatal(err)
			}
			var got []string
			for _, e := range entries {
				got = append(got, e.Path+" "+e.Title)
			}
			if s := strings.Join(got, "|"); s != row.want {
				t.Errorf("got  %s\nwant %s", s, row.want)
			}
		})
	}
}

func TestSplitRefuses(t *testing.T) {
	rows := []struct{ name, doc, want string }{
		{"no JSON", `[{"name": "a"},`, "ErrNotJSON"},
		{"empty array", `[]`, "ErrNoLocation"},
		{"empty catalog", `{"entries": [], "skipped": [{"kind": "MissingLabel"}]}`, "ErrNoLocation"},
		{"two lists of one name", `{"entries": [{"name": "a"}], "entries": [{"name": "b"}]}`, "ErrInvalid"},
		{"too deep", strings.Repeat("[", 200) + strings.Repeat("]", 200), "ErrTooLarge"},
	}
	for _, row := range rows {
		t.Run(row.name, func(t *testing.T) {
			_, err := Split([]byte(row.doc))
			if err == nil {
				t.Fatal("accepted")
			}
			if got := reason(t, err); got != row.want {
				t.Errorf("got %s: %v, want %s", got, err, row.want)
			}
		})
	}
}

// TestOneBadEntry: an entry that cannot be imported takes no other one with it.
func TestOneBadEntry(t *testing.T) {
	doc := `[{"name": "a", "url": "https://a.example.com", "skills": []}, {"name": 1, "skills": 2, "url": 3}, "text", {"name": "b", "url": "https://b.example.com", "skills": []}]`
	entries, err := Split([]byte(doc))
	if err != nil || len(entries) != 4 {
		t.Fatal(len(entries), err)
	}
	for i, want := range []string{"", "ErrInvalid", "ErrUnrecognised", ""} {
		_, err := Import(entries[i].Document, Options{})
		if (err == nil) != (want == "") || err != nil && reason(t, err) != want {
			t.Errorf("entry %d: %v, want %q", i, err, want)
		}
	}
}

// BenchmarkSplitHostile is a list of as many entries as the limits allow.
func BenchmarkSplitHostile(b *testing.B) {
	doc := []byte("[" + strings.Repeat("[],", MaxValues-10) + "1]")
	b.SetBytes(int64(len(doc)))
	b.ReportAllocs()
	for b.Loop() {
		if _, err := Split(doc); err != nil {
			b.Fatal(err)
		}
	}
}
