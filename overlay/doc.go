// Package overlay joins the Kademlia overlay: it finds the peers nearest to an
// agent's key, puts values there and searches them.
package overlay
