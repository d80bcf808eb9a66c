//go:build soak

package scenario_test

import (
	"strings"
	"testing"

	"pgregory.net/rapid"
)

// Any interleaving at length: a hundred draws, or as many as -rapid.checks says.
func TestSoakAnyInterleaving(t *testing.T) {
	rapid.Check(t, func(rt *rapid.T) {
		text := interleaving(rt)
		if faults := interleave(t, text); len(faults) > 0 {
			rt.Fatalf("%s\n%s", text, strings.Join(faults, "\n"))
		}
	})
}
