// Package node composes a Cairn node: host, keys, data directory, store, the
// overlay, the fact topic, the API, and the one resolve path that library, API
// and doors all call.
//
//	n, err := node.New(node.Config{Dir: "data", Bootstrap: peers})
//	if err != nil { ... }
//	defer n.Close()
//
// # Lifecycle
//
//	New ──► starting ──► ready ◄──► degraded
//	            │          │            │
//	            └──────────┴─── Close ──┴──► closed
//
// New returns once the node listens and serves; it does not wait for peers. While
// starting, the node reconciles its facts with peers; what it can prove (a
// tombstone) it answers from the first moment, but it calls nothing active before
// it is ready. A node with no bootstrap address and no known peer is ready alone,
// and says so. After 60 s without having become ready, or when the last complete
// reconciliation is too old, it is degraded: it serves everything, and answers
// unverified where it would have said active. Close waits for every goroutine of
// ours and leaves the data directory free.
//
// # Data directory (0700)
//
//	node.key       the node's libp2p key, PKCS#8 PEM, 0600
//	token          the API token made by itself, 0600
//	daemon.json    where the running daemon listens, 0600
//	api.sock       the control socket, 0600
//	store/         Pebble: facts, records, marks, own leases, known peers
//	agents/NAME/   an agent's keys, see package keyring
package node
