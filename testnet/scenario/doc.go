// Package scenario plays scenarios: text files that are test, experiment and
// documentation in one. docs/testnet.md teaches the language.
package scenario
