package web

import (
	"context"
	"errors"
	"sync"
)

// fakeView is a view of three nodes; it remembers what it was asked to do.
type fakeView struct {
	mu    sync.Mutex
	scene Scene
	did   []string
}

func newFakeView() *fakeView {
	return &fakeView{scene: Scene{
		Nodes:  []Node{{Name: "n1", State: "ready"}, {Name: "n2", State: "ready"}, {Name: "n3", State: "ready"}},
		Links:  []Link{{A: "n1", B: "n2", RTT: 80}},
		Agents: []Agent{{ID: "bafy", Name: "translator", Node: "n1"}},
	}}
}

func (v *fakeView) note(what string) {
	v.mu.Lock()
	defer v.mu.Unlock()
	v.did = append(v.did, what)
}

func (v *fakeView) done() []string {
	v.mu.Lock()
	defer v.mu.Unlock()
	return append([]string{}, v.did...)
}

func (v *fakeView) About() About { return About{Network: "test", Whole: true, Self: "n1"} }

func (v *fakeView) Look() Scene {
	v.mu.Lock()
	defer v.mu.Unlock()
	return Scene{append([]Node{}, v.scene.Nodes...), append([]Link{}, v.scene.Links...), append([]Agent{}, v.scene.Agents...)}
}

func (v *fakeView) Inspect(node string) (Detail, error) {
	if node != "n1" {
		return Detail{}, errors.New("there is no such node")
	}
	return Detail{Name: node}, nil
}

func (v *fakeView) Floor(string) map[string]float64 {
	return map[string]float64{"n1": 0, "n2": 40, "n3": 90}
}

func (v *fakeView) Publish(_ context.Context, node, name, _ string) (Receipt, error) {
	v.note("publish " + name + " on " + node)
	return Receipt{Name: name}, nil
}

func (v *fakeView) Resolve(_ context.Context, node, agent, policy string) (Answer, error) {
	v.note("resolve " + agent + " on " + node + " by " + policy)
	return Answer{ID: agent}, nil
}

func (v *fakeView) Revoke(_ context.Context, node, agent string) (Receipt, error) {
	v.note("revoke " + agent + " on " + node)
	return Receipt{ID: agent}, nil
}

// breakableView may be broken as well.
type breakableView struct{ *fakeView }

func (v breakableView) Kill(node string) error         { v.note("kill " + node); return nil }
func (v breakableView) Restart(node string) error      { v.note("restart " + node); return nil }
func (v breakableView) Partition(nodes []string) error { v.note("partition"); return nil }
func (v breakableView) Heal() error                    { v.note("heal"); return nil }
