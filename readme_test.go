package cairn_test

import (
	"flag"
	"go/ast"
	"go/format"
	"go/parser"
	"go/token"
	"os"
	"path/filepath"
	"strings"
	"testing"
)

var update = flag.Bool("update", false, "write the examples into the pages")

// Pages show compiled examples, word for word: each runs as a test of its package.
func TestPagesShowExamples(t *testing.T) {
	for _, row := range []struct{ page, mark, path string }{
		{"README.md", "example", "node/example_test.go"},
		{"docs/embedding.md", "node", "node/example_test.go"},
		{"docs/embedding.md", "overlay", "overlay/example_test.go"},
		{"docs/embedding.md", "gossip", "gossip/example_test.go"},
	} {
		src := exampleBody(t, row.path)
		if lines := strings.Count(strings.ReplaceAll(src, "\n\n", "\n"), "\n"); lines >= 25 {
			t.Errorf("%s has %d lines, want under 25", row.path, lines)
		}
		page, err := os.ReadFile(row.page)
		if err != nil {
			t.Fatal(err)
		}
		begin, end := "<!-- "+row.mark+":begin -->\n", "<!-- "+row.mark+":end -->"
		head, rest, ok := strings.Cut(string(page), begin)
		_, tail, ok2 := strings.Cut(rest, end)
		if !ok || !ok2 {
			t.Fatalf("%s has no marks of %s", row.page, row.mark)
		}
		want := head + begin + "```go\n" + src + "```\n" + end + tail
		if want == string(page) {
			continue
		}
		if !*update {
			t.Fatalf("%s does not show %s as it is; run: go test . -update", row.page, row.path)
		}
		if err := os.WriteFile(row.page, []byte(want), 0o644); err != nil {
			t.Fatal(err)
		}
	}
}

// docs/README.md leads to every page of docs.
func TestDocsHaveAnIndex(t *testing.T) {
	index, err := os.ReadFile("docs/README.md")
	if err != nil {
		t.Fatal(err)
	}
	pages, err := filepath.Glob("docs/*.md")
	if err != nil {
		t.Fatal(err)
	}
	for _, page := range pages {
		if name := filepath.Base(page); name != "README.md" && !strings.Contains(string(index), "]("+name+")") {
			t.Errorf("docs/README.md lacks %s", name)
		}
	}
}

// exampleBody returns the statements of func Example between its set-up of a
// folder and its expected output.
func exampleBody(t *testing.T, path string) string {
	t.Helper()
	fset := token.NewFileSet()
	file, err := parser.ParseFile(fset, path, nil, parser.ParseComments)
	if err != nil {
		t.Fatal(err)
	}
	for _, d := range file.Decls {
		fn, ok := d.(*ast.FuncDecl)
		if !ok || fn.Name.Name != "Example" {
			continue
		}
		raw, err := os.ReadFile(path)
		if err != nil {
			t.Fatal(err)
		}
		body := string(raw[fset.Position(fn.Body.Lbrace).Offset+1 : fset.Position(fn.Body.Rbrace).Offset])
		body, _, _ = strings.Cut(body, "\t// Output:")
		if _, rest, ok := strings.Cut(body, "defer os.RemoveAll(dir)\n"); ok {
			body = rest
		}
		out, err := format.Source([]byte(strings.ReplaceAll("\n"+body, "\n\t", "\n")))
		if err != nil {
			t.Fatal(err)
		}
		return strings.TrimLeft(string(out), "\n")
	}
	t.Fatal("no Example")
	return ""
}
