package scenario_test

import (
	"testing"

	"go.uber.org/goleak"
)

// TestMain fails where a run leaves any goroutine behind.
func TestMain(m *testing.M) { goleak.VerifyTestMain(m) }
