//go:build !linux

package chaos

import (
	"context"

	"github.com/cairn-overlay/cairn/testnet/scenario"
)

// Stage is for Linux alone: elsewhere it says so.
type Stage struct {
	// World is what each network is made of.
	World Config
}

// Make makes no world here, and says so.
func (*Stage) Make(context.Context, scenario.Spec) (scenario.World, error) { return nil, Check() }

// Faults has none.
func (*Stage) Faults() ([]Sum, error) { return nil, nil }
