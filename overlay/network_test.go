package overlay

import (
	"bytes"
	"slices"
	"testing"
	"time"

	"github.com/libp2p/go-libp2p/core/peer"
)

// Eight nodes publish and find each other's agents.
func TestPublishAndSearch(t *testing.T) {
	for name, addr := range map[string]string{"tcp": tcp, "quic": quic} {
		t.Run(name, func(t *testing.T) {
			nodes := newNetwork(t, 8, addr)
			for i, n := range nodes {
				rec := newAgent(t, uint32(i)).record(1)
				atLast(t, "all others take and return it", func() bool {
					var seen []Receipt
					r, err := n.Publish(t.Context(), rec, func(r Receipt) { seen = append(seen, r) })
					if err != nil || !r.Confirmed {
						t.Fatalf("receipt %+v, error %v", r, err)
					}
					if len(seen) != 2 || seen[0].Confirmed || !seen[1].Confirmed {
						t.Errorf("observed %+v", seen)
					}
					return r.Targets == 7 && r.Acks == 7 && r.ReadBack == 7 && len(r.Peers) == 7 && seen[0].Acks == 4
				})
				reader := nodes[(i+1)%len(nodes)]
				atLast(t, "all but the two return it", func() bool {
					answers, report := searchAll(t, reader, rec.ID())
					for _, a := range answers {
						if !bytes.Equal(a.Value.Bytes(), rec.Bytes()) {
							t.Error("another value")
						}
					}
					return len(answers) == 6 && report.Exhausted && len(report.Holders) == 6 && len(report.Empty) == 1
				})
			}
		})
	}
}

// Sixty nodes hold each record on the five nearest, and nodes that hold nothing find
// it. On a starved machine a near node can be late; then a renewal reaches it.
func TestSixtyNodes(t *testing.T) {
	start := time.Now()
	nodes := newNetwork(t, 60, tcp, func(c *Config) { c.Replication, c.RequestTimeout = 5, 10*time.Second })
	t.Logf("up after %v, tables %d to %d", time.Since(start).Round(time.Millisecond),
		slices.MinFunc(nodes, bySize).TableSize(), slices.MaxFunc(nodes, bySize).TableSize())
	conns := 0
	for _, n := range nodes {
		conns += len(n.host.Network().Conns())
	}
	t.Logf("%.1f connections per node", float64(conns)/60)
	var puts, gets time.Duration
	for i := range 30 {
		publisher, reader := nodes[i], nodes[i+30]
		agent := newAgent(t, uint32(i))
		want := nearest(nodes, agent.id(), 5, publisher.self)
		if slices.Contains(want, reader.self) {
			reader = nodes[(i+31)%60]
		}
		atLast(t, "the five nearest hold it", func() (ok bool) {
			begin := time.Now()
			if r, err := publisher.Publish(t.Context(), agent.record(1), nil); err != nil {
				t.Errorf("%v: %+v", err, r)
			}
			puts += time.Since(begin)
			got := holders(t, nodes, agent.id())
			return !slices.ContainsFunc(want, func(p peer.ID) bool { return !slices.Contains(got, p) })
		})
		atLast(t, "the reader finds it on the nearest", func() (ok bool) {
			begin := time.Now()
			answers, report := searchAll(t, reader, agent.id())
			gets += time.Since(begin)
			return len(answers) >= 4 && report.Exhausted // the publisher, which keeps none here, may be among the five
		})
	}
	t.Logf("%v per put, %v per exhaustive get; all after %v", puts/30, gets/30, time.Since(start).Round(time.Millisecond))
}

func bySize(a, b *testNode) int { return a.TableSize() - b.TableSize() }
