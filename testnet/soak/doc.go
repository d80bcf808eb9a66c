// Package soak has the long tests of separate cairn daemons: real documents,
// kills, and revocations that are timed from outside. It drives the built binary as
// a person would, and asks every daemon over HTTP what it answers. The tests take
// minutes and stand behind a build tag:
//
//	go test -v -tags soak -run Soak ./testnet/soak
//
// What is random comes from a seed that is printed; $CAIRN_SOAK_SEED sets it. The
// real documents are no part of the repository: where they are missing, their test
// is skipped.
package soak
