package gateway

import (
	"flag"
	"fmt"
	"os"
	"path/filepath"
	"strings"
	"testing"
)

var rewrite = flag.Bool("rewrite", false, "write the .want files anew; review the difference")

// TestShapes imports every document of testdata, entry by entry, and compares all
// that came of it with the .want file beside it.
func TestShapes(t *testing.T) {
	files, err := filepath.Glob("testdata/*.json")
	if err != nil || len(files) == 0 {
		t.Fatal("no fixtures", err)
	}
	for _, file := range files {
		t.Run(filepath.Base(file), func(t *testing.T) {
			doc, err := os.ReadFile(file)
			if err != nil {
				t.Fatal(err)
			}
			got := importAll(t, doc)
			golden := strings.TrimSuffix(file, ".json") + ".want"
			if *rewrite {
				if err := os.WriteFile(golden, []byte(got), 0o666); err != nil {
					t.Fatal(err)
				}
			}
			want, err := os.ReadFile(golden)
			if err != nil {
				t.Fatal(err)
			}
			if got != string(want) {
				t.Errorf("got\n%s\nwant\n%s", got, want)
			}
		})
	}
}

// importAll splits and imports, and proves every outcome sound.
func importAll(t testing.TB, doc []byte) string {
	t.Helper()
	entries, err := Split(doc)
	if err != nil {
		t.Fatal(err)
	}
	var b strings.Builder
	for _, e := range entries {
		if e.Path != "" {
			fmt.Fprintf(&b, "entry: %s %s\n", e.Path, e.Title)
		}
		im, err := Import(e.Document, Options{})
		if err != nil {
			reason(t, err)
		} else {
			sound(t, e.Document, im, Options{})
		}
		b.WriteString(describe(im, err))
	}
	if strings.Contains(b.String(), "do-not-copy-me") {
		t.Error("a secret of the document came through")
	}
	return b.String()
}
