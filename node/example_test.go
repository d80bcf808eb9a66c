package node_test

import (
	"context"
	"fmt"
	"log"
	"os"

	"github.com/libp2p/go-libp2p/core/peer"
	"github.com/multiformats/go-multiaddr"

	"github.com/cairn-overlay/cairn/node"
	"github.com/cairn-overlay/cairn/node/keyring"
	"github.com/cairn-overlay/cairn/records"
)

// Two nodes: an agent is published through the one, found through the other, and
// revoked for both.
func Example() {
	dir, err := os.MkdirTemp("", "cairn")
	check(err)
	defer os.RemoveAll(dir)
	ctx, loopback := context.Background(), []multiaddr.Multiaddr{multiaddr.StringCast("/ip4/127.0.0.1/udp/0/quic-v1")}
	a, err := node.New(node.Config{Dir: dir, Listen: loopback})
	check(err)
	defer a.Close()
	b, err := node.New(node.Config{Listen: loopback, Bootstrap: []peer.AddrInfo{a.AddrInfo()}})
	check(err)
	defer b.Close()
	<-b.Ready()

	agent, err := a.Agents().New("translator", keyring.NewOptions{})
	check(err)
	place := records.Location{Endpoints: []records.Endpoint{{URL: "https://agents.example/translator", Protocol: "a2a"}}}
	_, err = a.PublishAgent(ctx, "translator", place, 0)
	check(err)
	found, err := b.Resolve(ctx, agent.ID(), node.Policy{})
	check(err)
	fmt.Println(found.Status, found.Record.Location().Endpoints[0].URL)

	certificate, err := a.Agents().Certificate("translator")
	check(err)
	_, err = a.Revoke(ctx, certificate)
	check(err)
	found, _ = b.Resolve(ctx, agent.ID(), node.Policy{})
	fmt.Println(found.Status)
	// Output:
	// active https://agents.example/translator
	// revoked
}

func check(err error) {
	if err != nil {
		log.Fatal(err)
	}
}
