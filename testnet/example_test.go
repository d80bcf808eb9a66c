package testnet_test

import (
	"context"
	"fmt"
	"log"

	"github.com/cairn-overlay/cairn/node"
	"github.com/cairn-overlay/cairn/testnet"
)

// An agent is found from another node, and after its revocation refused by all.
func Example() {
	ctx := context.Background()
	w, err := testnet.New(ctx, testnet.Config{Nodes: 5, Memory: true})
	if err != nil {
		log.Fatal(err)
	}
	defer w.Close()
	agent, err := w.NewAgent()
	if err != nil {
		log.Fatal(err)
	}
	if _, err := w.Node(0).Place(ctx, agent, "https://agent.example/a2a"); err != nil {
		log.Fatal(err)
	}
	res, err := w.Node(4).Resolve(ctx, agent.ID(), node.Policy{})
	if err != nil {
		log.Fatal(err)
	}
	fmt.Println(res.Status, res.Record.Location().Endpoints[0].URL)

	if _, err := w.Node(2).End(ctx, agent); err != nil {
		log.Fatal(err)
	}
	err = testnet.Await(ctx, func(ctx context.Context) error {
		for _, n := range w.Nodes() {
			if status, err := n.Knows(ctx, agent.ID()); err != nil || status != "revoked" {
				return fmt.Errorf("%s calls it %s: %v", n.Name(), status, err)
			}
		}
		return nil
	})
	fmt.Println("refused by all:", err == nil)

	// Output:
	// active https://agent.example/a2a
	// refused by all: true
}
