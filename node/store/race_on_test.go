//go:build race

package store

// underRace says that the race detector is at work, which makes everything slow.
const underRace = true
