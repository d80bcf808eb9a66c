package sim_test

import (
	"testing"

	"go.uber.org/goleak"
)

// TestMain fails where a test leaves any goroutine behind: what a network starts,
// its Close ends. Inside a bubble synctest sees to it as well.
func TestMain(m *testing.M) { goleak.VerifyTestMain(m) }
