package gossip_test

import (
	"context"
	"fmt"
	"log"

	"github.com/libp2p/go-libp2p"
	"github.com/libp2p/go-libp2p/core/peer"

	"github.com/cairn-overlay/cairn/gossip"
	"github.com/cairn-overlay/cairn/records"
)

// A node with its facts in memory only.
func ExampleJoin() {
	host, err := libp2p.New()
	if err != nil {
		log.Fatal(err)
	}
	defer host.Close()
	facts := records.NewFactSet()
	topic, err := gossip.Join(gossip.Config{
		Host:  host,
		Facts: facts,
		Ingest: func(f records.Fact, from peer.ID, via gossip.Via) (bool, error) {
			fmt.Println(f.ID(), "is revoked, says", from, "by", via)
			return facts.Add(f), nil
		},
	})
	if err != nil {
		log.Fatal(err)
	}
	defer topic.Close()

	var tombstone records.Fact // from Header.Reveal, OpenTombstone or a store
	if facts.Add(tombstone) {
		peers, err := topic.Publish(context.Background(), tombstone)
		fmt.Println("handed to", peers, "peers;", err)
	}
}
