package sim_test

import (
	"testing"

	"go.uber.org/goleak"

	"github.com/cairn-overlay/cairn/testnet/leaks"
)

// TestMain fails where a test leaves goroutines of ours behind.
func TestMain(m *testing.M) { goleak.VerifyTestMain(m, leaks.Upstream()...) }
