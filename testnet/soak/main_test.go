//go:build soak

package soak

import (
	"fmt"
	"os"
	"os/exec"
	"path/filepath"
	"testing"

	"go.uber.org/goleak"
)

// binary is the cairn binary under test, built from this checkout.
var binary string

// TestMain builds the binary once, and fails where a test leaves goroutines behind.
func TestMain(m *testing.M) {
	dir, err := os.MkdirTemp("", "cairn-soak-")
	if err == nil {
		binary = filepath.Join(dir, "cairn")
		err = build(binary)
	}
	if err != nil {
		fmt.Fprintln(os.Stderr, "soak:", err)
		os.Exit(1)
	}
	goleak.VerifyTestMain(m, goleak.Cleanup(func(code int) {
		if err := os.RemoveAll(dir); err != nil {
			fmt.Fprintln(os.Stderr, "soak:", err)
		}
		os.Exit(code)
	}))
}

// build builds cmd/cairn as "make build" does.
func build(path string) error {
	cmd := exec.Command("go", "build", "-buildvcs=false", "-o", path, "../../cmd/cairn")
	cmd.Env = append(os.Environ(), "CGO_ENABLED=0")
	if out, err := cmd.CombinedOutput(); err != nil {
		return fmt.Errorf("build the binary: %w\n%s", err, out)
	}
	return nil
}
