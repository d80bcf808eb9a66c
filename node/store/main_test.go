package store

import (
	"os"
	"testing"

	"go.uber.org/goleak"
)

// TestMain runs the tests and looks for goroutines that outlive them. The binary is
// also its own victim: see child.
func TestMain(m *testing.M) {
	if run := child(); run != nil {
		run()
		os.Exit(0)
	}
	if os.Getenv(faultsEnv) != "" { // a broken store leaves its frozen engine behind
		os.Exit(m.Run())
	}
	goleak.VerifyTestMain(m)
}
