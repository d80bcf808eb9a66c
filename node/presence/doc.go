// Package presence shows over a connection that who answers at a place holds an
// agent's key: proof of possession (docs/spec/009-presence.md, section 2). A copied
// card, a replayed answer, and an answer that was fetched from the real agent by
// somebody in between all fail.
//
// The agent's side, over HTTPS and over libp2p:
//
//	holder := presence.Holder{Proof: proof, Key: key}
//	mux.Handle(presence.Path, presence.Handler(holder.Answer))
//	presence.Serve(host, holder.Answer)
//
// The side that connects:
//
//	asker := presence.Asker{Agent: id, Known: known}
//	client := http.Client{Transport: &http.Transport{DialTLSContext: asker.Dial(&tls.Dialer{})}}
//	_, err := asker.Peer(ctx, host, peerID)
//
// An http.Client made so has each of its connections challenged before a request goes
// over it. TLS must end at the agent itself: behind a proxy that takes it apart the two
// ends see different channels, and the challenge fails, as it should.
package presence
