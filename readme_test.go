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

var update = flag.Bool("update", false, "write the example into README.md")

// The README shows the compiled example of package node, word for word.
func TestReadmeExample(t *testing.T) {
	src := exampleBody(t, "node/example_test.go")
	if lines := strings.Count(src, "\n"); lines >= 25 {
		t.Errorf("the example has %d lines, want under 25", lines)
	}
	readme, err := os.ReadFile("README.md")
	if err != nil {
		t.Fatal(err)
	}
	const begin, end = "<!-- example:begin -->\n", "<!-- example:end -->"
	head, rest, ok := strings.Cut(string(readme), begin)
	_, tail, ok2 := strings.Cut(rest, end)
	if !ok || !ok2 {
		t.Fatal("README.md has no example marks")
	}
	want := head + begin + "```go\n" + src + "```\n" + end + tail
	if want == string(readme) {
		return
	}
	if !*update {
		t.Fatal("README.md does not show the example as it is; run: go test . -update")
	}
	if err := os.WriteFile("README.md", []byte(want), 0o644); err != nil {
		t.Fatal(err)
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

// What embeds a part of Cairn in a program that has a host of its own is short: each of
// these examples runs as a test of its package.
func TestEmbeddingIsShort(t *testing.T) {
	for _, path := range []string{"overlay/example_test.go", "gossip/example_test.go"} {
		src := strings.ReplaceAll(exampleBody(t, path), "\n\n", "\n")
		if lines := strings.Count(src, "\n"); lines >= 25 {
			t.Errorf("%s has %d lines, want under 25", path, lines)
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
