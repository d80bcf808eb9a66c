package testnet_test

import (
	"context"
	"fmt"
	"sync"
	"sync/atomic"
	"testing"
	"time"

	"github.com/cairn-overlay/cairn/records"
	"github.com/cairn-overlay/cairn/testnet"
	"github.com/cairn-overlay/cairn/testnet/attack"
)

// siege is a network under replay: every older signed record of one agent, sent by
// foreign peers by every route, while the newest one stands, after it was revoked,
// after a restart, and after every lease has ended.
type siege struct {
	w      *testnet.Network
	agent  *testnet.Agent
	old    []attack.Value // records of lower sequences, all with leases of a day
	crew   []*attack.Peer
	rounds int           // how often each attacker puts each old record to each node, in each phase
	pace   time.Duration // between two rounds, where a node serves one peer only so many puts
	ahead  atomic.Int64  // of the nodes' clocks
	sent   atomic.Int64
}

const (
	siegeNodes = 8
	newest     = "https://newest.example/a2a"
)

// besiege brings the network up and signs the records.
func besiege(t *testing.T, versions, attackers, rounds int, pace time.Duration) *siege {
	t.Helper()
	s := &siege{rounds: rounds, pace: pace}
	s.w = start(t, testnet.Config{Nodes: siegeNodes, Dir: disk(t), Now: func(int) time.Time { return time.Now().Add(time.Duration(s.ahead.Load())) }})
	s.agent = newAgent(t, s.w)
	for seq := range versions {
		rec, err := s.agent.Sign(fmt.Sprintf("https://version-%d.example/a2a", seq+1), uint64(seq+1), records.MaxLease)
		if err != nil {
			t.Fatal(err)
		}
		s.old = append(s.old, attack.Value{Key: s.agent.ID().Key(), Bytes: rec.Bytes()})
	}
	current, err := s.agent.Sign(newest, uint64(versions+1), time.Hour)
	if err != nil {
		t.Fatal(err)
	}
	if _, err := s.w.Node(0).Publish(t.Context(), current); err != nil {
		t.Fatal(err)
	}
	for range attackers {
		s.crew = append(s.crew, cast(t, attack.Config{}))
	}
	return s
}

// assault sends every old record by every route once more, then looks at what the
// nodes say: want, with the newest place where that is active.
func (s *siege) assault(t *testing.T, phase string, want records.Status) {
	t.Helper()
	ctx, cancel := context.WithTimeout(t.Context(), 20*patience)
	defer cancel()
	before := s.sent.Load()
	var group sync.WaitGroup
	for i, p := range s.crew {
		group.Go(func() {
			s.put(t, ctx, p, phase)
			s.disturb(t, ctx, p, s.w.Nodes()[i%siegeNodes])
		})
	}
	group.Wait()
	s.shout(t, ctx)
	for _, n := range s.w.Nodes() {
		if err := knows(t.Context(), n, s.agent.ID(), want); err != nil {
			t.Errorf("%s: %v", phase, err)
		}
	}
	for n, v := range held(t, s.w, s.agent.ID()) {
		if rec, ok := v.(*records.Record); ok && (want != records.StatusActive || rec.Location().Endpoints[0].URL != newest) {
			t.Errorf("%s: %s gives strangers sequence %d", phase, n.Name(), rec.Sequence())
		}
	}
	t.Logf("%s: %d replays, and every node says %s", phase, s.sent.Load()-before, want)
}

// put puts every old record to every node.
func (s *siege) put(t *testing.T, ctx context.Context, p *attack.Peer, phase string) {
	for round := range s.rounds {
		if round > 0 && s.pace > 0 {
			select {
			case <-time.After(s.pace):
			case <-ctx.Done():
			}
		}
		for _, n := range s.w.Nodes() {
			acks, err := p.PutAll(ctx, n.AddrInfo(), s.old)
			if err != nil || acks > 0 {
				t.Errorf("%s: %s acknowledged %d old records (%v)", phase, n.Name(), acks, err)
				return
			}
			s.sent.Add(int64(len(s.old)))
		}
	}
}

// disturb corrects the nodes with an old record as a stock client would, and sends
// old records into a reconciliation.
func (s *siege) disturb(t *testing.T, ctx context.Context, p *attack.Peer, n *testnet.Node) {
	if err := p.Correct(ctx, infos(s.w.Nodes()), s.old[len(s.old)-1]); err != nil {
		t.Errorf("corrective put: %v", err)
	}
	s.sent.Add(2 * siegeNodes)
	ctx, cancel := context.WithTimeout(ctx, 5*time.Second)
	defer cancel()
	var junk []byte
	for _, v := range s.old {
		junk = append(junk, v.Bytes...)
	}
	if _, err := p.Junk(ctx, n.AddrInfo(), junk); err != nil {
		t.Logf("into a reconciliation: %v", err) // nodes may be too busy with the others
	}
	s.sent.Add(int64(len(s.old)))
}

// shout sends old records over the fact topic, from a peer of its own: whoever
// shouts junk is not heard for long.
func (s *siege) shout(t *testing.T, ctx context.Context) {
	p := cast(t, attack.Config{})
	if err := p.Meet(ctx, infos(s.w.Nodes())...); err != nil {
		t.Fatal(err)
	}
	var messages [][]byte
	for _, v := range s.old {
		messages = append(messages, v.Bytes)
	}
	if err := p.Shout(ctx, messages...); err != nil {
		t.Errorf("over the topic: %v", err)
	}
	s.sent.Add(int64(len(messages) * siegeNodes))
}

// run goes through the life of the agent.
func (s *siege) run(t *testing.T) {
	s.assault(t, "while it lives", records.StatusActive)
	s.restartAll(t)
	s.assault(t, "after a restart", records.StatusActive)
	s.ahead.Add(int64(2 * time.Hour)) // past the newest lease, not past the old ones
	s.assault(t, "after the newest lease", records.StatusExpired)
	end(t, s.w.Node(3), s.agent)
	refuse(t, s.w.Nodes(), s.agent.ID())
	s.assault(t, "after the revocation", records.StatusRevoked)
	s.restartAll(t)
	s.assault(t, "after the revocation and a restart", records.StatusRevoked)
	s.ahead.Add(int64(30 * time.Hour))
	s.assault(t, "after every lease", records.StatusRevoked)
	refuse(t, s.w.Nodes(), s.agent.ID())
	t.Logf("%d replays in all brought nothing back", s.sent.Load())
}

// restartAll kills every node and brings it back.
func (s *siege) restartAll(t *testing.T) {
	t.Helper()
	for i := range siegeNodes {
		if err := s.w.Kill(i); err != nil {
			t.Fatal(err)
		}
		n, err := s.w.Restart(i)
		if err != nil {
			t.Fatal(err)
		}
		if err := n.WaitReady(t.Context()); err != nil {
			t.Fatal(err)
		}
	}
}

// A7: thousands of replays of older signed records by every route bring nothing
// back.
func TestAttack07Replays(t *testing.T) { besiege(t, 25, 4, 1, 0).run(t) }
