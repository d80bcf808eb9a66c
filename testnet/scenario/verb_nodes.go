package scenario

import (
	"context"
	"fmt"
	"strconv"
	"strings"

	"github.com/cairn-overlay/cairn/testnet/audit"
)

// nodesVerb makes the network; it is the first command of every scenario.
type nodesVerb struct{ spec Spec }

func readNodes(a *args) action {
	v := &nodesVerb{spec: Spec{Seed: 1}}
	v.spec.Nodes = a.count("the number of nodes", a.next("the number of nodes"))
	for a.more() {
		v.option(a, a.next("an option"))
	}
	return v
}

// option takes one option of the network.
func (v *nodesVerb) option(a *args, word string) {
	key, value, _ := strings.Cut(word, "=")
	switch key {
	case "k":
		v.spec.Replication = a.count("k", value)
	case "room":
		v.spec.Room = int64(a.count("the room in bytes", value))
	case "seed":
		var err error
		if v.spec.Seed, err = strconv.ParseUint(value, 10, 64); err != nil {
			a.fail("the seed %q is no number", value)
		}
	case "matrix":
		if v.spec.Matrix = value; value == "" {
			a.fail("the matrix is no file")
		}
	case "loss":
		v.spec.Loss = a.share("the loss", value)
	case "jitter":
		v.spec.Jitter = a.time("the jitter", value)
	case "disk":
		if v.spec.Disk = true; value != "" {
			a.fail("disk has no value")
		}
	case "wan":
		if v.spec.WAN = true; value != "" {
			a.fail("wan has no value")
		}
	default:
		a.fail("%q is no option", word)
	}
}

// Set changes an option of the scenario's network: "nodes=200", "k=5", "room=4000",
// "seed=7", "matrix=FILE", "loss=5%", "jitter=10ms", "disk" or "wan".
func (f *File) Set(option string) error {
	v := f.blocks[0].commands[0].do.(*nodesVerb)
	changed, a := *v, new(args)
	if value, ok := strings.CutPrefix(option, "nodes="); ok {
		changed.spec.Nodes = a.count("the number of nodes", value)
	} else {
		changed.option(a, option)
	}
	if a.fault != "" {
		return fmt.Errorf("set %s: %s", option, a.fault)
	}
	*v = changed
	return nil
}

// Seed is the seed of the scenario's network.
func (f *File) Seed() uint64 { return f.blocks[0].commands[0].do.(*nodesVerb).spec.Seed }

func (v *nodesVerb) do(ctx context.Context, p *play) error {
	wait, cancel := context.WithTimeout(ctx, patience)
	defer cancel()
	var err error
	spec := v.spec
	spec.NATs = p.file.uses("nat")
	if p.world, err = p.opts.Make(wait, spec); err != nil {
		return err
	}
	if err := p.refuse(); err != nil {
		return err
	}
	for _, n := range p.world.Up() {
		p.log.Begin(audit.Event{Kind: audit.Join, Node: n}).End(audit.Event{})
		p.last = max(p.last, n)
	}
	p.listen(ctx, p.world.Up()...)
	return p.settle(wait)
}

// settle waits until the network has found itself.
func (p *play) settle(ctx context.Context) error {
	ctx, cancel := context.WithTimeout(ctx, patience)
	defer cancel()
	if err := p.world.Settle(ctx); err != nil {
		return err
	}
	for _, n := range p.world.Up() {
		p.log.Note(audit.Event{Kind: audit.Ready, Node: n})
	}
	return nil
}

// settleVerb waits until every node is ready and knows its place.
type settleVerb struct{}

func readSettle(*args) action { return settleVerb{} }

func (settleVerb) do(ctx context.Context, p *play) error {
	err := p.settle(ctx)
	p.mark = now()
	return err
}
