package main

import (
	"flag"
	"os"
	"strings"
	"testing"
)

var update = flag.Bool("update", false, "write what is generated into docs")

// docs/configuration.md has every setting as it is.
func TestPageHasTheSettings(t *testing.T) {
	var b strings.Builder
	b.WriteString("| key | variable | |\n|---|---|---|\n")
	for _, f := range allSettings(t) {
		b.WriteString("| `" + f.Name + "` | `" + variable(f.Name) + "` | " + strings.ReplaceAll(settingHelp(f), "|", `\|`) + " |\n")
	}
	fillPage(t, "../../docs/configuration.md", "settings", b.String())
}

// fillPage looks whether a page has text between its marks, or writes it there.
func fillPage(t *testing.T, page, mark, text string) {
	t.Helper()
	raw, err := os.ReadFile(page)
	if err != nil {
		t.Fatal(err)
	}
	begin, end := "<!-- "+mark+":begin -->\n", "<!-- "+mark+":end -->"
	head, rest, ok := strings.Cut(string(raw), begin)
	_, tail, ok2 := strings.Cut(rest, end)
	if !ok || !ok2 {
		t.Fatalf("%s has no marks of %s", page, mark)
	}
	want := head + begin + text + end + tail
	if want == string(raw) {
		return
	}
	if !*update {
		t.Fatalf("%s does not show %s as they are; run: go test ./cmd/cairn -run Page -update", page, mark)
	}
	if err := os.WriteFile(page, []byte(want), 0o644); err != nil {
		t.Fatal(err)
	}
}
