// Package overlay gives a node its seat in Kademlia: it finds the peers nearest to
// an agent's key, puts values there, proves that they arrived, and searches them.
//
//	d, err := overlay.Join(overlay.Config{Host: h, Values: values})
//	reached, err := d.Bootstrap(ctx, seeds)   // dial, then walk: the table fills
//	receipt, err := d.Publish(ctx, record, nil)
//	report, err := d.Search(ctx, id, func(a overlay.Answer) bool { ...; return true })
//	report, err = d.SearchPaths(ctx, id, 3, 0, ...) // on paths that share no peer
//	err = d.Watch(ctx, id, func(v records.Value) { ... }) // pushed by holders, until ctx ends
//	err = d.Close()                           // waits; the host stays open
//
// The host is the application's own, and stays so: Join adds protocols below
// /cairn[/network] to it and nothing else, and Close takes them off. Another kad-dht may
// run on it. The connection manager should let the seat keep some thirty peers; what is
// worth keeping is protected by whoever means to keep it. Without Values the seat holds
// what it is given in memory, in bounds. A [Config.Client] asks and serves nobody.
//
// # What can go wrong
//
//	ErrNoPeers        nobody answered: Bootstrap first, or the seeds are dead
//	*PartialError     too few peers gave the value back; the receipt says who, and why not
//	records.ErrStale  in an outcome of the receipt, or Receipt.Newer: a newer record is out there
//	ErrClosed         Close came first
//
// A search that finds nothing is no error: it yields nothing, and its [Report] says who
// was asked. An answer is a verified value, never proof that there is no newer one: a
// holder can keep silent. Whether its lease holds now is [records.Record.ValidAt].
//
// # Who does what
//
// kad-dht serves the protocol /cairn[/network]/kad/1.0.0 and keeps the routing
// table; no type of it shows in a signature. Whom to ask, when to stop, what counts
// as stored, and which connections are worth keeping is decided here:
//
//	Publish, Search, Refresh
//	      |                 lookup: a pure state machine, told what happened
//	    walk ------------->         (package lookup) and asked whom to ask next
//	      |
//	    sender -- streams, links     one request: 2 s at most, usually one round trip
//	      :
//	      : the wire
//	      :
//	    doors -- kad-dht -- datastore -- Values     frames bounded, puts rated
//
// Beside the table stands the view: the members of the network that this node talked
// with, and those that its neighbours name (package view, spec 005). Lookups start from
// both, and where enough are known around a key all k nearest are asked at once, the
// quickest first; near neighbours that are connected with one of them are asked to pass
// the question on, which spares a handshake. A put goes to the nearest known at once,
// while the lookup makes sure.
//
// [Values] is the node's: it alone decides what is stored, served and dropped.
// kad-dht's own rule of ages, which can bring an older record back, sees every held
// value as received just now.
//
// # Promises
//
//   - An acknowledgement alone is worth nothing: [DHT.Publish] succeeds only where
//     peers gave the value back, and its [Receipt] names every one of them.
//   - A lookup ends on the k closest peers that answered, never on fewer nearer ones
//     that say nothing. A silent peer holds it up for a few round trips at most, and
//     a crowd of invented peers cannot keep it busy: questions, candidates, bytes
//     and time are bounded.
//   - Every value that leaves this package has verified.
//   - A connection that only a lookup needed is closed after [Config.IdleTimeout],
//     unless the connection manager protects the peer: whoever wants to keep a
//     connection protects it. The table needs no connections.
//   - A peer leaves the table for failing repeatedly while others answer: not for
//     one failure, and not while this node is cut off.
//   - After [DHT.Close] no goroutine of this package runs and no method of Values is
//     called.
//
// A value goes to the region of its key: the k nearest, and beyond them as far as the
// network's size, which lookups tell, says that k should reach at half of it, and over as
// many networks of addresses. So nobody owns a key by sitting around it.
//
// What it does not do: a holder does not hand its values on when the neighbourhood
// changes (owners renew, readers repair with [DHT.PutTo], and the node of a holder
// publishes again what nobody renews); questions of
// Kademlia are not rated per peer.
package overlay
