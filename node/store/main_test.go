package store

import (
	"flag"
	"os"
	"testing"

	"go.uber.org/goleak"
)

var thorough = flag.Bool("thorough", false, "try every fault and every damage, not a sample of them")

// pick is how much of a test is run: with -thorough, by default, with -short or under
// the race detector.
func pick[T any](all, some, few T) T {
	switch {
	case *thorough:
		return all
	case testing.Short() || underRace:
		return few
	}
	return some
}

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
