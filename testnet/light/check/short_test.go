//go:build !soak

package check_test

// size is of the network that the model is held against.
func size() (nodes, messages int) { return 40, 5 }
