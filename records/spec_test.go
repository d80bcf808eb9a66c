package records

import (
	"encoding/hex"
	"encoding/json"
	"os"
	"path/filepath"
	"regexp"
	"strings"
	"testing"
)

// TestSpecExamples holds the hexadecimal of docs/spec/001-records.md to the vectors.
func TestSpecExamples(t *testing.T) {
	page, err := os.ReadFile(filepath.Join("..", "docs", "spec", "001-records.md"))
	wantErr(t, err, nil)
	block := regexp.MustCompile("(?s)<!-- vector: (\\S+) \"([^\"]+)\" -->\n```\n(.*?)```")
	comment := regexp.MustCompile(`#.*`)
	found := block.FindAllStringSubmatch(string(page), -1)
	if len(found) != 4 {
		t.Fatalf("%d examples, want 4", len(found))
	}
	for _, m := range found {
		want, ok := "", false
		for _, row := range readVectors(t, m[1]).Valid {
			if row.Name == m[2] {
				want, ok = *row.Hex, true
			}
		}
		if !ok {
			t.Errorf("%s.json has no row %q", m[1], m[2])
			continue
		}
		got := strings.Join(strings.Fields(comment.ReplaceAllString(m[3], "")), "")
		if _, err := hex.DecodeString(got); err != nil || got != want {
			t.Errorf("%s %q: the page has\n%s, the vector\n%s", m[1], m[2], got, want)
		}
	}
	// The lines outside of such blocks: each 32 bytes or more are in some vector.
	var vectors strings.Builder
	files, err := filepath.Glob(filepath.Join("testdata", "vectors", "*.json"))
	wantErr(t, err, nil)
	for _, f := range files {
		b, err := os.ReadFile(f)
		wantErr(t, err, nil)
		vectors.Write(b)
	}
	seed := strings.Repeat("0", 63) + "1"
	for _, h := range regexp.MustCompile(`[0-9a-f]{64,}|bafyrei[a-z2-7]{52}|z6Mk[1-9A-Za-z]{44}`).FindAllString(string(page), -1) {
		if !strings.Contains(vectors.String(), h) && h != seed {
			t.Errorf("%s is in no vector", h)
		}
	}
}

func readVectors(t *testing.T, name string) (file vectorFile) {
	t.Helper()
	b, err := os.ReadFile(filepath.Join("testdata", "vectors", name+".json"))
	wantErr(t, err, nil)
	wantErr(t, json.Unmarshal(b, &file), nil)
	return file
}
