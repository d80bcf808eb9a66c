package scenario

import (
	"context"
	"fmt"
	"strconv"
	"time"

	"github.com/cairn-overlay/cairn/records"
	"github.com/cairn-overlay/cairn/testnet/attack"
)

// junkTime bounds what a node may take to refuse junk.
const junkTime = 10 * time.Second

// replayVerb has a stranger offer an old record to nodes, by one way in.
type replayVerb struct {
	agent   string
	seq     uint64
	on      set
	through string
}

func readReplay(a *args) action {
	v := replayVerb{agent: a.agent(), through: "put"}
	seq, ok := a.option("seq")
	var err error
	if v.seq, err = strconv.ParseUint(seq, 10, 53); !ok || err != nil {
		a.fail("seq=N is missing")
	}
	a.word("on")
	v.on = a.nodes()
	if a.try("through") {
		v.through = a.oneOf("the way", "put", "correct", "topic", "sync")
	}
	return v
}

func (v replayVerb) do(ctx context.Context, p *play) error {
	nodes, err := p.nodes(v.on)
	if err != nil {
		return err
	}
	var values []attack.Value
	for _, a := range p.agents[v.agent] {
		rec := a.old[v.seq]
		if rec == nil {
			return fmt.Errorf("%s never signed sequence %d", a.name, v.seq)
		}
		values = append(values, attack.Value{Key: a.id.Key(), Bytes: rec.Bytes()})
	}
	s, err := p.stranger(attack.Config{})
	if err != nil {
		return err
	}
	if v.through == "put" {
		took, err := p.putAll(ctx, s, nodes, values)
		if err != nil {
			return err
		}
		p.sayTaken(fmt.Sprintf("%s seq %d", v.agent, v.seq), took)
		return nil
	}
	for _, value := range values {
		if err := v.send(ctx, p, s, nodes, value); err != nil {
			return err
		}
	}
	return v.look(ctx, p, nodes)
}

// send offers one record by a way that gives no answer.
func (v replayVerb) send(ctx context.Context, p *play, s *attack.Peer, nodes []int, value attack.Value) error {
	switch v.through {
	case "correct":
		return s.Correct(ctx, p.addrs(nodes), value)
	case "topic":
		if err := s.Meet(ctx, p.addrs(nodes)...); err != nil {
			return err
		}
		return s.Shout(ctx, value.Bytes)
	}
	ctx, cancel := context.WithTimeout(ctx, junkTime)
	defer cancel()
	for _, to := range p.addrs(nodes) {
		if _, err := s.Junk(ctx, to, value.Bytes); err != nil {
			return err
		}
	}
	return nil
}

// look says which nodes fell for it: they hold the old record now.
func (v replayVerb) look(ctx context.Context, p *play, nodes []int) error {
	fell := make(map[int]bool)
	for _, a := range p.agents[v.agent] {
		held, err := p.world.(Holding).Holders(ctx, a.id)
		if err != nil {
			return err
		}
		for n, b := range held {
			value, err := records.OpenFor(a.id.Key(), b)
			rec, ok := value.(*records.Record)
			fell[n] = fell[n] || err == nil && ok && rec.Sequence() == v.seq
		}
	}
	var took []int
	for _, n := range nodes {
		if fell[n] {
			took = append(took, n)
		}
	}
	p.sayTaken(fmt.Sprintf("%s seq %d", v.agent, v.seq), took)
	return nil
}
