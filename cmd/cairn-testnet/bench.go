package main

import (
	"bytes"
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"path/filepath"
	"slices"
	"strings"
	"text/tabwriter"

	"github.com/cairn-overlay/cairn/testnet/bench"
	"github.com/cairn-overlay/cairn/testnet/bubble"
)

// fullSeeds is how many seeds --full measures.
const fullSeeds = 5

// allNodes is the size of every network where all is measured.
const allNodes = 100

// format is a value of -o.
type format string

// The output formats.
const (
	human  format = "human"
	asJSON format = "json"
	jsonl  format = "jsonl"
)

type benchCmd struct {
	Name    string   `arg:"" help:"What to measure, see below, or all of it."`
	Nodes   int      `placeholder:"N" help:"How many nodes. Default: what each metric has for its own; 100 with all."`
	Seed    uint64   `default:"1" placeholder:"S" help:"Where nodes are, which keys they have, what is drawn."`
	Matrix  []string `placeholder:"MATRIX" sep:"none" help:"Latencies: cities, clumps, or a CSV file with a header row of places and a row of round trips in ms for each. May be given more than once. Default: cities."`
	Full    bool     `help:"The long form: five seeds from --seed up, on cities, clumps and every --matrix, with as many records, reads and pairs as the goals name. Takes a night."`
	Alone   bool     `help:"Leave stock libraries out of the metrics in virtual time: several times as fast, and the goals do not depend on them."`
	Output  format   `short:"o" default:"human" enum:"human,json,jsonl" placeholder:"FORMAT" help:"human, json or jsonl: one object per line, as they come."`
	Report  string   `placeholder:"DIR" help:"Write a page with plots, DIR/report.html, and what was measured, DIR/METRIC.json."`
	Docs    string   `placeholder:"FILE" help:"Write the figures into this page of the documentation; those of metrics that were not measured stay."`
	Samples bool     `help:"With -o json and jsonl: what the plots are drawn from too."`
}

// Help is the long help.
func (benchCmd) Help() string {
	var b strings.Builder
	b.WriteString(`Measures one metric, or all of them, in three arms: stock (the usual libraries with their defaults), ours, and the floor (the least that could do the job). The score is ours over the floor. Latencies are measured in virtual time, in a child process; CPU time, memory and disks as they are. A goal that is missed is an answer (held: false), not an error.

    cairn-testnet bench tombstone --nodes 100 --seed 2
    cairn-testnet bench resolve --matrix latencies.csv -o json
    cairn-testnet bench all --report /tmp/report

Metrics, and the unit of their arms:

`)
	table := tabwriter.NewWriter(&b, 0, 0, 2, ' ', 0)
	for _, m := range bench.Metrics() {
		fmt.Fprintf(table, "    %s\t%s\n", m.Name, m.About)
	}
	table.Flush()
	b.WriteString(`
With -o json a single cell is one object: metric, nodes, matrix, seed, unit, delivery (shares, 0 to 1), the arms stock, ours and floor (p50, p99, max, in the unit), ratio (ours over the floor, without a unit), goal (by the keys of ratio or of a figure), held, and figures with a unit each. Latencies are milliseconds; the goals of rates (1/s) are to be reached at least, all others at most. docs/benchmarks.md explains every metric.`)
	return b.String()
}

// Run measures, and shows what came out.
func (c *benchCmd) Run(s *session) error {
	plan, err := c.plan()
	if err != nil {
		return err
	}
	if s.env.virtual {
		return c.inside(s, plan)
	}
	if err := plan.Check(); err != nil {
		return err
	}
	report := bench.Report{Version: version, Partial: true}
	if err := c.write(report); err != nil { // what cannot be written is said before hours of work
		return err
	}
	report.Partial, err = c.measure(s, plan, &report)
	if err == nil {
		err = c.finish(s, report)
	}
	if err == nil && report.Partial {
		err = context.Cause(s.ctx)
	}
	return errors.Join(err, report.Failed())
}

// measure runs the plan; the report is written anew after each result, so that
// nothing that was measured is lost.
func (c *benchCmd) measure(s *session, plan bench.Plan, report *bench.Report) (partial bool, err error) {
	complete, err := bench.Run(s.ctx, plan, c.child(s), s.say, func(r bench.Result) error {
		report.Results = append(report.Results, r)
		if c.Output == jsonl {
			if err := c.encode(s, r); err != nil {
				return err
			}
		}
		return c.write(*report)
	})
	return !complete, err
}

