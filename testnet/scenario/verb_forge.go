package scenario

import (
	"context"
	"fmt"

	"github.com/cairn-overlay/cairn/testnet/attack"
)

// What a thief of a signing key, or less, would like to make.
const (
	forgedRotation  = "rotation"
	forgedTombstone = "tombstone"
	falseChild      = "false-child" // the record of an agent to which its parent has not consented
	lateChild       = "late-child"  // the record of one that ends after its parent
)

// forgeVerb has a stranger send what its keys do not suffice for.
type forgeVerb struct {
	what, thief string
	to          set
	with        string // a dead agent, whose secret is out; may be empty
}

func readForge(a *args) action {
	v := forgeVerb{what: a.oneOf("what is forged", forgedRotation, forgedTombstone, falseChild, lateChild)}
	a.word("by")
	v.thief = a.agent()
	a.word("to")
	v.to = a.nodes()
	if v.what == forgedTombstone && a.try("with") {
		v.with = a.agent()
	}
	return v
}

func (v forgeVerb) do(ctx context.Context, p *play) error {
	nodes, err := p.nodes(v.to)
	if err != nil {
		return err
	}
	s, err := p.stranger(attack.Config{})
	if err != nil {
		return err
	}
	value, err := v.forge(p)
	if err != nil {
		return err
	}
	what := fmt.Sprintf("%s of %s", v.what, v.thief)
	if v.what == forgedTombstone { // it is that of an agent which nobody is: no harm if it is relayed
		_, err = p.spread(ctx, what, s, nodes, value)
		return err
	}
	return p.offer(ctx, what, s, nodes, value)
}

// forge makes what is sent.
func (v forgeVerb) forge(p *play) (attack.Value, error) {
	thief := p.agents[v.thief][0].keys
	if thief == nil {
		return attack.Value{}, fmt.Errorf("nobody here has a key of %s", v.thief)
	}
	switch v.what {
	case forgedRotation:
		return attack.ForgedRotation(thief.Proof(), thief.Signer())
	case falseChild:
		return attack.FalseChild(thief.Proof(), thief.Signer(), p.world.Now())
	case lateChild:
		return attack.LateChild(thief.Proof(), thief.Signer(), p.world.Now())
	}
	if v.with == "" {
		return attack.ForgedTombstone(thief.Proof())
	}
	dead, err := p.agents[v.with][0].tombstone()
	if err != nil {
		return attack.Value{}, err
	}
	return attack.CopiedTombstone(thief.Proof(), dead)
}
