// Package lab runs the experiments of the bench that take place in virtual time:
// latencies, deliveries and bytes of real nodes on a simulated wire. It measures and
// does not judge.
//
// An experiment brings up three networks in one bubble, in the same places of one
// latency model, with the same peer IDs, and works them side by side: ours, stock
// libraries as they are, and stock libraries that keep to the limit of 32 connections
// that our nodes have. The floor is computed for the same nodes, or executed on a wire
// of its own. What never came is +Inf, all times are milliseconds.
//
// # The charge
//
// Computing is free in virtual time, so every packet of every arm is late by a charge,
// see sim.WireConfig: what this machine needs to read, verify and hand on one record,
// measured at the start of each run, and at least 0.1 ms. Floors count it once for each
// hop. So a handshake and a question, two round trips, cost four charges, in all arms
// and in the floor.
package lab
