package gossip_test

import (
	"context"
	"fmt"
	"log"
	"time"

	"github.com/libp2p/go-libp2p"
	"github.com/libp2p/go-libp2p/core/host"
	"github.com/libp2p/go-libp2p/core/peer"

	"github.com/cairn-overlay/cairn/gossip"
	"github.com/cairn-overlay/cairn/records"
)

// An application that has a libp2p host hears of every revocation in the network, and
// tells of its own. The other topic stands for the network.
func Example() {
	ctx := context.Background()
	mine, theirs := newHost(), newHost() // the application has its own already
	defer mine.Close()
	defer theirs.Close()
	heard := make(chan records.Fact, 1)
	facts := records.NewFactSet()
	topic, err := gossip.Join(gossip.Config{Host: mine, Facts: facts, Network: "example",
		Ingest: func(f records.Fact, _ peer.ID, _ gossip.Via) (bool, error) {
			isNew := facts.Add(f)
			heard <- f
			return isNew, nil
		}})
	check(err)
	defer topic.Close()
	theirFacts := records.NewFactSet()
	network, err := gossip.Join(gossip.Config{Host: theirs, Facts: theirFacts, Network: "example"})
	check(err)
	defer network.Close()
	check(mine.Connect(ctx, peer.AddrInfo{ID: theirs.ID(), Addrs: theirs.Addrs()}))

	theirFacts.Add(revocation()) // first here, on the disk where there is one; then
	_, err = network.Publish(ctx, revocation())
	check(err)
	fmt.Println((<-heard).ID() == revocation().ID(), facts.Len())
	// Output: true 1
}

// newHost is whatever libp2p host an application runs anyway.
func newHost() host.Host {
	h, err := libp2p.New(libp2p.ListenAddrStrings("/ip4/127.0.0.1/udp/0/quic-v1"))
	check(err)
	return h
}

// revocation is the end of an agent that never was: its secret, revealed.
func revocation() *records.Tombstone {
	secret := records.Secret{1}
	end := time.Date(2060, 1, 1, 0, 0, 0, 0, time.UTC)
	header, err := records.NewHeader(records.KindAgent, uint32(end.Unix()), [32]byte{}, secret)
	check(err)
	tombstone, err := header.Reveal(secret)
	check(err)
	return tombstone
}

func check(err error) {
	if err != nil {
		log.Fatal(err)
	}
}
