// Package weaktest takes the defences away, one at a time, and sees that the attack
// which each keeps off then wins. A check that holds against a build without the
// defence as well proves nothing.
//
// Its test is only in builds with the tag cairn_weak, see package internal/weak:
//
//	go test -tags cairn_weak ./testnet/weaktest          scenarios, one for each promise
//	go test -tags cairn_weak ./testnet/weaktest -full    all of [Table]; make weak does it
package weaktest
