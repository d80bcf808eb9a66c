// Package demo shows Cairn at work on one machine: separate daemons, agents that
// are found, moved and revoked, and nodes that were away. It drives the cairn
// binary as a person would, and measures over HTTP what each daemon answers.
package demo
