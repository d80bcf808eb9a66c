//go:build !soak

package sim_test

// soak asks for the long form of a test.
const soak = false
