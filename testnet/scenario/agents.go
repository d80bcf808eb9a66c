package scenario

import (
	"errors"
	"fmt"
	"time"

	"github.com/cairn-overlay/cairn/records"
	"github.com/cairn-overlay/cairn/testnet"
	"github.com/cairn-overlay/cairn/testnet/audit"
)

// agent is one agent of a scenario, with all that it ever signed.
type agent struct {
	name  string
	id    records.AgentID
	keys  *testnet.Agent     // nil where a node has its keys, and of a grant
	end   *records.Tombstone // of an agent whose keys a node has, and of a grant
	grant *records.Grant     // nil of an agent
	now   time.Time          // the clock of the node that it is at
	place int                // how often it moved
	seq   uint64             // of its newest record
	old   map[uint64]*records.Record
}

// newAgent makes an agent under a name.
func (p *play) newAgent(name string) (*agent, error) { return p.agentOf(name, testnet.NewAgent) }

// agentOf makes an agent under a name in a given way.
func (p *play) agentOf(name string, made func(now func() time.Time) (*testnet.Agent, error)) (*agent, error) {
	a := &agent{name: name, now: p.world.Now(), old: make(map[uint64]*records.Record)}
	var err error
	if a.keys, err = made(func() time.Time { return a.now }); err != nil {
		return nil, err
	}
	a.id = a.keys.ID()
	p.log.Note(audit.Event{Kind: audit.NewAgent, Agent: a.id, Note: name})
	return a, nil
}

// sign makes the agent's record of a sequence, by the clock of node n.
func (p *play) sign(a *agent, n int, seq uint64, lease time.Duration) (*records.Record, error) {
	if a.grant != nil {
		return nil, fmt.Errorf("%s is a grant, and nowhere", a.name)
	}
	if a.keys == nil {
		return nil, fmt.Errorf("%s is kept by its node, which alone signs for it", a.name)
	}
	a.now = p.world.Now().Add(p.skew[n])
	rec, err := a.keys.Sign(fmt.Sprintf("https://%s.example/place-%d", a.name, a.place), seq, lease)
	if err != nil {
		return nil, err
	}
	a.old[seq] = rec
	a.seq = max(a.seq, seq)
	return rec, nil
}

// tombstone ends the agent.
func (a *agent) tombstone() (*records.Tombstone, error) {
	if a.keys == nil {
		if a.end == nil {
			return nil, errors.New("nothing can end it yet")
		}
		return a.end, nil
	}
	return a.keys.Tombstone()
}

// mark is the rank of the record that an answer rests on, the lowest where there is none.
func mark(id records.AgentID, proof []byte) (m records.Mark) {
	if len(proof) == 0 {
		return m
	}
	v, err := records.OpenFor(id.Key(), proof)
	if err != nil {
		return m
	}
	if rec, ok := v.(*records.Record); ok {
		return rec.Mark()
	}
	return m
}

// newest reports whether a record of that rank is the newest of a's, or a later one.
func (a *agent) newest(m records.Mark) bool {
	rotation := uint64(0)
	if a.keys != nil {
		rotation = a.keys.Proof().Own().Number()
	}
	return m.Rotation > rotation || m.Rotation == rotation && m.Sequence >= a.seq
}

// word is an answer as scenarios show it.
func word(id records.AgentID, a Answer) string {
	m := mark(id, a.Proof)
	switch {
	case a.Status != records.StatusActive:
		return string(a.Status)
	case m.Rotation > 0:
		return fmt.Sprintf("%s rotation %d seq %d", a.Status, m.Rotation, m.Sequence)
	}
	return fmt.Sprintf("%s seq %d", a.Status, m.Sequence)
}
