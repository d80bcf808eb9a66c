package scenario_test

import (
	"fmt"
	"slices"
	"strings"
	"testing"
	"testing/synctest"

	"pgregory.net/rapid"

	"github.com/cairn-overlay/cairn/testnet/scenario"
	"github.com/cairn-overlay/cairn/testnet/worlds"
)

// Any interleaving of gossip, puts, reconciliation, crashes and restarts ends in the same
// facts on all nodes. A few draws are part of every run; a fault is printed as a scenario.
func TestAnyInterleaving(t *testing.T) {
	for seed := range 4 {
		t.Run(fmt.Sprint(seed), func(t *testing.T) {
			t.Parallel()
			text := rapid.Custom(interleaving).Example(seed)
			if faults := interleave(t, text); len(faults) > 0 {
				t.Errorf("%s\n%s", text, strings.Join(faults, "\n"))
			}
		})
	}
}

// interleave plays a scenario and returns what did not hold.
func interleave(t *testing.T, text string) (faults []string) {
	f, err := scenario.Parse("drawn.txt", []byte(text))
	if err != nil {
		return []string{err.Error()}
	}
	synctest.Test(t, func(t *testing.T) {
		rep, err := f.Play(t.Context(), scenario.Options{Make: worlds.Virtual, World: "sim"})
		if err != nil {
			faults = append(faults, err.Error())
		}
		for _, failed := range rep.Failures {
			faults = append(faults, rep.String(failed))
		}
	})
	return faults
}

// course is a network as a drawn scenario has it so far.
type course struct {
	nodes int
	up    []int // nodes
	alive []int // agents
	dead  []int
	text  strings.Builder
}

func (c *course) say(format string, v ...any) { fmt.Fprintf(&c.text, format+"\n", v...) }

// interleaving draws a scenario: half of the agents are known when the trouble begins, the
// other half die before anybody has heard of them. In the end everything is whole and has
// had the time to become quiet; then all nodes refuse all that are dead, and no others.
func interleaving(t *rapid.T) string {
	const agents = 8
	c := &course{nodes: rapid.IntRange(3, 6).Draw(t, "nodes")}
	c.say("# Whatever happens, all end with the same facts.\n\nnodes %d disk seed=%d\n", c.nodes, rapid.IntRange(1, 1000).Draw(t, "seed"))
	for n := range c.nodes {
		c.up = append(c.up, n+1)
	}
	for a := range agents {
		c.alive = append(c.alive, a+1)
		c.say("agent a%d", a+1)
		if a%2 == 0 {
			c.say("publish a%d on %d lease=24h", a+1, 1+a%c.nodes)
		}
	}
	for range rapid.IntRange(4, 16).Draw(t, "steps") {
		c.step(t)
	}
	c.say("\nheal\nloss 0%%")
	for n := range c.nodes {
		if !slices.Contains(c.up, n+1) {
			c.say("restart %d", n+1)
		}
	}
	c.say("expect ready all within 3m\nwait 1m")
	for _, a := range c.dead {
		c.say("expect revoked a%d on all", a)
	}
	for _, a := range c.alive {
		if a%2 == 1 {
			c.say("expect found a%d on all within 10s", a)
		} else {
			c.say("expect unknown a%d on all", a)
		}
	}
	return c.text.String()
}

// step draws what happens next.
func (c *course) step(t *rapid.T) {
	node := func(of []int) int { return rapid.SampledFrom(of).Draw(t, "node") }
	switch what := rapid.IntRange(0, 9).Draw(t, "what"); {
	case what <= 3 && len(c.up) > 0 && len(c.alive) > 0:
		a := rapid.SampledFrom(c.alive).Draw(t, "agent")
		c.alive, c.dead = slices.DeleteFunc(c.alive, func(b int) bool { return a == b }), append(c.dead, a)
		c.say("revoke a%d on %d anyhow", a, node(c.up))
	case what == 4 && len(c.up) > 0:
		n := node(c.up)
		c.up = slices.DeleteFunc(c.up, func(m int) bool { return m == n })
		c.say("%s %d", rapid.SampledFrom([]string{"kill", "stop"}).Draw(t, "how"), n)
	case what == 5 && len(c.up) < c.nodes:
		var down []int
		for n := range c.nodes {
			if !slices.Contains(c.up, n+1) {
				down = append(down, n+1)
			}
		}
		n := node(down)
		c.up = append(c.up, n)
		c.say("restart %d", n)
	case what == 6:
		at := rapid.IntRange(1, c.nodes-1).Draw(t, "between")
		c.say("partition 1-%d | %d-%d", at, at+1, c.nodes)
	case what == 7:
		c.say("heal")
	case what == 8:
		c.say("loss %d%%", rapid.SampledFrom([]int{0, 5, 20}).Draw(t, "loss"))
	default:
		c.say("wait %s", rapid.SampledFrom([]string{"10ms", "200ms", "2s", "15s", "40s"}).Draw(t, "wait"))
	}
}
