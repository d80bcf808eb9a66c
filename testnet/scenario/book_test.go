package scenario_test

import (
	"fmt"
	"os"
	"path/filepath"
	"regexp"
	"strings"
	"testing"
	"testing/synctest"

	"github.com/cairn-overlay/cairn/testnet/scenario"
	"github.com/cairn-overlay/cairn/testnet/worlds"
)

// root is the top of the repository.
const root = "../.."

var clause = regexp.MustCompile(`^(docs/\S+\.md), (?:section (\d+)|"([^"]+)")$`)

// The folder of scenarios reads as a specification: every file promises one thing in a
// sentence, and names a clause that is there.
func TestEveryScenarioNamesItsClause(t *testing.T) {
	paths := files(t)
	if len(paths) < 25 {
		t.Errorf("%d scenarios", len(paths))
	}
	promises := make(map[string]string)
	for _, path := range paths {
		f, err := scenario.Load(path)
		if err != nil {
			t.Error(err)
			continue
		}
		if !strings.HasSuffix(f.Promise, ".") || promises[f.Promise] != "" {
			t.Errorf("%s: the promise %q is no sentence, or that of %q as well", path, f.Promise, promises[f.Promise])
		}
		promises[f.Promise] = path
		if len(f.Spec) == 0 {
			t.Errorf("%s: no line such as # spec: docs/spec/001-records.md, section 9", path)
		}
		for _, s := range f.Spec {
			if err := checkClause(s); err != nil {
				t.Errorf("%s: spec: %s: %v", path, s, err)
			}
		}
	}
}

// checkClause says why a clause is none.
func checkClause(s string) error {
	m := clause.FindStringSubmatch(s)
	if m == nil {
		return fmt.Errorf("want FILE, section NUMBER or FILE, \"HEADING\"")
	}
	b, err := os.ReadFile(filepath.Join(root, m[1]))
	if err != nil {
		return err
	}
	heading := "## " + m[3]
	if m[2] != "" {
		heading = "## " + m[2] + "."
	}
	if !strings.Contains(string(b), "\n"+heading) {
		return fmt.Errorf("%s has no heading %q", m[1], heading)
	}
	return nil
}

// page is the page that teaches the language.
func page(t *testing.T) string {
	t.Helper()
	b, err := os.ReadFile(filepath.Join(root, "docs/testnet.md"))
	if err != nil {
		t.Fatal(err)
	}
	return string(b)
}

// The page's first scenario is played as it stands there.
func TestPageExample(t *testing.T) {
	_, text, ok := strings.Cut(page(t), "```scenario\n")
	text, _, ended := strings.Cut(text, "```\n")
	if !ok || !ended {
		t.Fatal("docs/testnet.md has no example")
	}
	f, err := scenario.Parse("docs/testnet.md", []byte(text))
	if err != nil {
		t.Fatal(err)
	}
	synctest.Test(t, func(t *testing.T) {
		rep, err := f.Play(t.Context(), scenario.Options{Make: worlds.Virtual, World: "sim"})
		if err != nil {
			t.Error(err)
		}
		for _, failed := range rep.Failures {
			t.Error(rep.String(failed))
		}
	})
}

// The page has every command in exactly the form that an error message shows.
func TestPageHasEveryCommand(t *testing.T) {
	text := strings.ReplaceAll(page(t), `\|`, "|") // as tables want it
	for _, form := range scenario.Forms() {
		if !strings.Contains(text, "`"+form+"`") {
			t.Errorf("docs/testnet.md lacks `%s`", form)
		}
	}
}
