//go:build soak

package soak

import (
	"context"
	"math/rand/v2"
	"sync"
	"testing"
	"time"
)

const (
	killNodes = 5
	kills     = 200
	writers   = 4
	killLimit = 15 * time.Minute
	// upAtLeast is how many daemons are ready before the next one is killed, so that
	// the writers have somebody to write to.
	upAtLeast = 3
)

// While agents are published, moved and revoked, a random daemon is killed 200
// times. Nothing that was acknowledged is lost, and no store is damaged.
func TestSoakKill(t *testing.T) {
	s := seed(t)
	f := newFleet(t, killNodes)
	n := &nemesis{t: t, fleet: f, dice: dice(s, 0), struck: make(chan strike)}
	ctx, stop := context.WithTimeout(t.Context(), killLimit)
	defer stop()
	crew := make([]*writer, writers)
	var group sync.WaitGroup
	for i := range crew {
		crew[i] = &writer{t: t, fleet: f, number: i, dice: dice(s, uint64(i+1)), struck: n.struck, failed: make(map[string]int)}
		group.Go(func() { crew[i].run(ctx) })
	}
	n.run(ctx)
	stop()
	group.Wait()
	for _, d := range f.nodes {
		f.mustReady(d)
	}
	v := &verdict{t: t, fleet: f, crew: crew}
	v.run()
	t.Log(table(append(n.rows(), v.rows()...)...))
}

// strike is an acknowledgement whose daemon is to be killed at once.
type strike struct {
	home *node
	kept acked
}

// nemesis kills daemons and starts them again.
type nemesis struct {
	t      *testing.T
	fleet  *fleet
	dice   *rand.Rand
	struck chan strike // a writer offers what was acknowledged this moment

	killed, right, young, kept int // kills: in all, right after an answer, before it was ready; answers found again
}

// run kills until there were enough kills. Half of them come right after an answer.
func (n *nemesis) run(ctx context.Context) {
	for n.killed < kills && ctx.Err() == nil && !n.t.Failed() {
		until(ctx, 20*time.Millisecond, func() bool { return n.up() >= upAtLeast })
		var s strike
		if n.dice.IntN(2) == 0 {
			s.home = n.fleet.nodes[n.dice.IntN(killNodes)]
			wait(ctx, time.Duration(n.dice.IntN(3000))*time.Millisecond)
		} else {
			select {
			case s = <-n.struck:
				n.right++
			case <-ctx.Done():
				return
			}
		}
		n.kill(ctx, s)
	}
	if n.killed < kills {
		n.t.Errorf("%d kills, want %d", n.killed, kills)
	}
}

// kill kills one daemon, starts it again, and looks whether it has what it
// acknowledged last.
func (n *nemesis) kill(ctx context.Context, s strike) {
	d := s.home
	if _, ready := d.Ready(); !ready {
		n.young++
	}
	if !d.Running() {
		n.t.Error(d.says("ended by itself"))
		return
	}
	if err := d.Kill(); err != nil {
		n.t.Error(d.says("%v", err))
		return
	}
	if n.killed++; n.killed%20 == 0 {
		n.t.Logf("%d kills, %d of them right after an answer", n.killed, n.right)
	}
	wait(ctx, time.Duration(n.dice.IntN(300))*time.Millisecond)
	n.fleet.launch(d)
	if s.kept.agent == nil {
		return
	}
	if err := s.kept.stands(ctx, d); err != nil {
		n.t.Error(d.says("was killed right after it acknowledged: %v", err))
		return
	}
	n.kept++
}

// up counts the daemons that are ready.
func (n *nemesis) up() (count int) {
	for _, d := range n.fleet.nodes {
		if _, ready := d.Ready(); ready && d.Running() {
			count++
		}
	}
	return count
}

// rows are the counts.
func (n *nemesis) rows() [][]any {
	return [][]any{{"kills", n.killed}, {"... right after an answer", n.right}, {"... the answer stood in the own store", n.kept}, {"... before the daemon was ready", n.young}}
}

// wait waits for a while that was thrown.
func wait(ctx context.Context, d time.Duration) {
	select {
	case <-time.After(d):
	case <-ctx.Done():
	}
}
