//go:build soak

package worlds_test

import (
	"testing"

	"github.com/cairn-overlay/cairn/testnet/audit"
)

// The zombie by record age: a DHT that drops by age forgets the tombstone first, and
// who joins after that believes whoever has the signing key.
func TestSoakStockZombieByAge(t *testing.T) {
	fault{scenario: "late/two-days", rule: audit.Final, node: 5}.find(t)
}
