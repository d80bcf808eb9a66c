package scenario

import (
	"context"

	"github.com/cairn-overlay/cairn/testnet/audit"
)

// partitionVerb splits the network into groups; those that none names form one more.
type partitionVerb struct{ groups []set }

func readPartition(a *args) action {
	var v partitionVerb
	for {
		g := a.nodes()
		if g.all {
			a.fail("all nodes are no group")
		}
		v.groups = append(v.groups, g)
		if !a.try("|") {
			return v
		}
	}
}

// readIsolate reads nodes that are cut off from everybody, also from each other.
func readIsolate(a *args) action {
	var v partitionVerb
	for _, n := range a.nodes().of {
		v.groups = append(v.groups, set{of: []int{n}})
	}
	if len(v.groups) == 0 {
		a.fail("want numbers of nodes")
	}
	return v
}

func (v partitionVerb) do(_ context.Context, p *play) error {
	var groups [][]int
	for _, g := range v.groups {
		groups = append(groups, g.of)
	}
	if err := p.world.(Faulty).Partition(groups...); err != nil {
		return err
	}
	p.log.Note(audit.Event{Kind: audit.Partition, Groups: groups})
	return nil
}

// healVerb ends every partition and cut.
type healVerb struct{}

func readHeal(*args) action { return healVerb{} }

func (healVerb) do(_ context.Context, p *play) error {
	if err := p.world.(Faulty).Heal(); err != nil {
		return err
	}
	p.log.Note(audit.Event{Kind: audit.Heal})
	return nil
}
