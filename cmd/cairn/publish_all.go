package main

import (
	"context"

	"github.com/cairn-overlay/cairn/node/api"
)

// tally counts the outcomes of publish --all.
type tally struct{ published, partial, refused int }

func (n *tally) add(o api.PublishOutcome) {
	switch {
	case o.Result == nil:
		n.refused++
	case o.Result.Partial:
		n.partial++
	default:
		n.published++
	}
}

// code is 0 where whatever was acceptable went out in full, 6 where something did
// so only in part, 1 where nothing went out.
func (n tally) code() exitCode {
	switch {
	case n.partial > 0:
		return exitPartial
	case n.published > 0:
		return exitOK
	}
	return exitFailed
}

// publishAll publishes each entry of a catalog and prints a line for each.
func (c *publishCmd) publishAll(s *session, req api.PublishRequest) error {
	return s.withStream(func(ctx context.Context, client *api.Client) error {
		var n tally
		bar := s.progress("publish")
		for outcome, err := range client.PublishAll(ctx, req) {
			if err != nil {
				bar.end()
				s.summarise(n)
				return err
			}
			n.add(outcome)
			if err := s.printTo(bar, outcomeView{outcome}); err != nil {
				bar.end()
				return err
			}
			bar.step(outcome.Total)
		}
		bar.end()
		s.summarise(n)
		if err := ctx.Err(); err != nil {
			return err
		}
		return n.code().asError()
	})
}

func (s *session) summarise(n tally) {
	s.say("%d published, %d stored by too few, %d refused", n.published, n.partial, n.refused)
}

type outcomeView struct{ api.PublishOutcome }

func (v outcomeView) raw() []byte {
	if v.Result == nil {
		return nil
	}
	return []byte(v.Result.ID.String() + "\n")
}

func (v outcomeView) show(t *text) {
	switch {
	case v.Result == nil:
		t.line("refused    %s: %s", v.title(), v.Error)
	case v.Result.Partial:
		t.line("partial    %s  %s: %s", v.Result.ID, v.title(), v.Result.Reason)
	default:
		t.line("published  %s  %s", v.Result.ID, v.title())
	}
}

// title is what the document calls itself, quoted since a stranger wrote it.
func (v outcomeView) title() string {
	if v.Title == "" {
		return "entry " + itoa(v.Index+1)
	}
	return `"` + v.Title + `"`
}
