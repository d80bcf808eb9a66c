package archtest

import (
	"fmt"
	"os"
	"regexp"
	"slices"
	"strings"
	"testing"
)

// TestDependencies keeps go.mod and docs/dependencies.md equal: each direct dependency has one line with its reason.
func TestDependencies(t *testing.T) {
	gomod, err := os.ReadFile("../../go.mod")
	if err != nil {
		t.Fatal(err)
	}
	doc, err := os.ReadFile("../../docs/dependencies.md")
	if err != nil {
		t.Fatal(err)
	}
	for _, problem := range compareDependencies(string(gomod), string(doc)) {
		t.Error(problem)
	}
}

func TestCompareDependencies(t *testing.T) {
	const gomod = "module m\n\ngo 1.26\n\nrequire example.com/one v1.0.0\n\nrequire (\n\texample.com/two v1.0.0\n\texample.com/far v1.0.0 // indirect\n)\n"
	for name, row := range map[string]struct {
		doc  string
		want []string
	}{
		"equal":   {"# Page\n- `example.com/one`: first.\n- `example.com/two`: second.\n", nil},
		"missing": {"- `example.com/one`: first.\n", []string{"go.mod requires example.com/two"}},
		"left over": {"- `example.com/one`: first.\n- `example.com/two`: second.\n- `example.com/far`: far.\n",
			[]string{"docs/dependencies.md gives a reason for example.com/far"}},
		"no reason": {"- `example.com/one`:\n- `example.com/two`: second.\n", []string{"go.mod requires example.com/one"}},
		"twice":     {"- `example.com/one`: a.\n- `example.com/one`: b.\n- `example.com/two`: second.\n", []string{"docs/dependencies.md has 2 lines for example.com/one"}},
	} {
		t.Run(name, func(t *testing.T) {
			got := compareDependencies(gomod, row.doc)
			ok := slices.EqualFunc(got, row.want, strings.HasPrefix)
			if !ok {
				t.Errorf("got %q, want %q", got, row.want)
			}
		})
	}
}

var (
	requireLine = regexp.MustCompile(`(?m)^(?:require\s+|\t)(\S+\.\S+) v\S+[ \t]*$`) // an indirect one ends in a comment
	reasonLine  = regexp.MustCompile("(?m)^- `([^`]+)`: *\\S")
)

// compareDependencies says where go.mod's direct requirements and the page's lines differ.
func compareDependencies(gomod, doc string) []string {
	required, lines := map[string]bool{}, map[string]int{}
	for _, m := range requireLine.FindAllStringSubmatch(gomod, -1) {
		required[m[1]] = true
	}
	for _, m := range reasonLine.FindAllStringSubmatch(doc, -1) {
		lines[m[1]]++
	}
	var problems []string
	for mod := range required {
		if lines[mod] == 0 {
			problems = append(problems, fmt.Sprintf("go.mod requires %s, but docs/dependencies.md has no line with the reason for it: "+
				"write \"- `%s`: reason\", or do without it", mod, mod))
		}
	}
	for mod, n := range lines {
		if !required[mod] {
			problems = append(problems, fmt.Sprintf("docs/dependencies.md gives a reason for %s, which go.mod does not require directly: delete the line", mod))
		}
		if n > 1 {
			problems = append(problems, fmt.Sprintf("docs/dependencies.md has %d lines for %s: one is enough", n, mod))
		}
	}
	slices.Sort(problems)
	return problems
}
