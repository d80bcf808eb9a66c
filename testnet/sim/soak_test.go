//go:build soak

package sim_test

import (
	"fmt"
	"os"
	"regexp"
	"testing"
	"testing/synctest"
	"time"

	"github.com/cairn-overlay/cairn/testnet/sim"
)

// soak asks for the long form of a test.
const soak = true

// What it costs to bring up a network, and to let it be for a minute. Run one size
// in a process to read its memory.
func TestBringUp(t *testing.T) {
	for _, nodes := range []int{30, 100, 300, 1000} {
		t.Run(fmt.Sprint(nodes), func(t *testing.T) {
			bubble(t, func(t *testing.T) {
				w := start(t, sim.Config{Nodes: nodes, Wire: sim.WireConfig{Seed: 1}})
				cpu, before := cpuTime(), w.TrafficOfAll()
				time.Sleep(time.Minute)
				synctest.Wait()
				sum := w.TrafficOfAll().Sub(before)
				t.Logf("a minute later: another %s of CPU, %d bytes and %.1f packets sent per node and second, %s",
					(cpuTime() - cpu).Round(10*time.Millisecond), sum.SentBytes/60/uint64(nodes), float64(sum.SentPackets)/60/float64(nodes), resident())
			})
		})
	}
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
