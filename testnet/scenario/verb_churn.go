package scenario

import (
	"context"
	"fmt"
	"math/rand/v2"
	"slices"
	"strings"
	"time"

	"github.com/cairn-overlay/cairn/testnet/audit"
)

// defaultDown is how long a node is gone that churn took.
const defaultDown = 5 * time.Minute

// churnVerb kills nodes at a rate, at even distances in time, and brings each back
// after a while. At the end all are back.
type churnVerb struct {
	share float64       // of the nodes
	per   time.Duration // this time
	long  time.Duration
	down  time.Duration
	spare set
}

func readChurn(a *args) action {
	v := churnVerb{down: defaultDown}
	rate := a.next("the rate")
	share, per, _ := strings.Cut(rate, "/")
	v.share = a.share("the rate", share)
	switch per {
	case "h":
		v.per = time.Hour
	case "m":
		v.per = time.Minute
	default:
		a.fail("the rate %q is none such as 30%%/h or 10%%/m", rate)
	}
	a.word("for")
	v.long = a.time("the time", a.next("the time"))
	if down, ok := a.option("down"); ok {
		v.down = a.time("the time down", down)
	}
	if a.try("but") {
		v.spare = a.nodes()
	}
	return v
}

// turn is a node that dies, or comes back.
type turn struct {
	at   time.Duration
	back int // 0: one that is up dies
}

func (v churnVerb) do(ctx context.Context, p *play) error {
	up := p.world.Up()
	count := int(v.share*float64(len(up))*float64(v.long)/float64(v.per) + 0.5)
	random := rand.New(rand.NewPCG(p.want.Seed, uint64(count)))
	var turns []turn
	for i := range count {
		turns = append(turns, turn{at: v.long * time.Duration(2*i+1) / time.Duration(2*count)})
	}
	begin := now()
	for len(turns) > 0 {
		next := turns[0]
		turns = turns[1:]
		if err := pause(ctx, next.at-now().Sub(begin)); err != nil {
			return err
		}
		back, err := v.take(ctx, p, next, random, len(up))
		if err != nil {
			return err
		}
		if back > 0 {
			turns = append(turns, turn{at: now().Sub(begin) + v.down, back: back})
			slices.SortStableFunc(turns, func(a, b turn) int { return int(a.at - b.at) })
		}
	}
	err := pause(ctx, v.long-now().Sub(begin))
	p.mark = now()
	return err
}

// take carries out one turn; a node that died is returned. Half of the nodes stay up
// in any case.
func (v churnVerb) take(ctx context.Context, p *play, t turn, random *rand.Rand, all int) (died int, err error) {
	if t.back > 0 {
		return 0, p.fault(ctx, audit.Restart, t.back)
	}
	up := p.world.Up()
	victims := slices.DeleteFunc(slices.Clone(up), func(n int) bool { return slices.Contains(v.spare.in(nil), n) })
	if len(victims) == 0 || len(up) <= (all+1)/2 {
		return 0, nil
	}
	died = victims[random.IntN(len(victims))]
	if err := p.fault(ctx, audit.Kill, died); err != nil {
		return 0, fmt.Errorf("n%d: %w", died, err)
	}
	return died, nil
}
