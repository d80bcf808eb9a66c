// Package web is the live page: what a node, or a whole test network, looks like while
// it runs, in a browser. The page is in the binary and needs nothing beside it.
//
//	s, err := web.Open(web.Config{Addr: "127.0.0.1:0", View: view, Board: board})
//	fmt.Println(s.URL()) // with the key of this run in it
//	defer s.Close()
//
// A [View] says what there is to see and does what the page asks for: node has one of
// itself, testnet/live one of a network. A [Board] hears of each fact as it becomes known
// somewhere, and shows how it spreads.
//
// # The stream
//
// GET /live/news is a stream of server-sent events, each a [News]: at first everything,
// then what has changed. The view is looked at once a second while anybody watches; facts
// are sent as they come, in batches of at most twenty a second. Who does not keep up is
// dropped, and begins anew with everything: nothing queues up for long.
//
// # Defences
//
// Whoever opens the page may publish, revoke, and break the network. So the listener is
// on loopback, and each request passes these checks, in this order: the Host header must
// name the listener (against names made to point here); no page of another origin may ask;
// what is not the page itself needs the key, which is made anew at each start and handed
// over in the part of the URL that no browser sends; what changes anything is a POST of
// JSON, which no form can send. Answers may not be framed, kept or guessed at, and the
// page runs no script but its own. Each check stands alone in a list, so that the tests
// can leave one out and see that exactly its attack gets through.
package web
