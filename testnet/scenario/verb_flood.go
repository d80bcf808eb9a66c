package scenario

import (
	"context"
	"strconv"
	"sync"
	"time"

	"github.com/cairn-overlay/cairn/testnet/attack"
	"github.com/cairn-overlay/cairn/testnet/audit"
)

const (
	// floodRounds are how often those that were thrown out come again, floodPause apart.
	floodRounds = 6
	floodPause  = 5 * time.Second
	// floodDial bounds one try.
	floodDial = 5 * time.Second
)

// floodVerb lets strangers connect to a node, for nothing but the connection, and again
// whenever they are thrown out.
type floodVerb struct{ node, count, nets int }

func readFlood(a *args) action {
	v := floodVerb{node: a.node()}
	a.word("by")
	v.count = min(a.count("the number of strangers", a.next("the number of strangers")), maxSurround)
	if n, ok := a.option("nets"); ok {
		v.nets = a.count("the number of networks", n)
	}
	return v
}

// do says how many of them the node bore at most, as they saw it when all had come.
func (v floodVerb) do(ctx context.Context, p *play) error {
	to := p.addrs([]int{v.node})[0]
	var crowd []*attack.Peer
	for i := range v.count {
		var who Guest
		if v.nets > 0 {
			who.Net = 1 + i%v.nets
		}
		s, err := p.guest(attack.Config{}, who)
		if err != nil {
			return err
		}
		crowd = append(crowd, s)
	}
	p.log.Note(audit.Event{Kind: audit.Cast, Count: v.count, Note: "connections to n" + strconv.Itoa(v.node)})
	most := 0
	for range floodRounds {
		var all sync.WaitGroup
		for _, s := range crowd {
			all.Go(func() {
				ctx, cancel := context.WithTimeout(ctx, floodDial)
				defer cancel()
				_ = s.Meet(ctx, to) // refused is what it should be
			})
		}
		all.Wait()
		if err := pause(ctx, floodPause); err != nil {
			return err
		}
		stand := 0
		for _, s := range crowd {
			if s.Has(to.ID) {
				stand++
			}
		}
		most = max(most, stand)
	}
	p.say("n%d: %d of %d", v.node, most, v.count)
	return nil
}
