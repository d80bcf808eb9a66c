package overlay_test

import (
	"context"
	"crypto/ed25519"
	"fmt"
	"log"
	"time"

	"github.com/libp2p/go-libp2p"
	"github.com/libp2p/go-libp2p/core/host"
	"github.com/libp2p/go-libp2p/core/peer"

	"github.com/cairn-overlay/cairn/overlay"
	"github.com/cairn-overlay/cairn/records"
)

// An application that has a libp2p host takes a seat in the overlay with it, tells
// where its agent is, and finds the agent again. The other seat stands for the network.
func Example() {
	ctx := context.Background()
	mine, theirs := newHost(), newHost() // the application has its own already
	defer mine.Close()
	defer theirs.Close()
	network, err := overlay.Join(overlay.Config{Host: theirs, Network: "example"})
	check(err)
	defer network.Close()
	seat, err := overlay.Join(overlay.Config{Host: mine, Network: "example"})
	check(err)
	defer seat.Close()
	_, err = seat.Bootstrap(ctx, []peer.AddrInfo{{ID: theirs.ID(), Addrs: theirs.Addrs()}})
	check(err)

	record := sign("https://agents.example/translator")
	receipt, err := seat.Publish(ctx, record, nil)
	check(err)
	fmt.Println("given back by", receipt.ReadBack, "of", receipt.Targets)
	_, err = seat.Search(ctx, record.ID(), func(a overlay.Answer) bool {
		fmt.Println("found at", a.Value.(*records.Record).Location().Endpoints[0].URL)
		return true
	})
	check(err)
	// Output:
	// given back by 1 of 1
	// found at https://agents.example/translator
}

// newHost is whatever libp2p host an application runs anyway.
func newHost() host.Host {
	h, err := libp2p.New(libp2p.ListenAddrStrings("/ip4/127.0.0.1/udp/0/quic-v1"))
	check(err)
	return h
}

// sign makes an agent and its first record. A program keeps the keys of its agents, as
// package node/keyring does; here everything is made up.
func sign(url string) *records.Record {
	hot, err := records.NewEd25519Signer(ed25519.NewKeyFromSeed(make([]byte, 32)))
	check(err)
	cold, err := records.NewEd25519Signer(ed25519.NewKeyFromSeed([]byte("a rotation key belongs elsewhere")))
	check(err)
	genesis := records.Genesis{Keys: []records.PublicKey{hot.Public()}, Next: [][32]byte{cold.Public().RotationDigest()}}
	agent, err := records.NewIdentity(genesis, time.Now().Add(records.DefaultLife), records.Secret{1})
	check(err)
	place := records.Location{Endpoints: []records.Endpoint{{URL: url, Protocol: "a2a"}}}
	record, err := records.Sign(agent, hot, records.Draft{Location: place, Sequence: 1, Issued: time.Now()})
	check(err)
	return record
}

func check(err error) {
	if err != nil {
		log.Fatal(err)
	}
}
