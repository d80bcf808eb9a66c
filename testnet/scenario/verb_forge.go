package scenario

import (
	"context"
	"fmt"

	"github.com/cairn-overlay/cairn/testnet/attack"
)

// What a thief of a signing key would like to make.
const (
	forgedRotation  = "rotation"
	forgedTombstone = "tombstone"
)

// forgeVerb has the thief of a signing key send what that key does not suffice for.
type forgeVerb struct {
	what, thief string
	to          set
}

func readForge(a *args) action {
	v := forgeVerb{what: a.oneOf("what is forged", forgedRotation, forgedTombstone)}
	a.word("by")
	v.thief = a.agent()
	a.word("to")
	v.to = a.nodes()
	return v
}

func (v forgeVerb) do(ctx context.Context, p *play) error {
	thief := p.agents[v.thief][0]
	if thief.keys == nil {
		return fmt.Errorf("nobody here has a key of %s", v.thief)
	}
	nodes, err := p.nodes(v.to)
	if err != nil {
		return err
	}
	s, err := p.stranger(attack.Config{})
	if err != nil {
		return err
	}
	value, err := attack.ForgedTombstone(thief.keys.Proof())
	if v.what == forgedRotation {
		value, err = attack.ForgedRotation(thief.keys.Proof(), thief.keys.Signer())
	}
	if err != nil {
		return err
	}
	return p.offer(ctx, fmt.Sprintf("%s of %s", v.what, v.thief), s, nodes, value)
}