// finish shows the results, and writes what was asked for.
func (c *benchCmd) finish(s *session, report bench.Report) error {
	var err error
	switch c.Output {
	case human:
		err = bench.WriteTable(s.env.stdout, report.Results)
	case asJSON:
		err = c.encode(s, report.Results...)
	}
	if err == nil {
		err = c.write(report)
	}
	if err == nil && c.Report != "" {
		s.say("report: %s", filepath.Join(c.Report, bench.ReportFile))
	}
	return err
}

// write writes the report and the page of the documentation, where they were asked for.
func (c *benchCmd) write(report bench.Report) error {
	if c.Report != "" {
		if err := bench.WriteReport(c.Report, report); err != nil {
			return err
		}
	}
	if c.Docs != "" {
		return bench.WriteDocs(c.Docs, report)
	}
	return nil
}

// encode writes one result as an object, or several as a list.
func (c *benchCmd) encode(s *session, results ...bench.Result) error {
	if !c.Samples {
		results = slices.Clone(results)
		for i := range results {
			results[i].Samples, results[i].Plots = nil, nil
		}
	}
	var v any = results
	if len(results) == 1 && (c.Name != "all" || c.Output == jsonl) {
		v = results[0]
	}
	return json.NewEncoder(s.env.stdout).Encode(v)
}

// plan is what the flags ask for.
func (c *benchCmd) plan() (bench.Plan, error) {
	p := bench.Plan{Nodes: c.Nodes, Seeds: []uint64{c.Seed}, Full: c.Full, Alone: c.Alone}
	if c.Nodes < 0 {
		return p, fmt.Errorf("--nodes %d: want 1 or more", c.Nodes)
	}
	matrices := c.Matrix
	switch {
	case c.Full:
		matrices = append([]string{"cities", "clumps"}, matrices...)
		for i := uint64(1); i < fullSeeds; i++ {
			p.Seeds = append(p.Seeds, c.Seed+i)
		}
	case len(matrices) == 0:
		matrices = []string{"cities"}
	}
	for _, arg := range matrices {
		l, err := bench.OpenLatencies(arg)
		if err != nil {
			return p, err
		}
		p.Latencies = append(p.Latencies, l)
	}
	if c.Name == "all" {
		p.Metrics = bench.Metrics()
		if p.Nodes == 0 {
			p.Nodes = allNodes
		}
		return p, nil
	}
	m, ok := bench.Find(c.Name)
	if !ok {
		return p, fmt.Errorf("there is no metric %q: want all, or one of %s", c.Name, names())
	}
	p.Metrics = []bench.Metric{m}
	return p, nil
}

// names lists the metrics.
func names() string {
	var all []string
	for _, m := range bench.Metrics() {
		all = append(all, m.Name)
	}
	return strings.Join(all, ", ")
}

// child runs a virtual metric: this program once more, inside a bubble.
func (c *benchCmd) child(s *session) bench.Child {
	return func(ctx context.Context, m bench.Metric, cell bench.Cell, matrix string) (bench.Result, error) {
		args := []string{"bench", m.Name, "--nodes", fmt.Sprint(cell.Nodes), "--seed", fmt.Sprint(cell.Seed), "--matrix", matrix, "--output", "json", "--samples"}
		if cell.Full {
			args = append(args, "--full")
		}
		if cell.Alone {
			args = append(args, "--alone")
		}
		var out bytes.Buffer
		code, err := bubble.Spawn(ctx, args, &out, s.env.stderr)
		if err != nil {
			return bench.Result{}, err
		}
		var r bench.Result
		if err := json.Unmarshal(out.Bytes(), &r); err != nil {
			return bench.Result{}, fmt.Errorf("it ended with exit code %d and without a result", code)
		}
		return r, nil
	}
}

// inside measures the one cell that the parent asked for.
func (c *benchCmd) inside(s *session, p bench.Plan) error {
	cell := bench.Cell{Nodes: c.Nodes, Seed: c.Seed, Full: c.Full, Alone: c.Alone}
	l := p.Latencies[len(p.Latencies)-1]
	cell.Matrix, cell.Model = l.Name, l.Model(c.Seed)
	r, err := p.Metrics[0].Measure(s.ctx, cell, s.say)
	if err != nil {
		return err
	}
	return c.encode(s, r)
}
