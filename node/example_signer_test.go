package node_test

import (
	"context"
	"crypto"
	"crypto/ed25519"
	"crypto/rand"
	"fmt"
	"strings"
	"time"

	"github.com/multiformats/go-multiaddr"

	"github.com/cairn-overlay/cairn/node"
	"github.com/cairn-overlay/cairn/node/api"
	"github.com/cairn-overlay/cairn/records"
)

// device is a key that never leaves its place: a hardware module, an agent's own process.
type device struct{ key crypto.Signer }

func (d device) Public() records.PublicKey {
	key, err := records.Ed25519Key(d.key.Public().(ed25519.PublicKey))
	check(err)
	return key
}

func (d device) Sign(msg []byte) ([]byte, error) {
	return d.key.Sign(rand.Reader, msg, crypto.Hash(0))
}

// An agent that holds its own key signs its record itself and puts it through a daemon, which
// never sees a key: this one has not even a place for one.
func ExampleNode_Publish() {
	token := strings.Repeat("t", 40)
	n, err := node.New(node.Config{Listen: []multiaddr.Multiaddr{multiaddr.StringCast("/ip4/127.0.0.1/udp/0/quic-v1")}, API: "127.0.0.1:0", APIToken: token})
	check(err)
	defer n.Close()

	key, rotation := newDevice(), newDevice()
	var secret records.Secret // whoever has it can end the agent: keep it elsewhere
	_, _ = rand.Read(secret[:])
	genesis := records.Genesis{Keys: []records.PublicKey{key.Public()}, Next: [][32]byte{rotation.Public().RotationDigest()}}
	agent, err := records.NewIdentity(genesis, time.Now().Add(records.DefaultLife), secret)
	check(err)
	place := records.Location{Endpoints: []records.Endpoint{{URL: "https://agents.example/mine", Protocol: "a2a"}}}
	rec, err := records.Sign(agent, key, records.Draft{Location: place, Sequence: 1, Issued: time.Now()})
	check(err)

	client, err := api.Dial(n.APIURL(), token)
	check(err)
	defer client.Close()
	_, err = client.Put(context.Background(), rec)
	check(err)
	found, err := client.Resolve(context.Background(), agent.ID(), api.Policy{})
	check(err)
	fmt.Println(found.Status, found.Record.Location().Endpoints[0].URL)
	// Output: active https://agents.example/mine
}

func newDevice() device {
	_, key, err := ed25519.GenerateKey(rand.Reader)
	check(err)
	return device{key}
}
