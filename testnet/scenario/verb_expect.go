package scenario

import (
	"context"
	"errors"
	"fmt"
	"time"

	"github.com/cairn-overlay/cairn/records"
	"github.com/cairn-overlay/cairn/testnet/audit"
)

// The pauses between two looks.
const (
	lookSoon  = 20 * time.Millisecond  // in the first second
	lookLater = 200 * time.Millisecond // and after it
)

// found and gone are what the network says, not only the node.
const (
	found = "found" // active, and the newest record
	gone  = "gone"  // anything but active
)

// granted and denied are about a grant.
const (
	granted = "granted" // the holder may call its path, by all that the node knows
	denied  = "denied"
)

// reached and direct are about the way to an agent.
const (
	reached = "reached" // it answers where its record says that it is
	direct  = "direct"  // and no relay is between
)

// ready and narrow are about a node and no agent.
const (
	ready  = "ready"
	narrow = "narrow" // it holds the facts of a range only
)

// expectVerb waits until nodes say something of an agent.
type expectVerb struct {
	state  string
	agent  string
	on     set
	within time.Duration // 0: at the first look
	hold   time.Duration // and then that long at every look
}

func readExpect(a *args) action {
	var v expectVerb
	v.state = a.oneOf("what is expected", found, gone, ready, narrow,
		string(records.StatusActive), string(records.StatusRevoked), string(records.StatusExpired),
		string(records.StatusUnverified), string(records.StatusUnknown), string(records.StatusConflict), granted, denied, reached, direct)
	if v.state != ready && v.state != narrow {
		v.agent = a.agent()
		a.word("on")
	}
	v.on = a.nodes()
	v.within = a.within()
	v.hold = a.limit("for")
	return v
}

func (expectVerb) looks() {}

func (v expectVerb) do(ctx context.Context, p *play) error {
	nodes, err := p.nodes(v.on)
	if err != nil {
		return err
	}
	switch v.state {
	case ready:
		return each(nodes, func(n int) error { return v.watch(ctx, p, n, p.readiness(n), p.mark) })
	case narrow:
		return each(nodes, func(n int) error { return v.watch(ctx, p, n, p.narrowness(n), p.mark) })
	}
	return each(nodes, func(n int) error {
		var errs []error
		for _, a := range p.agents[v.agent] {
			errs = append(errs, v.watch(ctx, p, n, v.condition(p, n, a), p.since(a)))
		}
		return errors.Join(errs...)
	})
}

// since is when the limit of what is expected of an agent begins: with the last
// command, or, of a crowd, with the agent's own revocation.
func (p *play) since(a *agent) time.Time {
	p.mu.Lock()
	defer p.mu.Unlock()
	if ended := p.ended[a.id]; ended.After(p.mark) {
		return ended
	}
	return p.mark
}

// look says what it saw, whether that is what is wanted, and since when that was so,
// where it knows.
type look func(ctx context.Context) (saw string, ok bool, since time.Time, err error)

// watch looks until it sees what is wanted or the time is over, and then holds on.
func (v expectVerb) watch(ctx context.Context, p *play, n int, see look, mark time.Time) error {
	deadline := mark.Add(v.within)
	if v.within == 0 {
		deadline = now().Add(patience) // the first look decides
	}
	for {
		saw, ok, since, err := see(ctx)
		if since.IsZero() {
			since = now()
		}
		switch {
		case err != nil:
			return err
		case ok && !since.After(deadline):
			return v.stay(ctx, n, see)
		case ok:
			return fmt.Errorf("n%d: %s only after %s", n, saw, since.Sub(mark).Round(time.Millisecond))
		case v.within == 0:
			return fmt.Errorf("n%d: %s", n, saw)
		case !now().Before(deadline):
			return fmt.Errorf("n%d: still %s after %s", n, saw, now().Sub(mark).Round(time.Millisecond))
		}
		if err := pause(ctx, min(lookPause(now().Sub(mark)), max(deadline.Sub(now()), time.Millisecond))); err != nil {
			return err
		}
	}
}

// stay looks again and again for as long as it has to hold.
func (v expectVerb) stay(ctx context.Context, n int, see look) error {
	begin := now()
	for passed := time.Duration(0); passed < v.hold; passed = now().Sub(begin) {
		if err := pause(ctx, min(max(v.hold/20, lookSoon), v.hold-passed)); err != nil {
			return err
		}
		saw, ok, _, err := see(ctx)
		if err != nil {
			return err
		}
		if !ok {
			return fmt.Errorf("n%d: %s %s later", n, saw, now().Sub(begin).Round(time.Millisecond))
		}
	}
	return nil
}

func lookPause(passed time.Duration) time.Duration {
	if passed < time.Second {
		return lookSoon
	}
	return lookLater
}

// condition looks at what a node says of an agent.
func (v expectVerb) condition(p *play, n int, a *agent) look {
	policy := cacheOnly
	switch v.state {
	case granted, denied:
		return v.allowance(p, n, a)
	case reached, direct:
		return p.reach(n, a, v.state == direct)
	case found:
		policy = "first"
	case gone:
		policy = "most-recent"
	}
	return func(ctx context.Context) (string, bool, time.Time, error) {
		answer, err := p.ask(ctx, n, a, policy)
		if err != nil {
			return "", false, time.Time{}, err
		}
		saw, since := word(a.id, answer), time.Time{}
		if answer.Reason != "" {
			saw += " (" + answer.Reason + ")"
		}
		switch v.state {
		case found:
			return saw, answer.Status == records.StatusActive && a.newest(mark(a.id, answer.Proof)), since, nil
		case gone:
			return saw, answer.Status != records.StatusActive, since, nil
		case string(records.StatusRevoked):
			since, _ = p.heard(a.id, n)
		}
		return saw, string(answer.Status) == v.state, since, nil
	}
}

// narrowness looks at the range of a node.
func (p *play) narrowness(n int) look {
	return func(context.Context) (string, bool, time.Time, error) {
		world, ok := p.world.(Ranging)
		if !ok {
			return "", false, time.Time{}, errors.New("this world has no ranges")
		}
		bits, err := world.RangeBits(n)
		return fmt.Sprintf("1/%d", 1<<bits), bits > 0, time.Time{}, err
	}
}

// readiness looks at the state of a node.
func (p *play) readiness(n int) look {
	return func(context.Context) (string, bool, time.Time, error) {
		world, ok := p.world.(Ready)
		if !ok {
			return "", false, time.Time{}, errors.New("this world does not know when a node is ready")
		}
		state, reason, err := world.State(n)
		if state == ready {
			p.log.Note(audit.Event{Kind: audit.Ready, Node: n})
			return state, true, time.Time{}, err
		}
		return state + ": " + reason, false, time.Time{}, err
	}
}
