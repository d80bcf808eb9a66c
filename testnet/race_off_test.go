//go:build !race

package testnet_test

// raceEnabled says that the race detector watches.
const raceEnabled = false
