package bench

import (
	"fmt"
	"path/filepath"

	"github.com/cairn-overlay/cairn/testnet/wan"
)

// Latencies is a latency model before nodes are placed in it.
type Latencies struct {
	// Name is what is printed, and Arg what names it on a command line.
	Name, Arg string
	// Model places nodes by seed.
	Model func(seed uint64) wan.Model
}

// OpenLatencies returns the model that arg names: "cities" and "clumps" are built
// in, anything else is the path of a matrix.
func OpenLatencies(arg string) (Latencies, error) {
	switch arg {
	case "cities":
		return Latencies{Name: arg, Arg: arg, Model: wan.Cities}, nil
	case "clumps":
		return Latencies{Name: arg, Arg: arg, Model: func(seed uint64) wan.Model { return wan.Clumps(seed).Model(seed) }}, nil
	}
	m, err := wan.LoadMatrix(arg)
	if err != nil {
		return Latencies{}, err
	}
	return Latencies{Name: filepath.Base(arg), Arg: arg, Model: m.Model}, nil
}

// Plan is what a run measures: every metric with every seed on every model.
type Plan struct {
	Metrics []Metric
	// Nodes of every cell; 0 is each metric's own size. Of several metrics, it is
	// only for those in virtual time that have no size of their own.
	Nodes     int
	Seeds     []uint64
	Latencies []Latencies
	// Full asks for the long form of every measurement.
	Full bool
	// Alone leaves stock libraries out of the metrics in virtual time.
	Alone bool
}

// step is one cell of a plan, and what is to be measured there.
type step struct {
	metric    Metric
	cell      Cell
	latencies Latencies // of a virtual metric
}

// steps are the cells in the order of the run. Seed by seed and model by model, so
// that whatever a machine does meanwhile meets every metric alike. Where latencies
// play no part, one cell a seed is enough; so is one seed where time is real, since
// the seed draws nothing that a figure depends on.
func (p Plan) steps() []step {
	var steps []step
	for i, seed := range p.Seeds {
		for j, l := range p.Latencies {
			for _, m := range p.Metrics {
				c := Cell{Nodes: m.Nodes, Seed: seed, Matrix: NoMatrix, Full: p.Full, Alone: p.Alone}
				if p.Nodes > 0 && (m.Virtual && !m.OwnSize || len(p.Metrics) == 1) {
					c.Nodes = p.Nodes
				}
				switch {
				case m.Virtual:
					c.Matrix, c.Model = l.Name, l.Model(seed)
					steps = append(steps, step{m, c, l})
				case i == 0 && j == 0:
					steps = append(steps, step{metric: m, cell: c})
				}
			}
		}
	}
	return steps
}

// Check says what stands against the plan before anything of it runs: a cell that
// would take more memory than there is.
func (p Plan) Check() error {
	room, err := memoryRoom()
	if err != nil {
		return nil // nobody can tell here
	}
	for _, s := range p.steps() {
		if need := s.metric.memory(s.cell); need > room {
			return fmt.Errorf("%s with %d nodes takes up to about %s of memory, and %s are free: ask for fewer with --nodes", s.metric.Name, s.cell.Nodes, bytesText(need), bytesText(room))
		}
	}
	return nil
}
