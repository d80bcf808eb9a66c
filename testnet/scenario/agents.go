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
	keys  *testnet.Agent     // nil where a node has its keys
	end   *records.Tombstone // of an agent whose keys a node has
	now   time.Time          // the clock of the node that it is at
	place int                // how often it moved
	seq   uint64             // of its newest record
	old   map[uint64]*records.Record
}

// newAgent makes an agent under a name.
func (p *play) newAgent(name string) (*agent, error) {
	a := &agent{name: name, now: p.world.Now(), old: make(map[uint64]*records.Record)}
	var err error
	if a.keys, err = testnet.NewAgent(func() time.Time { return a.now }); err != nil {
		return nil, err
	}
	a.id = a.keys.ID()
	p.log.Note(audit.Event{Kind: audit.NewAgent, Agent: a.id, Note: name})
	return a, nil
}

// sign makes the agent's record of a sequence, by the clock of node n.
func (p *play) sign(a *agent, n int, seq uint64, lease time.Duration) (*records.Record, error) {
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

// sequence is that of the record that an answer rests on, 0 where there is none.
func sequence(id records.AgentID, proof []byte) uint64 {
	if len(proof) == 0 {
		return 0
	}
	v, err := records.OpenFor(id.Key(), proof)
	if err != nil {
		return 0
	}
	if rec, ok := v.(*records.Record); ok {
		return rec.Sequence()
	}
	return 0
}

// word is an answer as scenarios show it.
func word(id records.AgentID, a Answer) string {
	if a.Status == records.StatusActive {
		return fmt.Sprintf("%s seq %d", a.Status, sequence(id, a.Proof))
	}
	return string(a.Status)
}
