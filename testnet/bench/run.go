package bench

import (
	"context"
	"errors"
	"time"
)

// Child runs one virtual metric in a child process, inside a bubble: the metric of
// that name in the cell, whose latencies are named by arg.
type Child func(ctx context.Context, m Metric, c Cell, arg string) (Result, error)

// Run measures a plan and hands each result to each, as it comes. Virtual metrics go
// to child. A cell that cannot be measured is a refused result, and the run goes on.
// When ctx ends, so does the run: what was measured of the running cell is handed
// on, marked as partial, and complete is false.
func Run(ctx context.Context, p Plan, child Child, say func(format string, args ...any), each func(Result) error) (complete bool, err error) {
	steps := p.steps()
	for i, s := range steps {
		if ctx.Err() != nil {
			return false, nil
		}
		begin := time.Now()
		if len(steps) > 1 {
			say("%d of %d: %s, %d nodes, matrix %s, seed %d", i+1, len(steps), s.metric.Name, s.cell.Nodes, s.cell.Matrix, s.cell.Seed)
		}
		r, err := s.run(ctx, child, say)
		if err != nil && (ctx.Err() == nil || !errors.Is(err, ctx.Err())) {
			say("%s: %v", s.metric.Name, err)
		}
		if len(steps) > 1 {
			say("%s took %s", s.metric.Name, time.Since(begin).Round(100*time.Millisecond))
		}
		if err := each(r); err != nil {
			return false, err
		}
		if r.Partial {
			return false, nil
		}
	}
	return ctx.Err() == nil, nil
}

// run measures one cell. An error comes with a refused result.
func (s step) run(ctx context.Context, child Child, say func(format string, args ...any)) (Result, error) {
	var r Result
	var err error
	if s.metric.Virtual && child != nil {
		r, err = child(ctx, s.metric, s.cell, s.latencies.Arg)
	} else {
		r, err = s.metric.Measure(ctx, s.cell, say)
	}
	if err != nil {
		if ctx.Err() != nil {
			r = refused(s.metric, s.cell, errors.New("interrupted"))
			r.Partial = true
			return r, err
		}
		return refused(s.metric, s.cell, err), err
	}
	return r, nil
}

// Measure measures one cell here and now: a virtual metric has to be in a bubble
// already. The result has the metric's and the cell's names, and is judged.
func (m Metric) Measure(ctx context.Context, c Cell, say func(format string, args ...any)) (Result, error) {
	r, err := m.Run(ctx, c, say)
	if err != nil {
		return Result{}, err
	}
	r.Metric, r.Nodes, r.Matrix, r.Seed = m.Name, c.Nodes, c.Matrix, c.Seed
	r.Partial = r.Partial || ctx.Err() != nil
	r.Judge()
	for i, s := range r.Samples {
		r.Samples[i].Values = thin(s.Values, maxSamples)
	}
	return r, nil
}

// maxSamples is how many measurements of an arm are kept, at even quantiles.
const maxSamples = 2001
