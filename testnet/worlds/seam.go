package worlds

import "github.com/cairn-overlay/cairn/testnet/scenario"

// What each world can do beside being one.
var (
	_ interface {
		scenario.World
		scenario.Faulty
		scenario.Wired
		scenario.Hiding
		scenario.Clocked
		scenario.Ready
		scenario.Holding
		scenario.Hosting
		scenario.Telling
		scenario.Leasing
		scenario.Rotating
	} = (*virtual)(nil)
	_ interface {
		scenario.World
		scenario.Faulty
		scenario.Clocked
		scenario.Ready
		scenario.Holding
		scenario.Hosting
		scenario.Telling
		scenario.Leasing
		scenario.Rotating
	} = (*loopback)(nil)
	_ interface {
		scenario.World
		scenario.Faulty
		scenario.Clocked
		scenario.Hosting
	} = (*stockWorld)(nil)
)
