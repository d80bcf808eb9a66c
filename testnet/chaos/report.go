package chaos

import (
	"errors"
	"fmt"
	"io"
	"text/tabwriter"
	"time"

	"github.com/cairn-overlay/cairn/testnet/audit"
)

const (
	// DefaultNodes is how many daemons a run has.
	DefaultNodes = 20
	// DefaultReplication is k: fewer holders than nodes, so that a search has a way to
	// go and a dead holder is missed.
	DefaultReplication = 5
	// DefaultFor is how long a run breaks things.
	DefaultFor = 10 * time.Minute
	// MinFor leaves time for one fault of each kind at least.
	MinFor = 20 * time.Second
	// MinNodes leaves somebody on either side of a partition, and holders to lose.
	MinNodes = 3
)

// Options say what a run of the nemesis is. The zero value of a field means its
// documented default.
type Options struct {
	// World is what the network is made of; its Replication is DefaultReplication by
	// default.
	World Config
	// Nodes is how many daemons there are, MinNodes to MaxNodes; default DefaultNodes.
	Nodes int
	// For is how long things break, at least MinFor; default DefaultFor.
	For time.Duration
	// Loss is the share of packets that vanish meanwhile, 0 to 0.5.
	Loss float64
	// Seed fixes the schedule and what clients do; not which packets are lost.
	Seed uint64
	// Log is the path of the log of operations. Required.
	Log string
	// Out gets the story as it goes. Required.
	Out io.Writer
}

func (o Options) withDefaults() (Options, error) {
	if o.Log == "" || o.Out == nil {
		return o, errors.New("a path for the log of operations (Log) and an output (Out) are required")
	}
	if o.Nodes == 0 {
		o.Nodes = DefaultNodes
	}
	if o.World.Replication == 0 {
		o.World.Replication = DefaultReplication
	}
	if o.For == 0 {
		o.For = DefaultFor
	}
	switch {
	case o.Nodes < MinNodes || o.Nodes > MaxNodes:
		return o, fmt.Errorf("%d nodes: want %d to %d", o.Nodes, MinNodes, MaxNodes)
	case o.For < MinFor:
		return o, fmt.Errorf("for %s: want at least %s", o.For, MinFor)
	case o.Loss < 0 || o.Loss > 0.5:
		return o, fmt.Errorf("a loss of %g: want 0 to 0.5", o.Loss)
	}
	return o, nil
}

// Report is what came of a run.
type Report struct {
	Nodes, Agents int
	Seed          uint64
	For           time.Duration
	// Partial: the run ended early.
	Partial bool
	// Operations counts what clients asked by what came of it; Names has its keys in order.
	Operations map[string]int
	Names      []string
	// Faults are those that were made, by kind.
	Faults []Sum
	// Quiet is how long it took from the end of the last fault until every node was
	// ready and knew the same; Slowest is the longest time from a restart to ready, of
	// Returns restarts.
	Quiet, Slowest time.Duration
	Returns        int
	// Violations are the promises that the auditor found broken; Findings is whatever
	// else is wrong: daemons that ended by themselves, faults that did nothing.
	Violations []audit.Violation
	Findings   []string
	// Log is the log of operations; Logs the folder of the daemons' logs. Empty where
	// they are gone.
	Log, Logs string
}

// OK reports whether nothing is wrong.
func (r Report) OK() bool { return !r.Partial && len(r.Violations)+len(r.Findings) == 0 }

// mostShown bounds how many violations are printed.
const mostShown = 20

// Write prints the report for people.
func (r Report) Write(w io.Writer) error {
	t := tabwriter.NewWriter(w, 0, 0, 2, ' ', 0)
	fmt.Fprintf(t, "\nFAULT\tTIMES\tEFFECT\n")
	for _, f := range r.Faults {
		fmt.Fprintf(t, "%s\t%d\t%d %s\n", f.Kind, f.Faults, f.Count, f.Unit)
	}
	fmt.Fprintf(t, "\nOPERATION\tTIMES\n")
	for _, name := range r.Names {
		fmt.Fprintf(t, "%s\t%d\n", name, r.Operations[name])
	}
	fmt.Fprintf(t, "\nagents\t%d\nrestarts that ended ready\t%d, the slowest after %.1f s\nquiet after the last fault\t%.1f s\n",
		r.Agents, r.Returns, r.Slowest.Seconds(), r.Quiet.Seconds())
	if err := t.Flush(); err != nil {
		return err
	}
	for i, v := range r.Violations {
		if i == mostShown {
			fmt.Fprintf(w, "... and %d more\n", len(r.Violations)-i)
			break
		}
		fmt.Fprintf(w, "VIOLATION %s\n", v)
	}
	for _, text := range r.Findings {
		fmt.Fprintf(w, "FOUND %s\n", text)
	}
	text := "\n" + r.verdict() + "\n"
	if r.Log != "" {
		text += "log of operations: " + r.Log + "\n"
	}
	if r.Logs != "" {
		text += "logs of the daemons: " + r.Logs + "\n"
	}
	_, err := io.WriteString(w, text)
	return err
}

func (r Report) verdict() string {
	switch {
	case r.Partial:
		return fmt.Sprintf("Partial: the run ended early. Until then %d violations and %d other findings.", len(r.Violations), len(r.Findings))
	case r.OK():
		return fmt.Sprintf("The auditor found nothing: %d daemons, %s of faults, seed %d.", r.Nodes, r.For, r.Seed)
	}
	return fmt.Sprintf("%d violations and %d other findings; seed %d.", len(r.Violations), len(r.Findings), r.Seed)
}
