package live

import (
	"testing"

	"go.uber.org/goleak"

	"github.com/cairn-overlay/cairn/testnet/leaks"
)

func TestMain(m *testing.M) { goleak.VerifyTestMain(m, leaks.Upstream()...) }
