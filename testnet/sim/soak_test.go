//go:build soak

package sim_test

import (
	"fmt"
	"maps"
	"os"
	"regexp"
	"slices"
	"strings"
	"sync"
	"testing"
	"testing/synctest"
	"time"

	"github.com/cairn-overlay/cairn/testnet"
	"github.com/cairn-overlay/cairn/testnet/sim"
)

// soak asks for the long form of a test.
const soak = true

// What it costs to bring up a network, to let it be for some minutes, and to spread
// a hundred tombstones. Run one size in a process to read its memory.
func TestBringUp(t *testing.T) {
	for _, nodes := range []int{30, 100, 300, 1000} {
		t.Run(fmt.Sprint(nodes), func(t *testing.T) {
			bubble(t, func(t *testing.T) {
				up := time.Now()
				w := start(t, sim.Config{Nodes: nodes, Wire: sim.WireConfig{Seed: 1}})
				account(t, w, "settled", sim.Traffic{}, time.Since(up))
				for range 2 {
					before, cpu := w.TrafficOfAll(), cpuTime()
					time.Sleep(time.Minute)
					synctest.Wait()
					account(t, w, fmt.Sprintf("a minute and %s of CPU later", (cpuTime()-cpu).Round(10*time.Millisecond)), before, time.Minute)
				}
				cpu, begin := cpuTime(), time.Now()
				var agents []*testnet.Agent
				for range 10 {
					var group sync.WaitGroup
					for range 10 {
						i, a := len(agents)*7%nodes, newAgent(t, w)
						agents = append(agents, a)
						group.Go(func() {
							if _, err := w.Node(i).End(t.Context(), a); err != nil {
								t.Errorf("revoke on %s: %v", w.Node(i).Name(), err)
							}
						})
					}
					group.Wait()
				}
				t.Logf("a hundred revoked, ten at a time, in %s", round(time.Since(begin)))
				took := refuse(t, w.Nodes(), agents...)
				t.Logf("all refuse all of a hundred %s after the last, %s of CPU", round(took), (cpuTime() - cpu).Round(10*time.Millisecond))
			})
		})
	}
}

// account says what a network has come to, per node.
func account(t *testing.T, w *sim.Network, when string, before sim.Traffic, since time.Duration) {
	t.Helper()
	sum, nodes := make(map[string]float64), float64(len(w.Nodes()))
	most, peak := 0, uint64(0)
	for _, n := range w.Nodes() {
		s := n.Node.Status()
		most, peak = max(most, s.Peers), max(peak, s.Counters["links_peak_peers"])
		sum["degree"] += float64(s.Peers) / nodes
		sum["on the topic"] += float64(s.GossipPeers) / nodes
		sum["in the table"] += float64(s.TablePeers) / nodes
		for name, v := range s.Counters {
			sum[name] += float64(v) / nodes
		}
	}
	sent := w.TrafficOfAll().Sub(before)
	t.Logf("%s: degree at most %d, ever %d; %.0f B and %.1f packets sent per node, %.0f B/s; %s", when, most, peak,
		float64(sent.SentBytes)/nodes, float64(sent.SentPackets)/nodes, float64(sent.SentBytes)/nodes/since.Seconds(), resident())
	var line []string
	for _, name := range slices.Sorted(maps.Keys(sum)) {
		if sum[name] > 0 {
			line = append(line, fmt.Sprintf("%s %.1f", strings.TrimSuffix(name, "_total"), sum[name]))
		}
	}
	t.Logf("  per node: %s", strings.Join(line, ", "))
}

var residentLine = regexp.MustCompile(`VmHWM:\s*(\d+ kB)`)

// resident is the most memory that this process ever had, where the system tells.
func resident() string {
	b, err := os.ReadFile("/proc/self/status")
	if m := residentLine.FindSubmatch(b); err == nil && m != nil {
		return "peak resident " + string(m[1])
	}
	return "resident memory unknown"
}
