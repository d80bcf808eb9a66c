package chaos

import (
	"fmt"
	"slices"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"
)

// A schedule is the same for the same plan, keeps to its nodes and its time, undoes
// what it does, and never does to a node what its state does not allow.
func TestSchedule(t *testing.T) {
	for _, p := range []Plan{
		{Seed: 1, Nodes: 20, For: 10 * time.Minute, ReadOnly: true},
		{Seed: 2, Nodes: 20, For: 10 * time.Minute},
		{Seed: 3, Nodes: 3, For: MinFor, ReadOnly: true},
		{Seed: 4, Nodes: MaxNodes, For: time.Hour, ReadOnly: true},
	} {
		t.Run(fmt.Sprintf("%d nodes for %s", p.Nodes, p.For), func(t *testing.T) {
			acts := Schedule(p)
			if diff := cmp.Diff(acts, Schedule(p)); diff != "" {
				t.Errorf("the same plan gives another schedule:\n%s", diff)
			}
			other := p
			other.Seed += 100
			if cmp.Equal(acts, Schedule(other)) {
				t.Error("another seed gives the same schedule")
			}
			follow(t, p, acts)
		})
	}
}

// Everything that can be done is done in the time that a run has by default.
func TestScheduleIsWhole(t *testing.T) {
	for seed := range uint64(20) {
		done := make(map[Verb]bool)
		for _, a := range Schedule(Plan{Seed: seed, Nodes: DefaultNodes, For: DefaultFor, ReadOnly: true}) {
			done[a.Verb] = true
		}
		for _, v := range []Verb{DoPartition, DoCut, DoHeal, DoKill, DoRestart, DoFreeze, DoThaw, DoFill, DoFree, DoBreak, DoMend} {
			if !done[v] {
				t.Errorf("seed %d: no %s", seed, v)
			}
		}
	}
	for _, a := range Schedule(Plan{Seed: 1, Nodes: 20, For: DefaultFor}) {
		if a.Verb == DoBreak {
			t.Error("disks break where they cannot")
		}
	}
}

// follow plays a schedule on paper.
func follow(t *testing.T, p Plan, acts []Act) {
	t.Helper()
	const up = Verb("up")
	state := make(map[int]Verb)
	for n := range p.Nodes {
		state[n+1] = up
	}
	next := map[Verb][2]Verb{ // verb: from which state into which
		DoKill: {up, DoKill}, DoRestart: {DoKill, up}, DoFreeze: {up, DoFreeze}, DoThaw: {DoFreeze, up},
		DoFill: {up, DoFill}, DoFree: {DoFill, up}, DoBreak: {up, DoBreak}, DoMend: {DoBreak, DoKill},
	}
	cut, last := false, time.Duration(0)
	for _, a := range acts {
		if a.At < last || a.At > p.For {
			t.Fatalf("%s at %s, behind %s, in a plan for %s", a, a.At, last, p.For)
		}
		last = a.At
		for _, n := range slices.Concat(a.Nodes, slices.Concat(a.Groups...)) {
			if n < 1 || n > p.Nodes {
				t.Fatalf("%s names node %d of %d", a, n, p.Nodes)
			}
		}
		change, ok := next[a.Verb]
		if !ok {
			cut = a.Verb != DoHeal
			continue
		}
		for _, n := range a.Nodes {
			if state[n] != change[0] {
				t.Fatalf("%s at %s: node %d is in state %s", a, a.At, n, state[n])
			}
			state[n] = change[1]
		}
	}
	for n, s := range state {
		if s != up || cut {
			t.Errorf("in the end node %d is in state %s, cut: %t", n, s, cut)
		}
	}
}
