// Package vc signs and verifies W3C Verifiable Credentials 2.0 with the Data Integrity
// suite eddsa-jcs-2022, and gives a [records.Claim] the form of one. It reads bytes and
// nothing else: no network, no clock; contexts are compared, never fetched.
//
// The native claim is the one that Cairn goes by. Its credential says the same to whoever
// knows W3C's formats and not ours.
package vc
