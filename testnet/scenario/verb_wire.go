package scenario

import (
	"context"
	"fmt"
	"strings"
	"time"

	"github.com/cairn-overlay/cairn/testnet/audit"
)

func lacksWire(w World) string {
	if _, ok := w.(Wired); !ok {
		return "wire that can be bent: play it in virtual time"
	}
	return ""
}

// wireVerb bends the wire.
type wireVerb struct{ bend func(p *play, w Wired) error }

func (v wireVerb) do(_ context.Context, p *play) error { return v.bend(p, p.world.(Wired)) }

// readCut reads a one-way cut.
func readCut(a *args) action {
	from := a.nodes()
	a.word("->")
	to := a.nodes()
	return wireVerb{func(p *play, w Wired) error {
		for _, i := range from.in(p.world.Up()) {
			for _, j := range to.in(p.world.Up()) {
				if i == j {
					continue
				}
				if err := w.Cut(i, j); err != nil {
					return err
				}
				p.log.Note(audit.Event{Kind: audit.Cut, Node: i, To: j})
			}
		}
		return nil
	}}
}

// readSlow reads nodes whose packets are late.
func readSlow(a *args) action {
	on := a.nodes()
	a.word("by")
	extra := a.time("the time", a.next("the time"))
	return wireVerb{func(p *play, w Wired) error {
		for _, n := range on.in(p.world.Up()) {
			if err := w.Slow(n, extra); err != nil {
				return err
			}
		}
		return nil
	}}
}

func readLoss(a *args) action {
	share := a.share("the loss", a.next("the loss"))
	return wireVerb{func(_ *play, w Wired) error { return w.Loss(share) }}
}

func readJitter(a *args) action {
	most := a.time("the jitter", a.next("the jitter"))
	return wireVerb{func(_ *play, w Wired) error { return w.Jitter(most) }}
}

func lacksClocks(w World) string {
	if _, ok := w.(Clocked); !ok {
		return "clocks that can be set"
	}
	return ""
}

// skewVerb puts the wall clocks of nodes ahead or behind.
type skewVerb struct {
	on    set
	ahead time.Duration
}

func readSkew(a *args) action {
	v := skewVerb{on: a.nodes()}
	w := a.next("the time")
	switch {
	case w == "0":
	case strings.HasPrefix(w, "+"):
		v.ahead = a.time("the time", w[1:])
	case strings.HasPrefix(w, "-"):
		v.ahead = -a.time("the time", w[1:])
	default:
		a.fail("%q is no time such as +24h, -10m or 0", w)
	}
	return v
}

func (v skewVerb) do(_ context.Context, p *play) error {
	for _, n := range v.on.in(p.world.Up()) {
		if err := p.world.(Clocked).Skew(n, v.ahead); err != nil {
			return fmt.Errorf("n%d: %w", n, err)
		}
		p.skew[n] = v.ahead
		p.log.Note(audit.Event{Kind: audit.Skew, Node: n, By: v.ahead})
	}
	return nil
}
