package sim_test

import (
	"context"
	"errors"
	"fmt"
	"runtime"
	"slices"
	"syscall"
	"testing"
	"testing/synctest"
	"time"

	"github.com/cairn-overlay/cairn/node"
	"github.com/cairn-overlay/cairn/records"
	"github.com/cairn-overlay/cairn/testnet"
	"github.com/cairn-overlay/cairn/testnet/sim"
)

// patience bounds every wait, in virtual time.
const patience = 10 * time.Minute

// bubble runs a test in virtual time and says what it cost in real.
func bubble(t *testing.T, f func(t *testing.T)) {
	t.Helper()
	real, cpu := time.Now(), cpuTime()
	synctest.Test(t, f)
	t.Logf("cost: %s of real time, %s of CPU", time.Since(real).Round(10*time.Millisecond), (cpuTime() - cpu).Round(10*time.Millisecond))
}

// cpuTime is what this process has used.
func cpuTime() time.Duration {
	var u syscall.Rusage
	if err := syscall.Getrusage(syscall.RUSAGE_SELF, &u); err != nil {
		return 0
	}
	return time.Duration(u.Utime.Nano() + u.Stime.Nano())
}

// start brings up a settled network that ends with the bubble.
func start(t *testing.T, cfg sim.Config) *sim.Network {
	t.Helper()
	begin, cpu := time.Now(), cpuTime()
	w, err := sim.New(t.Context(), cfg)
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() {
		if err := w.Close(); err != nil {
			t.Errorf("close: %v", err)
		}
	})
	up := time.Since(begin)
	ctx, cancel := context.WithTimeout(t.Context(), patience)
	defer cancel()
	if err := w.Settle(ctx); err != nil {
		t.Fatal(err)
	}
	var mem runtime.MemStats
	runtime.ReadMemStats(&mem)
	degree := 0
	for _, n := range w.Nodes() {
		degree += n.Node.Status().Peers
	}
	t.Logf("%d nodes: all ready after %s, settled after %s; %s of CPU, %d MiB in use, %d MiB from the system, %d goroutines, degree %.1f",
		cfg.Nodes, round(up), round(time.Since(begin)), (cpuTime() - cpu).Round(10*time.Millisecond),
		mem.HeapInuse>>20, mem.Sys>>20, runtime.NumGoroutine(), float64(degree)/float64(cfg.Nodes))
	return w
}

func round(d time.Duration) time.Duration { return d.Round(100 * time.Microsecond) }

func newAgent(t *testing.T, w *sim.Network) *testnet.Agent {
	t.Helper()
	a, err := w.NewAgent()
	if err != nil {
		t.Fatal(err)
	}
	return a
}

// place publishes the agent through node i.
func place(t *testing.T, w *sim.Network, i int, a *testnet.Agent) node.Receipt {
	t.Helper()
	r, err := w.Node(i).Place(t.Context(), a, "https://agent.example/a2a")
	if err != nil {
		t.Fatalf("publish on %s: %v", w.Node(i).Name(), err)
	}
	return r
}

// end revokes the agent through node i.
func end(t *testing.T, w *sim.Network, i int, a *testnet.Agent) node.RevokeReceipt {
	t.Helper()
	r, err := w.Node(i).End(t.Context(), a)
	if err != nil {
		t.Fatalf("revoke on %s: %v", w.Node(i).Name(), err)
	}
	return r
}

// knows says why n, without asking anybody, does not give the agent that status.
func knows(ctx context.Context, n *testnet.Node, id records.AgentID, want records.Status) error {
	got, err := n.Knows(ctx, id)
	if err == nil && got != want {
		err = fmt.Errorf("%s calls it %s, not %s", n.Name(), got, want)
	}
	return err
}

// refuse waits until all nodes refuse the agents and returns how long that took.
func refuse(t *testing.T, nodes []*testnet.Node, agents ...*testnet.Agent) time.Duration {
	t.Helper()
	begin := time.Now()
	ctx, cancel := context.WithTimeout(t.Context(), patience)
	defer cancel()
	err := testnet.Await(ctx, func(ctx context.Context) error {
		var errs []error
		for _, n := range nodes {
			for _, a := range agents {
				errs = append(errs, knows(ctx, n, a.ID(), records.StatusRevoked))
			}
		}
		return errors.Join(errs...)
	})
	if err != nil {
		t.Fatalf("not all refuse: %v", err)
	}
	return time.Since(begin)
}

// quantiles are the values at a half, at 99 of 100, and at the end.
func quantiles(d []time.Duration) (p50, p99, most time.Duration) {
	d = slices.Sorted(slices.Values(d))
	return d[len(d)/2], d[(len(d)-1)*99/100], d[len(d)-1]
}
