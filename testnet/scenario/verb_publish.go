package scenario

import (
	"context"
	"fmt"
	"strconv"
	"time"

	"github.com/cairn-overlay/cairn/records"
)

// publishVerb signs a record of an agent and stores it through a node: of the next
// sequence, or of any that is asked for.
type publishVerb struct {
	agent string
	on    int
	lease time.Duration
	seq   *uint64
	moves bool // to another place than before
}

func readPublish(a *args) action {
	v := readMove(a).(*publishVerb)
	v.moves = false
	return v
}

func readRenew(a *args) action { return readPublish(a) }

func readMove(a *args) action {
	v := &publishVerb{agent: a.agent(), lease: records.DefaultLease, moves: true}
	a.word("on")
	v.on = a.node()
	for a.more() {
		if lease, ok := a.option("lease"); ok {
			v.lease = a.time("the lease", lease)
		} else if seq, ok := a.option("seq"); ok {
			n, err := strconv.ParseUint(seq, 10, 53)
			if err != nil {
				a.fail("the sequence %q is no number", seq)
			}
			v.seq = &n
		} else {
			a.fail("%q is no option", a.words[0])
		}
	}
	return v
}

func (v *publishVerb) do(ctx context.Context, p *play) error {
	if err := p.isUp(v.on); err != nil {
		return err
	}
	crowd := p.agents[v.agent]
	confirmed := 0
	for _, a := range crowd {
		if v.moves {
			a.place++
		}
		seq := a.seq + 1
		if v.seq != nil {
			seq = *v.seq
		}
		rec, err := p.sign(a, v.on, seq, v.lease)
		if err != nil {
			return err
		}
		r, err := p.publish(ctx, v.on, rec)
		if len(crowd) == 1 {
			p.wrote(fmt.Sprintf("%s seq %d", a.name, seq), r, err)
		} else if err == nil && r.Confirmed {
			confirmed++
		}
		if ctx.Err() != nil {
			return ctx.Err()
		}
	}
	if len(crowd) > 1 {
		p.counted(v.agent, "confirmed", confirmed, len(crowd))
	}
	return nil
}

// counted says how many of many did something.
func (p *play) counted(who, what string, did, of int) {
	if did == of {
		p.say("%s: all %s", who, what)
		return
	}
	p.doubt("%s: %d of %d %s", who, did, of, what)
}
