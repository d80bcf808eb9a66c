package api

import (
	"flag"
	"fmt"
	"maps"
	"os"
	"slices"
	"strings"
	"testing"
)

var update = flag.Bool("update", false, "write what openapi.json says into docs/api.md")

// docs/api.md is the description of the API as people read it.
func TestReferencePage(t *testing.T) {
	const page, begin, end = "../../docs/api.md", "<!-- operations:begin -->\n", "<!-- operations:end -->"
	raw, err := os.ReadFile(page)
	if err != nil {
		t.Fatal(err)
	}
	head, rest, ok := strings.Cut(string(raw), begin)
	_, tail, ok2 := strings.Cut(rest, end)
	if !ok || !ok2 {
		t.Fatalf("%s has no marks around the operations", page)
	}
	want := head + begin + loadSpec(t).reference() + end + tail
	if want == string(raw) {
		return
	}
	if !*update {
		t.Fatalf("%s does not say what openapi.json says; run: go test ./node/api -run Page -update", page)
	}
	if err := os.WriteFile(page, []byte(want), 0o644); err != nil {
		t.Fatal(err)
	}
}

// reference is one section for each tag, with one part for each operation.
func (s *spec) reference() string {
	var b strings.Builder
	for _, tag := range s.doc["tags"].([]any) {
		name := tag.(map[string]any)["name"].(string)
		fmt.Fprintf(&b, "## %s%s\n\n", strings.ToUpper(name[:1]), name[1:])
		paths := s.doc["paths"].(map[string]any)
		for _, path := range slices.Sorted(maps.Keys(paths)) {
			for _, method := range []string{"get", "put", "post"} {
				if op, _ := s.at(paths[path], method).(map[string]any); op != nil && slices.Contains(op["tags"].([]any), any(name)) {
					s.operation(&b, strings.ToUpper(method)+" "+path, op)
				}
			}
		}
	}
	return b.String()
}

func (s *spec) operation(b *strings.Builder, title string, op map[string]any) {
	who := "Open to whoever reaches the address."
	if security := op["security"].([]any); len(security[0].(map[string]any)) > 0 {
		who = "Needs the token, or the socket."
	}
	fmt.Fprintf(b, "### %s\n\n%s. %s\n", title, op["summary"], who)
	if text := said(op); text != "" {
		fmt.Fprintf(b, "%s\n", text)
	}
	b.WriteString("\n| | | |\n|---|---|---|\n")
	params, _ := op["parameters"].([]any)
	for _, p := range params {
		fmt.Fprintf(b, "| %s | `%s` | %s |\n", s.at(p, "in"), s.at(p, "name"), said(p.(map[string]any)))
	}
	if body, _ := op["requestBody"].(map[string]any); body != nil {
		fmt.Fprintf(b, "| body | %s | %s |\n", types(body), said(body))
	}
	responses := op["responses"].(map[string]any)
	for _, code := range slices.Sorted(maps.Keys(responses)) {
		r := s.follow(responses[code]).(map[string]any)
		fmt.Fprintf(b, "| %s | %s | %s |\n", code, types(r), said(r))
	}
	b.WriteString("\n")
}

// said is a description that fits into a cell.
func said(of map[string]any) string {
	text, _ := of["description"].(string)
	return strings.ReplaceAll(strings.ReplaceAll(text, "\n", " "), "|", `\|`)
}

// types are the content types of a body.
func types(of map[string]any) string {
	content, _ := of["content"].(map[string]any)
	var all []string
	for _, name := range slices.Sorted(maps.Keys(content)) {
		all = append(all, "`"+name+"`")
	}
	return strings.Join(all, ", ")
}
