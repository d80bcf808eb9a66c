package scenario

import (
	"bytes"
	"context"
	"fmt"
	"slices"
	"time"

	"github.com/cairn-overlay/cairn/testnet/attack"
)

// relayTime is how long a message gets to reach somebody who listens.
const relayTime = 5 * time.Second

// What a peer of a later version sends.
const (
	laterField   = "later-field"   // a record with a field more
	laterType    = "later-type"    // a record of a later type
	laterFact    = "later-fact"    // a fact of a later kind, as a put and on the topic
	laterMessage = "later-message" // a request of a later type
	laterHello   = "later-hello"   // the first frame of a later reconciliation
	laterFrame   = "later-frame"   // a frame of a later kind
)

// sendVerb has a stranger send nodes what only a later version understands.
type sendVerb struct {
	what string
	to   set
}

func readSend(a *args) action {
	v := sendVerb{what: a.oneOf("what is sent", laterField, laterType, laterFact, laterMessage, laterHello, laterFrame)}
	a.word("to")
	v.to = a.nodes()
	return v
}

func (v sendVerb) do(ctx context.Context, p *play) error {
	nodes, err := p.nodes(v.to)
	if err != nil {
		return err
	}
	s, err := p.stranger(attack.Config{})
	if err != nil {
		return err
	}
	switch v.what {
	case laterField:
		return p.offerLater(ctx, v.what, s, nodes, attack.LaterField)
	case laterType:
		return p.offerLater(ctx, v.what, s, nodes, attack.LaterType)
	case laterFact:
		return p.offerLater(ctx, v.what, s, nodes, attack.LaterFact)
	}
	var took []int
	for _, n := range nodes {
		ok, err := v.ask(ctx, p, s, n)
		if err != nil {
			return fmt.Errorf("n%d: %w", n, err)
		}
		if ok {
			took = append(took, n)
		}
	}
	p.sayTaken(v.what, took)
	return nil
}

// offerLater makes a value and offers it.
func (p *play) offerLater(ctx context.Context, what string, s *attack.Peer, nodes []int, make func(time.Time) (attack.Value, error)) error {
	value, err := make(p.world.Now())
	if err != nil {
		return err
	}
	return p.offer(ctx, what, s, nodes, value)
}

// offer puts a value to every node, and sends it to all of them on the topic, where a second
// stranger listens.
func (p *play) offer(ctx context.Context, what string, s *attack.Peer, nodes []int, value attack.Value) error {
	relayed, err := p.spread(ctx, what, s, nodes, value)
	switch {
	case err != nil:
		return err
	case relayed:
		p.doubt("%s: relayed", what)
	default:
		p.say("%s: not relayed", what)
	}
	return nil
}

// spread is offer, and leaves it to its caller what to make of a value that was relayed.
func (p *play) spread(ctx context.Context, what string, s *attack.Peer, nodes []int, value attack.Value) (relayed bool, err error) {
	took, err := p.putAll(ctx, s, nodes, []attack.Value{value})
	if err != nil {
		return false, err
	}
	p.sayTaken(what, took)
	ear, err := p.stranger(attack.Config{})
	if err != nil {
		return false, err
	}
	for _, peer := range []*attack.Peer{ear, s} {
		if err := peer.Meet(ctx, p.addrs(nodes)...); err != nil {
			return false, err
		}
	}
	if err := ear.Listen(); err != nil {
		return false, err
	}
	if err := pause(ctx, relayTime); err != nil {
		return false, err
	}
	if err := s.Shout(ctx, value.Bytes); err != nil {
		return false, err
	}
	if err := pause(ctx, relayTime); err != nil {
		return false, err
	}
	return slices.ContainsFunc(ear.Heard(), func(b []byte) bool { return bytes.Equal(b, value.Bytes) }), nil
}

// ask sends one node something and reports whether it took it up.
func (v sendVerb) ask(ctx context.Context, p *play, s *attack.Peer, n int) (bool, error) {
	ctx, cancel := context.WithTimeout(ctx, junkTime)
	defer cancel()
	to := p.world.(Hosting).Addr(n)
	switch v.what {
	case laterMessage:
		return s.Request(ctx, to, attack.LaterMessage())
	case laterHello:
		answered, err := s.Junk(ctx, to, attack.LaterHello())
		return answered > 0, err
	}
	answered, err := s.Junk(ctx, to, attack.LaterFrame())
	return answered > 0, err
}
