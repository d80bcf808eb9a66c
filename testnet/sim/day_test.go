//go:build soak

package sim_test

import (
	"flag"
	"runtime"
	"testing"
	"testing/synctest"
	"time"

	"github.com/cairn-overlay/cairn/testnet"
	"github.com/cairn-overlay/cairn/testnet/sim"
)

var soakHours = flag.Int("hours", 24, "how many hours of network time TestSoakDay lasts")

const (
	// soakWarm are the hours in which tables, caches and lists of peers still fill.
	soakWarm = 2
	// soakHeap and soakGoroutines bound what all nodes together gain in an hour.
	soakHeap       = 1 << 20
	soakGoroutines = 1

	// wireGoroutines are those of the simulated wire for each host that ever was: it
	// keeps the link of one that died.
	wireGoroutines = 2
)

// A day of eight nodes, with publishes, revocations, a node that dies and comes back in
// each hour, and a partition in each fourth: what they hold in memory does not grow.
func TestSoakDay(t *testing.T) {
	bubble(t, func(t *testing.T) {
		const nodes = 8
		w := start(t, sim.Config{Nodes: nodes, Wire: sim.WireConfig{Seed: 1}})
		var heap, goroutines []float64
		for hour := range *soakHours {
			began, cpu := time.Now(), cpuTime()
			soakHour(t, w, hour)
			time.Sleep(time.Until(began.Add(time.Hour)))
			synctest.Wait()
			h, g := inUse()
			g -= float64(wireGoroutines * (hour + 1)) // a node died in each hour
			t.Logf("hour %2d: %.2f MiB in use, %.0f goroutines, %s of CPU, %s", hour+1, h/(1<<20), g, (cpuTime() - cpu).Round(time.Second), resident())
			if hour >= soakWarm {
				heap, goroutines = append(heap, h), append(goroutines, g)
			}
		}
		if len(heap) < 3 {
			return
		}
		bytes, routines := slope(heap), slope(goroutines)
		t.Logf("an hour adds %.0f kB and %.2f goroutines", bytes/1000, routines)
		if bytes > soakHeap {
			t.Errorf("the heap grows by %.0f bytes an hour, at most %d are allowed", bytes, soakHeap)
		}
		if routines > soakGoroutines {
			t.Errorf("%.2f goroutines more an hour", routines)
		}
	})
}

// soakHour is what happens in the first half of an hour.
func soakHour(t *testing.T, w *sim.Network, hour int) {
	t.Helper()
	nodes := len(w.Nodes())
	var agents []*testnet.Agent
	for i := range 10 {
		a := newAgent(t, w)
		place(t, w, (hour+i)%nodes, a)
		agents = append(agents, a)
		time.Sleep(time.Minute)
	}
	victim := hour % nodes
	if err := w.Kill(victim); err != nil {
		t.Fatal(err)
	}
	time.Sleep(time.Minute)
	if _, err := w.Restart(victim); err != nil {
		t.Fatal(err)
	}
	if hour%4 == 3 {
		w.Partition([]int{0, 1, 2, 3}, []int{4, 5, 6, 7})
		time.Sleep(time.Minute)
		w.Heal()
	}
	time.Sleep(2 * time.Minute)
	for i, a := range agents {
		end(t, w, (hour+i)%nodes, a)
		time.Sleep(time.Minute)
	}
	refuse(t, w.Nodes(), agents...)
}

// inUse is what is reachable, in bytes, and how many goroutines there are.
func inUse() (heap, goroutines float64) {
	runtime.GC()
	runtime.GC() // what finalizers and pools held
	var m runtime.MemStats
	runtime.ReadMemStats(&m)
	return float64(m.HeapAlloc), float64(runtime.NumGoroutine())
}

// slope is by how much values grow from one to the next, by least squares.
func slope(values []float64) float64 {
	n, sx, sy, sxx, sxy := float64(len(values)), 0.0, 0.0, 0.0, 0.0
	for i, v := range values {
		x := float64(i)
		sx, sy, sxx, sxy = sx+x, sy+v, sxx+x*x, sxy+x*v
	}
	return (n*sxy - sx*sy) / (n*sxx - sx*sx)
}
