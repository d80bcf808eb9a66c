package gateway

import (
	"errors"
	"fmt"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"testing"
	"text/tabwriter"
)

// shelf holds real documents of public projects; it is not part of the repository.
const shelf = "../../../shared/data/agents"

// TestShelf drives every real document through Split and Import. Each is either a
// location that can be signed, or refused with a named reason. The least counts
// catch an importer that has forgotten a shape.
func TestShelf(t *testing.T) {
	files, err := filepath.Glob(shelf + "/*/*.json")
	if err != nil {
		t.Fatal(err)
	}
	if len(files) == 0 {
		t.Skip("the shelf of real documents is not here; the fixtures in testdata stand for it")
	}
	imported, refused := map[string]int{}, map[string]map[string]int{}
	for _, file := range files {
		if filepath.Base(file) == "INDEX.json" {
			continue
		}
		doc, err := os.ReadFile(file)
		if err != nil {
			t.Fatal(err)
		}
		folder := filepath.Base(filepath.Dir(file))
		for _, o := range outcomes(t, doc) {
			row := folder + "  " + o.shape
			if refused[row] == nil {
				refused[row] = map[string]int{}
			}
			if o.reason == "" {
				imported[row]++
				imported[folder]++
				imported["all"]++
			} else {
				refused[row][o.reason]++
				imported["refused "+o.reason]++
			}
		}
	}
	t.Log(table(imported, refused))
	for what, least := range map[string]int{
		"a2a": 24, "mcp": 323, "oasf": 49, "agentfacts": 4, "ai-catalog": 148, "all": 548,
		"refused ErrPrivate": 30, "refused ErrNoLocation": 38, "refused ErrTemplate": 2, "refused ErrInvalid": 1, "refused ErrRevoked": 1, "refused ErrList": 28,
	} {
		if imported[what] < least {
			t.Errorf("%s: %d, at least %d before", what, imported[what], least)
		}
	}
	if n := imported["refused ErrUnrecognised"] + imported["refused ErrNotJSON"] + imported["refused ErrTooLarge"]; n > 0 {
		t.Errorf("%d real documents are not recognised, not read or too large", n)
	}
}

type outcome struct{ shape, reason string }

// outcomes imports every entry of one file, and proves each sound.
func outcomes(t *testing.T, doc []byte) []outcome {
	t.Helper()
	entries, err := Split(doc)
	if err != nil {
		return []outcome{{"(list)", reason(t, err)}}
	}
	var all []outcome
	for _, e := range entries {
		im, err := Import(e.Document, Options{})
		if err == nil {
			sound(t, e.Document, im, Options{})
			all = append(all, outcome{im.Shape, ""})
		} else {
			all = append(all, outcome{refusedShape(err), reason(t, err)})
		}
		if im, err := Import(e.Document, Options{AllowPrivate: true}); err == nil {
			sound(t, e.Document, im, Options{AllowPrivate: true})
		} else if reason(t, err) == "ErrPrivate" {
			t.Errorf("private although that is allowed: %v", err)
		}
	}
	return all
}

// table lays the counts out for people.
func table(imported map[string]int, refused map[string]map[string]int) string {
	var rows []string
	for row := range refused {
		rows = append(rows, row)
	}
	slices.Sort(rows)
	var b strings.Builder
	w := tabwriter.NewWriter(&b, 0, 0, 2, ' ', 0)
	fmt.Fprintln(w, "\nshape\timported\trefused")
	for _, row := range rows {
		var reasons []string
		for name, n := range refused[row] {
			reasons = append(reasons, fmt.Sprintf("%s %d", name, n))
		}
		slices.Sort(reasons)
		fmt.Fprintf(w, "%s\t%d\t%s\n", row, imported[row], strings.Join(reasons, ", "))
	}
	fmt.Fprintf(w, "all\t%d\t", imported["all"])
	for name := range sentinels() {
		if n := imported["refused "+name]; n > 0 {
			fmt.Fprintf(w, "%s %d ", name, n)
		}
	}
	w.Flush()
	return b.String()
}

// refusedShape is what a refused document was recognised as.
func refusedShape(err error) string {
	refusal, ok := errors.AsType[*RefusalError](err)
	if !ok || refusal.Shape == "" {
		return "(none)"
	}
	return refusal.Shape
}
