package chaos

import (
	"path/filepath"
	"testing"

	"github.com/cairn-overlay/cairn/testnet/scenario"
)

// The scenarios of this folder can be read; make chaos plays them.
func TestScenariosLoad(t *testing.T) {
	paths, err := filepath.Glob("testdata/*.txt")
	if err != nil || len(paths) < 5 {
		t.Fatalf("%d scenarios, %v", len(paths), err)
	}
	for _, path := range paths {
		if _, err := scenario.Load(path); err != nil {
			t.Error(err)
		}
	}
}
