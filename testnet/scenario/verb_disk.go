package scenario

import (
	"context"
	"fmt"

	"github.com/cairn-overlay/cairn/testnet/audit"
)

func lacksDisks(w World) string {
	if _, ok := w.(Disked); !ok {
		return "disks that can fail: play it with cairn-testnet chaos"
	}
	return ""
}

// diskVerb does something to the disks of nodes.
type diskVerb struct {
	name string
	on   set
	do1  func(p *play, w Disked, n int) error
}

func (v diskVerb) do(_ context.Context, p *play) error {
	for _, n := range v.on.in(p.world.Up()) {
		if err := v.do1(p, p.world.(Disked), n); err != nil {
			return fmt.Errorf("%s: %w", v.name, err)
		}
	}
	return nil
}

// readFill reads nodes whose disks have no free byte from now on.
func readFill(a *args) action {
	return diskVerb{"fill", a.nodes(), func(_ *play, w Disked, n int) error { return w.Fill(n) }}
}

// readFree reads nodes whose disks get their room back.
func readFree(a *args) action {
	return diskVerb{"free", a.nodes(), func(_ *play, w Disked, n int) error { return w.Free(n) }}
}

// readBreak reads nodes whose disks go read-only. Such a node ends itself with its next
// write: it counts as down from now on.
func readBreak(a *args) action {
	return diskVerb{"break", a.nodes(), func(p *play, w Disked, n int) error {
		op := p.log.Begin(audit.Event{Kind: audit.Kill, Node: n})
		err := w.Break(n)
		op.End(audit.Event{Error: text(err)})
		if err == nil {
			p.forget(n)
		}
		return err
	}}
}

// readMend reads nodes whose disks can be written again; whoever still runs on one is
// ended, and restart brings it back.
func readMend(a *args) action {
	return diskVerb{"mend", a.nodes(), func(_ *play, w Disked, n int) error { return w.Mend(n) }}
}
