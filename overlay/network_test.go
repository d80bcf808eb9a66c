package overlay

import (
	"bytes"
	"slices"
	"testing"
	"time"
)

// Eight nodes publish and find each other's agents.
func TestPublishAndSearch(t *testing.T) {
	for name, addr := range map[string]string{"tcp": tcp, "quic": quic} {
		t.Run(name, func(t *testing.T) {
			nodes := newNetwork(t, 8, addr)
			for i, n := range nodes {
				rec := newAgent(t, uint32(i)).record(1)
				var seen []Receipt
				r, err := n.Publish(t.Context(), rec, func(r Receipt) { seen = append(seen, r) })
				if err != nil {
					t.Fatal(err)
				}
				if r.Targets != 7 || r.Acks != 7 || r.ReadBack != 7 || !r.Confirmed || len(r.Peers) != 7 {
					t.Errorf("receipt %+v", r)
				}
				if len(seen) != 2 || seen[0].Confirmed || seen[0].Acks != 4 || !seen[1].Confirmed {
					t.Errorf("observed %+v", seen)
				}
				reader := nodes[(i+1)%len(nodes)]
				answers, report := searchAll(t, reader, rec.ID())
				if len(answers) != 6 || !report.Exhausted || len(report.Holders) != 6 || len(report.Empty) != 1 {
					t.Errorf("%d answers, report %+v", len(answers), report)
				}
				for _, a := range answers {
					if !bytes.Equal(a.Value.Bytes(), rec.Bytes()) {
						t.Error("another value")
					}
				}
			}
		})
	}
}

// Sixty nodes hold each record on the five nearest, and nodes that hold nothing find it.
func TestSixtyNodes(t *testing.T) {
	start := time.Now()
	nodes := newNetwork(t, 60, tcp, func(c *Config) { c.Replication = 5 })
	t.Logf("up after %v, tables %d to %d", time.Since(start).Round(time.Millisecond),
		slices.MinFunc(nodes, bySize).TableSize(), slices.MaxFunc(nodes, bySize).TableSize())
	for i := range 30 {
		publisher := nodes[i]
		rec := newAgent(t, uint32(i)).record(1)
		begin := time.Now()
		r, err := publisher.Publish(t.Context(), rec, nil)
		if err != nil {
			t.Fatal(err)
		}
		want := nearest(nodes, rec.ID(), 5, publisher.self)
		got := holders(t, nodes, rec.ID())
		for _, p := range want {
			if !slices.Contains(got, p) {
				t.Errorf("record %d: the nearest node %s lacks it; receipt %+v", i, p, r)
			}
		}
		if len(got) > 6 {
			t.Errorf("record %d: %d holders", i, len(got))
		}
		put := time.Since(begin)
		for j := range 60 {
			reader := nodes[(i+j)%60]
			if slices.Contains(got, reader.self) || reader == publisher {
				continue
			}
			begin = time.Now()
			answers, report := searchAll(t, reader, rec.ID())
			if len(answers) < 4 || !report.Exhausted { // the publisher, which keeps none here, may be among the five
				t.Errorf("record %d: %d answers, report %+v", i, len(answers), report)
			}
			if i == 0 {
				t.Logf("put %v, get %v, %d hops", put, time.Since(begin), len(report.Path))
			}
			break
		}
	}
	t.Logf("all after %v", time.Since(start).Round(time.Millisecond))
}

func bySize(a, b *testNode) int { return a.TableSize() - b.TableSize() }
