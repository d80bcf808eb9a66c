// Package attack has peers that do not keep to the rules. They are plain libp2p
// hosts with hand-written handlers for the Kademlia protocol, and stock GossipSub
// and kad-dht where an attacker would use those: nothing of Cairn's own network
// code, so what they send is what a foreign program would send.
//
// A Peer is cast with a Handler, which decides how it answers:
//
//	liar, err := attack.New(attack.Config{Network: "testnet", Handler: attack.EchoLiar(crew)})
//	if err != nil { ... }
//	defer liar.Close()
//	err = liar.Meet(ctx, victim.AddrInfo()) // now the victim knows it
//
//	handler          FIND_NODE   PUT_VALUE                     GET_VALUE
//	EchoLiar         its crew    acknowledges, stores nothing  nothing
//	Refuser          its crew    resets the stream             nothing
//	BlackHole        its crew    never answers                 never answers
//	EarlyTerminator  nobody      acknowledges, stores nothing  nothing, at once
//	Replayer         its crew    acknowledges, stores nothing  old values
//
// PutAll, Correct, Shout and Junk send old or broken values by every way in: as
// puts, as the corrective puts of a stock DHT client, over the fact topic, and
// into reconciliation.
package attack
