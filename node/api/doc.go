// Package api is the local control interface of a node: an HTTP API, its server,
// and its client. It can change things, so it has listeners of its own and a
// threat model of its own; doors for strangers are package gateway.
//
//	client, err := api.DialDir(dir)                 // or Dial(url, token)
//	res, err := client.Resolve(ctx, id, api.Policy{})
//
// and on the other side api.Handler(api.Config{Controller: c}) for a [Controller] that
// does the work. Errors on both sides are the sentinel errors of this package, such as
// [ErrNotFound] and [ErrNotReady].
//
// # Doors
//
//	unix socket   SocketHandler   mode 0600 is the authentication: whoever can open it owns the node
//	TCP           Handler         127.0.0.1 by default; reads that a public node would answer are open, the rest needs the token
//
// [ListenSocket] and [Listen] open them, [NewServer] runs a handler on them, and
// [WriteEndpoint] leaves daemon.json in the data directory, where [DialDir] finds
// the way back. An address that others can reach is [ErrExposed] unless it was
// asked for and somebody chose the token. There is no TLS here: what is exposed
// belongs behind something that has it.
//
// # Answers
//
// GET /v1/agents/{id} never says 200 of what is not known to be unrevoked:
//
//	200  active, or stale: the lease holds, and the body says which
//	404  unknown or expired
//	409  conflict
//	410  revoked, with the tombstone
//	503  unverified, or the node is not ready
//
// A revocation that is held is answered from the first second, ready or not. With
// Accept: application/cbor a 200 is the record's canonical bytes and a 410 the
// tombstone's; the Cairn-Status header says how good the answer is. A write is
// 200 where enough peers stored it and 202 where too few did: it stands here and
// goes out again by itself. Everything else is a [Problem] (RFC 9457), whose type
// stands for one sentinel error on both sides of the wire.
//
// Streams are NDJSON (tombstones, publish-all) or server-sent events (watch). They
// resume after any cursor, show life while nothing happens, and end with a problem
// unless they are complete: no reader takes a broken stream for a whole one.
//
// # Defences
//
// The worst neighbour of a local API is a web page in the owner's own browser. A
// request passes, in this order: the path in its plain form; the Host allow-list
// (against names made to point here); the Origin allow-list, Sec-Fetch-Site where
// browsers leave the Origin out; route and method, where no preflight is ever
// answered; the token, compared in constant time; the content type; the body's
// limit; the query. Nothing of a body is read before all of them. Headers, bodies,
// answers and stream events have deadlines; connections and streams have limits,
// and strangers' streams cannot take the owner's places. What strangers wrote is
// escaped so that it is safe on pages and terminals. No file is ever named by a
// client: an agent's name is one word.
//
// Each defence stands alone in a list, so that the tests can leave one out and
// see that exactly its attacks get through (TestAttack17).
//
// # Description
//
// openapi.json (OpenAPI 3.1) is written by hand. Generating it from handlers was
// the other choice; but half of the routes stream, or take and give canonical
// CBOR, or answer 410 with a proof, and a body must not be touched before its
// sender is known: each of that is an exception to a generator. Instead the tests
// produce every answer that is described, and hold every answer that any of them
// gets against the description.
package api
