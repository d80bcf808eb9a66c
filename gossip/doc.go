// Package gossip moves facts: fast over a GossipSub topic, and surely by
// reconciliation.
package gossip
