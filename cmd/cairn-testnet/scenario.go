package main

import (
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"os"
	"slices"
	"strconv"
	"text/tabwriter"
	"time"

	"github.com/cairn-overlay/cairn/testnet/scenario"
	"github.com/cairn-overlay/cairn/testnet/worlds"
)

type runCmd struct {
	Files   []string `arg:"" name:"file" help:"Scenario files."`
	Real    bool     `help:"Play on loopback sockets by the clock on the wall, not in virtual time."`
	Stock   bool     `help:"Play with nodes of stock libraries in virtual time, to see what the auditor finds."`
	Set     []string `placeholder:"OPTION" sep:"none" help:"Change an option of the nodes command, such as nodes=200, k=5, seed=7, loss=5% or matrix=FILE; several times."`
	Repeat  int      `default:"1" placeholder:"N" help:"Play each file N times, each with another seed."`
	Log     string   `placeholder:"FILE" help:"Write the operations log here, one JSON object a line."`
	Rewrite bool     `help:"Write what the scenarios print into their files, but no bounds. Look at the difference before you keep it."`
	Output  format   `short:"o" enum:"human,json" default:"human" placeholder:"FORMAT" help:"human or json: one object for each run."`
}

// Help is the long help.
func (runCmd) Help() string {
	return `Plays scenarios: text files that say what a network promises, what happens to it, and what must be seen. In virtual time minutes of network time take seconds, and latencies do not depend on this machine. docs/testnet.md teaches the language.

    cairn-testnet run testnet/testdata/revoke/everywhere.txt
    cairn-testnet run --real testnet/testdata/restart/*.txt
    cairn-testnet run --stock testnet/testdata/late/cut-off.txt
    cairn-testnet run --set nodes=100 --set loss=5% --repeat 10 revoke.txt

Exit codes: 0 every promise held, 1 one did not, 2 a file or an option cannot be read.`
}

// Run plays the files.
func (c *runCmd) Run(s *session) error {
	if c.Rewrite && (c.Repeat > 1 || len(c.Set) > 0) {
		return usageError{errors.New("--rewrite goes with neither --set nor --repeat: the file is to hold what it says itself")}
	}
	if c.Real && c.Stock {
		return usageError{errors.New("--real or --stock, not both")}
	}
	files, err := c.load()
	if err != nil {
		return usageError{err}
	}
	play := func() error { return c.play(s, files) }
	if c.Real {
		return play()
	}
	return s.virtually(play)
}

// load reads the files before any of them is played.
func (c *runCmd) load() ([]*scenario.File, error) {
	var files []*scenario.File
	var errs []error
	for _, path := range c.Files {
		f, err := scenario.Load(path)
		if err != nil {
			errs = append(errs, err)
			continue
		}
		for _, option := range c.Set {
			errs = append(errs, f.Set(option))
		}
		files = append(files, f)
	}
	if c.Repeat < 1 {
		errs = append(errs, fmt.Errorf("--repeat %d: want 1 or more", c.Repeat))
	}
	return files, errors.Join(errs...)
}

// play plays every file as often as asked for.
func (c *runCmd) play(s *session, files []*scenario.File) (err error) {
	opts := scenario.Options{Make: worlds.Virtual, World: "sim", Rewrite: c.Rewrite}
	switch {
	case c.Real:
		opts.Make, opts.World = worlds.Loopback, "loopback"
	case c.Stock:
		opts.Make, opts.World = worlds.Stock, "stock"
	}
	if c.Log != "" {
		log, createErr := os.Create(c.Log)
		if createErr != nil {
			return createErr
		}
		defer func() { err = errors.Join(err, log.Close()) }()
		opts.Log = log
	}
	broken := 0
	var measured []scenario.Measure
	for _, f := range files {
		for i := range c.Repeat {
			if i > 0 {
				if err := f.Set("seed=" + strconv.FormatUint(f.Seed()+1, 10)); err != nil {
					return err
				}
			}
			rep, err := c.once(s, f, opts)
			if err != nil {
				return err
			}
			if !rep.Held {
				broken++
			}
			measured = append(measured, rep.Measures...)
		}
	}
	if c.Output == human && c.Repeat > 1 {
		if err := table(s.env.stdout, scenario.Merge(measured)); err != nil {
			return err
		}
	}
	if broken > 0 {
		return fmt.Errorf("%d of %d runs broke a promise", broken, len(files)*c.Repeat)
	}
	return nil
}

// once plays a file once and shows what came of it.
func (c *runCmd) once(s *session, f *scenario.File, opts scenario.Options) (*scenario.Report, error) {
	begin := time.Now()
	opts.Progress = func(line int, text string) {
		fmt.Fprintf(s.env.stderr, "%8s  %s:%d: %s\n", time.Since(begin).Round(time.Millisecond), f.Name, line, text)
	}
	rep, err := f.Play(s.ctx, opts)
	if err == nil && c.Rewrite {
		err = rewrite(f, rep)
	}
	return rep, errors.Join(err, c.show(s, f, rep))
}

// show writes what came of a run.
func (c *runCmd) show(s *session, f *scenario.File, rep *scenario.Report) error {
	if c.Output == asJSON {
		return json.NewEncoder(s.env.stdout).Encode(rep)
	}
	verdict := "BROKEN"
	switch {
	case rep.Held:
		verdict = "held"
	case rep.Partial:
		verdict = "PARTIAL"
	}
	fmt.Fprintf(s.env.stdout, "%-7s  %s  %s\n         %d nodes, seed %d, %s of network time\n", verdict, f.Name, f.Promise, rep.Nodes, rep.Seed, rep.Took.Round(time.Millisecond))
	for _, failed := range rep.Failures {
		fmt.Fprintf(s.env.stdout, "%s\n", rep.String(failed))
	}
	return table(s.env.stdout, rep.Measures)
}

// rewrite writes a file anew where that changes it.
func rewrite(f *scenario.File, rep *scenario.Report) error {
	old, err := os.ReadFile(f.Name)
	if err != nil {
		return err
	}
	b := f.Rewritten(rep)
	if slices.Equal(old, b) {
		return nil
	}
	return os.WriteFile(f.Name, b, 0o644)
}

// table shows figures.
func table(w io.Writer, measures []scenario.Measure) error {
	if len(measures) == 0 {
		return nil
	}
	t := tabwriter.NewWriter(w, 0, 0, 2, ' ', tabwriter.AlignRight)
	fmt.Fprintln(t, "measure\tsamples\tp50\tp99\tmax\t")
	for _, m := range measures {
		fmt.Fprintf(t, "%s\t%d\t%s\t%s\t%s\t\n", m.Name, len(m.Samples), short(m.P50), short(m.P99), short(m.Max))
	}
	return t.Flush()
}

func short(d time.Duration) time.Duration { return d.Round(100 * time.Microsecond) }
