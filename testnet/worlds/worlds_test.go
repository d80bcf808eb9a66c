package worlds_test

import (
	"os"
	"path/filepath"
	"strings"
	"testing"
	"testing/synctest"
	"time"

	"go.uber.org/goleak"

	"github.com/cairn-overlay/cairn/testnet/scenario"
	"github.com/cairn-overlay/cairn/testnet/worlds"
)

// TestMain fails where a world leaves any goroutine behind.
func TestMain(m *testing.M) { goleak.VerifyTestMain(m) }

// What a world cannot be is refused, and nothing is left of the try.
func TestRefused(t *testing.T) {
	square := filepath.Join(t.TempDir(), "m.csv")
	if err := os.WriteFile(square, []byte("x,a,b\na,0,10\n"), 0o600); err != nil {
		t.Fatal(err)
	}
	for name, row := range map[string]struct {
		make scenario.Maker
		spec scenario.Spec
		want string
	}{
		"loopback with a matrix": {worlds.Loopback, scenario.Spec{Nodes: 2, Matrix: square}, "play it in virtual time"},
		"loopback with loss":     {worlds.Loopback, scenario.Spec{Nodes: 2, Loss: 0.1}, "play it in virtual time"},
		"loopback with jitter":   {worlds.Loopback, scenario.Spec{Nodes: 2, Jitter: time.Second}, "play it in virtual time"},
		"loopback, too many":     {worlds.Loopback, scenario.Spec{Nodes: 501, Disk: true}, "want 1 to 500"},
		"too many":               {worlds.Virtual, scenario.Spec{Nodes: 4096, Disk: true}, "want 1 to"},
		"too much loss":          {worlds.Virtual, scenario.Spec{Nodes: 2, Loss: 0.95}, "want 0 to 0.9"},
		"k out of range":         {worlds.Virtual, scenario.Spec{Nodes: 2, Replication: 21, Disk: true}, "21"},
		"no such matrix":         {worlds.Virtual, scenario.Spec{Nodes: 2, Matrix: "nowhere.csv"}, "nowhere.csv"},
		"a matrix with a gap":    {worlds.Virtual, scenario.Spec{Nodes: 2, Matrix: square}, "m.csv"},
	} {
		t.Run(name, func(t *testing.T) {
			temp := t.TempDir()
			t.Setenv("TMPDIR", temp)
			synctest.Test(t, func(t *testing.T) {
				if _, err := row.make(t.Context(), row.spec); err == nil || !strings.Contains(err.Error(), row.want) {
					t.Errorf("%v, want %q", err, row.want)
				}
			})
			if left, err := os.ReadDir(temp); err != nil || len(left) > 0 {
				t.Errorf("left behind: %v, %v", left, err)
			}
		})
	}
}

// Clocks are the nodes' own, strangers get in, and a node that is down says so.
func TestVirtual(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		made, err := worlds.Virtual(t.Context(), scenario.Spec{Nodes: 3, Seed: 1})
		if err != nil {
			t.Fatal(err)
		}
		w := made.(interface {
			scenario.World
			scenario.Faulty
			scenario.Hosting
			scenario.Ready
		})
		defer func() {
			if err := w.Close(); err != nil {
				t.Error(err)
			}
		}()
		for range 2 {
			h, err := w.Stranger(scenario.Guest{})
			if err != nil {
				t.Fatal(err)
			}
			if err := h.Connect(t.Context(), w.Addr(2)); err != nil {
				t.Error(err)
			}
			if err := h.Close(); err != nil {
				t.Error(err)
			}
		}
		if err := w.Kill(2); err != nil {
			t.Error(err)
		}
		if _, _, err := w.State(2); err == nil || err.Error() != "n2 is not up" {
			t.Errorf("state of a dead node: %v", err)
		}
		if err := w.Restart(3); err == nil || err.Error() != "n3 is up" {
			t.Errorf("restart of one that is up: %v", err)
		}
		if got := w.Up(); len(got) != 2 || got[0] != 1 || got[1] != 3 {
			t.Errorf("up: %v", got)
		}
	})
}
