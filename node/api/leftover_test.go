package api

import (
	"os"
	"path/filepath"
	"testing"
	"time"
)

// A daemon that was killed while it wrote leaves a file, which the next one removes. What
// somebody is writing now stays.
func TestLeftoversAreRemoved(t *testing.T) {
	dir := t.TempDir()
	old, fresh, other := filepath.Join(dir, ".tmp-1"), filepath.Join(dir, ".tmp-2"), filepath.Join(dir, "tmp-3")
	for _, path := range []string{old, fresh, other} {
		if err := os.WriteFile(path, nil, 0o600); err != nil {
			t.Fatal(err)
		}
	}
	long := time.Now().Add(-2 * leftover)
	for _, path := range []string{old, other} {
		if err := os.Chtimes(path, long, long); err != nil {
			t.Fatal(err)
		}
	}
	if err := WriteEndpoint(dir, Endpoint{Socket: "api.sock", PID: 1}); err != nil {
		t.Fatal(err)
	}
	for path, want := range map[string]bool{old: false, fresh: true, other: true, filepath.Join(dir, EndpointFile): true} {
		if _, err := os.Stat(path); (err == nil) != want {
			t.Errorf("%s is there: %v, want %v", filepath.Base(path), err == nil, want)
		}
	}
}
