package main

import (
	"io"
	"strconv"
	"time"

	"github.com/vbauerster/mpb/v8"
	"github.com/vbauerster/mpb/v8/decor"
)

// progressRound is how often progress is told where no bar can be drawn.
const progressRound = 5 * time.Second

// progress shows how far a long run is: a bar where stderr is a terminal, else a
// line now and then. Data is written through it, so that the two do not mix.
type progress struct {
	s    *session
	what string
	done int
	told time.Time
	bars *mpb.Progress // nil where no bar is drawn
	bar  *mpb.Bar      // nil before the total is known
}

func (s *session) progress(what string) *progress {
	p := &progress{s: s, what: what, told: time.Now()}
	if isTerminal(s.env.stderr) {
		p.bars = mpb.New(mpb.WithOutput(s.env.stderr), mpb.WithWidth(40))
	}
	return p
}

// Write writes data to stdout: above the bar, where both are one terminal.
func (p *progress) Write(b []byte) (int, error) {
	if p.bars != nil && isTerminal(p.s.env.stdout) {
		return p.bars.Write(b)
	}
	return p.s.env.stdout.Write(b)
}

var _ io.Writer = (*progress)(nil)

// step notes that one more of total is done.
func (p *progress) step(total int) {
	p.done++
	if p.bars == nil {
		if time.Since(p.told) >= progressRound {
			p.told = time.Now()
			p.s.say("%s: %d of %d", p.what, p.done, total)
		}
		return
	}
	if p.bar == nil {
		p.bar = p.bars.AddBar(int64(total), mpb.BarRemoveOnComplete(),
			mpb.PrependDecorators(decor.Name("cairn: "+p.what+" "), decor.CountersNoUnit("%d of %d")),
			mpb.AppendDecorators(decor.Percentage()))
	}
	p.bar.Increment()
}

// end takes the bar away.
func (p *progress) end() {
	if p.bar != nil && !p.bar.Completed() {
		p.bar.Abort(true)
	}
	if p.bars != nil {
		p.bars.Wait()
	}
}

func itoa(n int) string { return strconv.Itoa(n) }

func utoa(n uint64) string { return strconv.FormatUint(n, 10) }
