package audit_test

import (
	"testing"
	"time"

	"github.com/cairn-overlay/cairn/records"
	"github.com/cairn-overlay/cairn/testnet"
	"github.com/cairn-overlay/cairn/testnet/audit"
)

const (
	active     = records.StatusActive
	revoked    = records.StatusRevoked
	unknown    = records.StatusUnknown
	unverified = records.StatusUnverified
	expired    = records.StatusExpired
	stale      = records.StatusStale
)

// plot is what every row of the tables starts from: six nodes, and an agent with two
// records and a tombstone, none of which anybody has heard of.
type plot struct {
	*story
	a    *testnet.Agent
	one  *records.Record // sequence 1, for a day
	two  *records.Record // sequence 2, for an hour
	tomb *records.Tombstone
}

func newPlot(t *testing.T, disk bool) plot {
	s := tell(t, disk, 6)
	a := s.agent()
	return plot{s, a, s.record(a, 1, records.MaxLease), s.record(a, 2, time.Hour), s.tombstone(a)}
}

// rows plays each row and wants the rules that it names, and no others.
func rows(t *testing.T, disk bool, table map[string]struct {
	play func(p plot)
	want []audit.Rule
}) {
	t.Helper()
	for name, row := range table {
		t.Run(name, func(t *testing.T) {
			p := newPlot(t, disk)
			row.play(p)
			p.judge(row.want...)
		})
	}
}

type table = map[string]struct {
	play func(p plot)
	want []audit.Rule
}

// A life as it should be breaks no rule.
func TestCleanLog(t *testing.T) {
	p := newPlot(t, true)
	p.answers(4, p.a, unknown, nil)
	p.publish(1, p.one, safe)
	p.answers(2, p.a, active, p.one)
	p.publish(3, p.two, safe)
	p.answers(2, p.a, active, p.two)
	p.pass(time.Minute)
	p.kill(3)
	p.answers(5, p.a, active, p.two)
	p.partition([]int{1, 2})
	p.answers(6, p.a, unknown, nil)
	p.heal()
	p.restart(3)
	p.answers(3, p.a, unverified, p.two)
	p.pass(time.Minute)
	p.revoke(2, p.tomb, safe)
	p.answers(2, p.a, revoked, p.tomb)
	p.answers(4, p.a, active, p.two) // a moment later, on its way
	p.pass(time.Minute)
	p.join(7)
	for n := range 7 {
		p.answers(n+1, p.a, revoked, p.tomb)
	}
	p.kill(2)
	p.restart(2)
	p.answers(2, p.a, revoked, p.tomb)
	p.judge()
}

func TestReadable(t *testing.T) {
	rule := []audit.Rule{audit.Readable}
	rows(t, false, table{
		"nobody knows it":    {func(p plot) { p.publish(1, p.two, safe); p.answers(2, p.a, unknown, nil) }, rule},
		"the question fails": {func(p plot) { p.publish(1, p.two, safe); p.fails(2, p.a) }, rule},
		"an older one":       {func(p plot) { p.publish(1, p.two, full); p.answers(2, p.a, active, p.one) }, rule},
		"an older one, once who was down is back, and all were asked": {func(p plot) {
			p.publish(1, p.one, full)
			p.kill(3)
			p.publish(1, p.two, full)
			p.restart(3)
			p.pass(time.Minute)
			p.asked(2, p.a, "most-recent", active, p.one)
		}, rule},
		"an older one, long after who was down is back": {func(p plot) {
			p.kill(3)
			p.restart(3)
			p.pass(time.Minute)
			p.publish(1, p.one, full)
			p.publish(1, p.two, full)
			p.answers(2, p.a, active, p.one)
		}, rule},
		"an older one, remembered for too long": {func(p plot) {
			p.publish(1, p.one, full)
			p.publish(1, p.two, full)
			p.pass(2 * time.Minute)
			p.remembers(2, p.a, p.one)
		}, rule},
		"nothing, once who was down is back": {func(p plot) {
			p.publish(1, p.one, full)
			p.kill(3)
			p.publish(1, p.two, full)
			p.restart(3)
			p.pass(time.Minute)
			p.answers(2, p.a, unknown, nil)
		}, rule},
		"stale":                          {func(p plot) { p.publish(1, p.two, safe); p.answers(2, p.a, stale, p.one) }, rule},
		"unverified":                     {func(p plot) { p.publish(1, p.two, safe); p.answers(2, p.a, unverified, p.two) }, rule},
		"expired before its time":        {func(p plot) { p.publish(1, p.two, safe); p.answers(2, p.a, expired, p.two) }, rule},
		"a claim with nothing behind it": {func(p plot) { p.publish(1, p.two, claim); p.answers(2, p.a, unknown, nil) }, rule},
		"a claim with nothing behind it, and the publisher down": {func(p plot) {
			p.publish(1, p.two, claim)
			p.kill(1)
			p.answers(2, p.a, unknown, nil)
		}, rule},
		"fewer down than copies": {func(p plot) {
			p.publish(1, p.two, safe)
			p.kill(1)
			p.kill(3)
			p.answers(2, p.a, unknown, nil)
		}, rule},
		"long after the heal": {func(p plot) {
			p.publish(1, p.two, safe)
			p.partition([]int{1, 3, 4})
			p.heal()
			p.pass(time.Minute)
			p.answers(2, p.a, unknown, nil)
		}, rule},
		"a new node": {func(p plot) { p.publish(1, p.two, safe); p.join(7); p.ready(7); p.answers(7, p.a, unknown, nil) }, rule},
		"restarted and ready": {func(p plot) {
			p.publish(1, p.two, safe)
			p.kill(2)
			p.restart(2)
			p.ready(2)
			p.answers(2, p.a, unverified, p.two)
		}, rule},
		"restarted, never ready": {func(p plot) {
			p.publish(1, p.two, safe)
			p.kill(2)
			p.restart(2)
			p.pass(time.Minute)
			p.answers(2, p.a, unverified, p.two)
		}, rule},
		"fewer frozen than copies": {func(p plot) {
			p.publish(1, p.two, safe)
			p.freeze(1)
			p.freeze(3)
			p.answers(2, p.a, unknown, nil)
		}, rule},
		"long after the thaw": {func(p plot) {
			p.publish(1, p.two, safe)
			p.freeze(2)
			p.thaw(2)
			p.pass(time.Minute)
			p.answers(2, p.a, unknown, nil)
		}, rule},
		"as many frozen as copies": {func(p plot) {
			p.publish(1, p.two, safe)
			p.freeze(1)
			p.freeze(3)
			p.freeze(4)
			p.answers(2, p.a, unknown, nil)
		}, nil},
		"the copies have just thawed": {func(p plot) {
			p.publish(1, p.two, safe)
			for _, n := range []int{1, 3, 4} {
				p.freeze(n)
			}
			p.pass(time.Minute)
			for _, n := range []int{1, 3, 4} {
				p.thaw(n)
			}
			p.answers(2, p.a, unknown, nil)
		}, nil},
		"asked while frozen": {func(p plot) { p.publish(1, p.two, safe); p.freeze(2); p.fails(2, p.a) }, nil},
		"just thawed": {func(p plot) {
			p.publish(1, p.two, safe)
			p.freeze(2)
			p.pass(time.Minute)
			p.thaw(2)
			p.fails(2, p.a)
		}, nil},

		"an older one, of who missed the newer": {func(p plot) { p.publish(1, p.two, safe); p.answers(2, p.a, active, p.one) }, nil},
		"an older one, of who was down": {func(p plot) {
			p.publish(1, p.one, full)
			p.kill(3)
			p.publish(1, p.two, full)
			p.restart(3)
			p.pass(time.Minute)
			p.answers(2, p.a, active, p.one)
		}, nil},
		"an older one, of who was cut off": {func(p plot) {
			p.publish(1, p.one, full)
			p.cut(3, 1)
			p.publish(1, p.two, full)
			p.heal()
			p.pass(time.Minute)
			p.answers(2, p.a, active, p.one)
		}, nil},
		"an older one, remembered": {func(p plot) {
			p.publish(1, p.one, full)
			p.publish(1, p.two, full)
			p.remembers(2, p.a, p.one)
		}, nil},
		"a newer one":           {func(p plot) { p.publish(1, p.one, safe); p.answers(2, p.a, active, p.two) }, nil},
		"never confirmed":       {func(p plot) { p.publish(1, p.two, weak); p.answers(2, p.a, unknown, nil) }, nil},
		"not asking anybody":    {func(p plot) { p.publish(1, p.two, safe); p.asked(2, p.a, "cache-only", unknown, nil) }, nil},
		"quorum not reached":    {func(p plot) { p.publish(1, p.two, safe); p.asked(2, p.a, "quorum=9", unverified, p.two) }, nil},
		"quorum without record": {func(p plot) { p.publish(1, p.two, safe); p.asked(2, p.a, "quorum=9", unknown, nil) }, rule},
		"after its lease": {func(p plot) {
			p.publish(1, p.two, safe)
			p.pass(time.Hour)
			p.answers(2, p.a, unknown, nil)
			p.answers(2, p.a, expired, p.two)
		}, nil},
		"being revoked": {func(p plot) {
			p.publish(1, p.two, safe)
			p.begin(audit.Event{Kind: audit.Revoke, Node: 1, Agent: p.a.ID(), Proof: p.tomb.Bytes()})
			p.answers(2, p.a, revoked, p.tomb)
		}, nil},
		"its keys being rotated": {func(p plot) {
			p.publish(1, p.two, safe)
			chain, err := p.a.Rotate()
			if err != nil {
				p.t.Fatal(err)
			}
			p.begin(audit.Event{Kind: audit.Rotate, Node: 1, Agent: p.a.ID(), Proof: chain.Bytes()})
			p.answers(2, p.a, unknown, nil)
		}, nil},
		"a stranger's keys being rotated": {func(p plot) {
			p.publish(1, p.two, safe)
			chain, err := p.agent().Rotate()
			if err != nil {
				p.t.Fatal(err)
			}
			p.begin(audit.Event{Kind: audit.Rotate, Node: 1, Agent: p.a.ID(), Proof: chain.Bytes()})
			p.answers(2, p.a, unknown, nil)
		}, rule},
		"asked before it was confirmed": {func(p plot) {
			p.begin(audit.Event{Kind: audit.Resolve, Node: 2, Agent: p.a.ID(), Policy: "first"})
			p.publish(1, p.two, safe)
			p.end(audit.Resolve, audit.Event{Status: unknown})
		}, nil},
		"as many down as copies": {func(p plot) {
			p.publish(1, p.two, safe)
			p.kill(1)
			p.kill(3)
			p.kill(4)
			p.answers(2, p.a, unknown, nil)
		}, nil},
		"a claim with nothing behind it, and two down": {func(p plot) {
			p.publish(1, p.two, claim)
			p.kill(1)
			p.kill(3)
			p.answers(2, p.a, unknown, nil)
		}, nil},
		"as many wiped as copies": {func(p plot) {
			p.publish(1, p.two, safe)
			for _, n := range []int{1, 3, 4} {
				p.kill(n)
				p.restart(n)
			}
			p.pass(time.Minute)
			p.answers(2, p.a, unknown, nil)
		}, nil},
		"on the other side": {func(p plot) {
			p.publish(1, p.two, safe)
			p.partition([]int{1, 3, 4})
			p.pass(time.Minute)
			p.answers(2, p.a, unknown, nil)
		}, nil},
		"just healed": {func(p plot) {
			p.publish(1, p.two, safe)
			p.partition([]int{1, 3, 4})
			p.pass(time.Minute)
			p.heal()
			p.answers(2, p.a, unknown, nil)
		}, nil},
		"just joined": {func(p plot) { p.publish(1, p.two, safe); p.join(7); p.answers(7, p.a, unverified, p.two) }, nil},
		"just restarted": {func(p plot) {
			p.publish(1, p.two, safe)
			p.kill(2)
			p.restart(2)
			p.answers(2, p.a, unverified, nil)
		}, nil},
		"killed while it was asked": {func(p plot) {
			p.publish(1, p.two, safe)
			p.begin(audit.Event{Kind: audit.Resolve, Node: 2, Agent: p.a.ID(), Policy: "first"})
			p.kill(2)
			p.end(audit.Resolve, audit.Event{Error: "closing"})
		}, nil},
		"a clock a day ahead": {func(p plot) {
			p.publish(1, p.two, safe)
			p.skew(2, 24*time.Hour)
			p.answers(2, p.a, unknown, nil)
		}, nil},
		"holders a day ahead": {func(p plot) {
			p.publish(1, p.two, safe)
			for _, n := range []int{1, 3, 4} {
				p.skew(n, 24*time.Hour)
			}
			p.answers(2, p.a, unknown, nil)
		}, nil},
	})
	rows(t, true, table{
		"as many restarted as copies": {func(p plot) {
			p.publish(1, p.two, safe)
			for _, n := range []int{1, 3, 4} {
				p.kill(n)
				p.restart(n)
			}
			p.pass(time.Minute)
			p.answers(2, p.a, unknown, nil)
		}, rule},
	})
}

func TestFinal(t *testing.T) {
	rule := []audit.Rule{audit.Final}
	minute := func(p plot) { p.pass(time.Minute) }
	rows(t, false, table{
		"it said revoked":               {func(p plot) { p.answers(2, p.a, revoked, p.tomb); p.answers(2, p.a, active, p.two) }, rule},
		"it said revoked, then nothing": {func(p plot) { p.answers(2, p.a, revoked, p.tomb); p.answers(2, p.a, unknown, nil) }, rule},
		"it acknowledged":               {func(p plot) { p.revoke(2, p.tomb, weak); p.answers(2, p.a, expired, p.two) }, rule},
		"it learned": {func(p plot) {
			p.note(audit.Event{Kind: audit.Learn, Node: 2, Agent: p.a.ID(), Proof: p.tomb.Bytes()})
			p.answers(2, p.a, unverified, p.two)
		}, rule},
		"long in reach": {func(p plot) { p.revoke(1, p.tomb, safe); minute(p); p.answers(2, p.a, active, p.two) }, rule},
		"the revoker died at once": {func(p plot) {
			p.revoke(1, p.tomb, safe)
			p.kill(1)
			minute(p)
			p.answers(2, p.a, active, p.two)
		}, rule},
		"a late joiner": {func(p plot) {
			p.revoke(1, p.tomb, safe)
			minute(p)
			p.join(7)
			p.answers(7, p.a, active, p.two)
		}, rule},
		"it was off": {func(p plot) {
			p.kill(2)
			p.revoke(1, p.tomb, safe)
			minute(p)
			p.restart(2)
			p.answers(2, p.a, active, p.two)
		}, rule},
		"it was cut off, and long healed": {func(p plot) {
			p.partition([]int{2})
			p.revoke(1, p.tomb, safe)
			p.pass(time.Hour / 2)
			p.heal()
			minute(p)
			p.answers(2, p.a, active, p.two)
		}, rule},
		"by way of another": {func(p plot) {
			p.cut(1, 2)
			p.revoke(1, p.tomb, safe)
			minute(p)
			p.answers(2, p.a, active, p.two)
		}, rule},
		"handed on over a partition": {func(p plot) {
			p.partition([]int{1, 2, 3})
			p.revoke(1, p.tomb, safe)
			minute(p)
			p.partition([]int{3, 4, 5, 6})
			minute(p)
			p.answers(4, p.a, active, p.two)
		}, rule},

		"it was frozen, and long thawed": {func(p plot) {
			p.freeze(2)
			p.revoke(1, p.tomb, safe)
			minute(p)
			p.thaw(2)
			minute(p)
			p.answers(2, p.a, active, p.two)
		}, rule},

		"just thawed": {func(p plot) {
			p.freeze(2)
			p.revoke(1, p.tomb, safe)
			minute(p)
			p.thaw(2)
			p.answers(2, p.a, active, p.two)
		}, nil},
		"a moment later":   {func(p plot) { p.revoke(1, p.tomb, safe); p.answers(2, p.a, active, p.two) }, nil},
		"not acknowledged": {func(p plot) { p.revoke(1, p.tomb, weak); minute(p); p.answers(2, p.a, active, p.two) }, nil},
		"unverified":       {func(p plot) { p.revoke(1, p.tomb, safe); minute(p); p.answers(2, p.a, unverified, p.two) }, nil},
		"asked before": {func(p plot) {
			p.begin(audit.Event{Kind: audit.Resolve, Node: 2, Agent: p.a.ID(), Policy: "first"})
			early := p.open[audit.Resolve]
			p.answers(2, p.a, revoked, p.tomb)
			p.open[audit.Resolve] = early
			p.end(audit.Resolve, audit.Event{Status: active, Proof: p.two.Bytes()})
		}, nil},
		"cut off": {func(p plot) {
			p.partition([]int{2})
			p.revoke(1, p.tomb, safe)
			minute(p)
			p.answers(2, p.a, active, p.two)
		}, nil},
		"cut off at once": {func(p plot) {
			p.revoke(1, p.tomb, safe)
			p.partition([]int{2})
			minute(p)
			p.answers(2, p.a, active, p.two)
		}, nil},
		"just healed": {func(p plot) {
			p.partition([]int{2})
			p.revoke(1, p.tomb, safe)
			minute(p)
			p.heal()
			p.answers(2, p.a, active, p.two)
		}, nil},
		"it forgot": {func(p plot) { // nobody else ever acknowledged, and it has no disk
			p.answers(2, p.a, revoked, p.tomb)
			p.kill(2)
			p.restart(2)
			p.answers(2, p.a, active, p.two)
		}, nil},
		"joined among those who cannot know": {func(p plot) {
			p.partition([]int{1, 2})
			p.revoke(1, p.tomb, safe)
			minute(p)
			p.join(7)
			p.answers(7, p.a, active, p.two)
			p.heal()
			p.join(8)
			p.answers(8, p.a, active, p.two)
		}, nil},
		"more died than gave it back": {func(p plot) {
			p.revoke(1, p.tomb, safe)
			for _, n := range []int{1, 3, 4, 5} {
				p.kill(n)
			}
			minute(p)
			p.answers(2, p.a, active, p.two)
		}, nil},
		"everybody was wiped": {func(p plot) {
			p.revoke(1, p.tomb, safe)
			minute(p)
			for n := range 6 {
				p.kill(n + 1)
			}
			for n := range 6 {
				p.restart(n + 1)
			}
			minute(p)
			p.answers(2, p.a, active, p.two)
		}, nil},
		"a tombstone of another": {func(p plot) {
			other := p.tombstone(p.agent())
			p.note(audit.Event{Kind: audit.Learn, Node: 2, Agent: p.a.ID(), Proof: other.Bytes()})
			p.answers(2, p.a, active, p.two)
		}, nil},
	})
	rows(t, true, table{
		"everybody restarted": {func(p plot) {
			p.revoke(1, p.tomb, safe)
			minute(p)
			for n := range 6 {
				p.kill(n + 1)
			}
			for n := range 6 {
				p.restart(n + 1)
			}
			p.answers(2, p.a, active, p.two)
		}, rule},
	})
}

func TestForward(t *testing.T) {
	rule := []audit.Rule{audit.Forward}
	rows(t, true, table{
		"back":             {func(p plot) { p.answers(2, p.a, active, p.two); p.answers(2, p.a, active, p.one) }, rule},
		"back, unverified": {func(p plot) { p.answers(2, p.a, active, p.two); p.answers(2, p.a, unverified, p.one) }, rule},
		"back after the lease": {func(p plot) {
			p.answers(2, p.a, active, p.two)
			p.pass(2 * time.Hour)
			p.answers(2, p.a, active, p.one)
		}, rule},
		"behind its own publish": {func(p plot) { p.publish(2, p.two, safe); p.asked(2, p.a, "cache-only", active, p.one) }, rule},

		"forward":      {func(p plot) { p.answers(2, p.a, active, p.one); p.answers(2, p.a, active, p.two) }, nil},
		"another node": {func(p plot) { p.answers(2, p.a, active, p.two); p.answers(3, p.a, active, p.one) }, nil},
		"it says so":   {func(p plot) { p.answers(2, p.a, active, p.two); p.answers(2, p.a, stale, p.one) }, nil},
		"another life": {func(p plot) {
			p.answers(2, p.a, active, p.two)
			p.kill(2)
			p.restart(2)
			p.answers(2, p.a, active, p.one)
		}, nil},
		"at the same time": {func(p plot) {
			p.begin(audit.Event{Kind: audit.Resolve, Node: 2, Agent: p.a.ID(), Policy: "first"})
			one := p.open[audit.Resolve]
			p.answers(2, p.a, active, p.two)
			p.open[audit.Resolve] = one
			p.end(audit.Resolve, audit.Event{Status: active, Proof: p.one.Bytes()})
		}, nil},
	})
}

func TestProven(t *testing.T) {
	rule := []audit.Rule{audit.Proven}
	say := func(p plot, status records.Status, proof []byte) {
		p.both(audit.Event{Kind: audit.Resolve, Node: 2, Agent: p.a.ID(), Policy: "first"}, audit.Event{Status: status, Proof: proof})
	}
	broken := func(b []byte) []byte { b[len(b)-1] ^= 1; return b }
	rows(t, false, table{
		"active on nothing":           {func(p plot) { say(p, active, nil) }, rule},
		"revoked on nothing":          {func(p plot) { say(p, revoked, nil) }, rule},
		"a broken record":             {func(p plot) { say(p, active, broken(p.two.Bytes())) }, rule},
		"a broken record, unverified": {func(p plot) { say(p, unverified, broken(p.two.Bytes())) }, rule},
		"a broken tombstone":          {func(p plot) { b := p.tomb.Bytes(); b[20] ^= 1; say(p, revoked, b) }, rule}, // of somebody, not of this agent
		"one byte more":               {func(p plot) { say(p, revoked, append(p.tomb.Bytes(), 0)) }, rule},
		"another's record":            {func(p plot) { say(p, active, p.record(p.agent(), 1, time.Hour).Bytes()) }, rule},
		"another's tombstone":         {func(p plot) { say(p, revoked, p.tombstone(p.agent()).Bytes()) }, rule},
		"active on a tombstone":       {func(p plot) { say(p, active, p.tomb.Bytes()) }, rule},
		"revoked on a record":         {func(p plot) { say(p, revoked, p.two.Bytes()) }, rule},
		"no status":                   {func(p plot) { say(p, "fine", p.two.Bytes()) }, rule},
		"active after its lease":      {func(p plot) { p.pass(time.Hour); say(p, active, p.two.Bytes()) }, rule},
		"active before its time": {func(p plot) {
			p.pass(time.Hour)
			late := p.record(p.a, 3, time.Hour)
			p.pass(-time.Hour / 2)
			say(p, active, late.Bytes())
		}, rule},
		"active by the clock of others": {func(p plot) { p.skew(2, 2*time.Hour); say(p, active, p.two.Bytes()) }, rule},

		"expired":               {func(p plot) { p.pass(time.Hour); say(p, expired, p.two.Bytes()) }, nil},
		"unknown on nothing":    {func(p plot) { say(p, unknown, nil) }, nil},
		"unverified on nothing": {func(p plot) { say(p, unverified, nil) }, nil},
		"the lease ends meanwhile": {func(p plot) {
			p.pass(p.two.NotAfter().Sub(epoch) - p.now - 50*time.Millisecond)
			say(p, active, p.two.Bytes())
		}, nil},
		"active by its own clock": {func(p plot) { p.pass(time.Hour); p.skew(2, -time.Hour); say(p, active, p.two.Bytes()) }, nil},
	})
}

func TestDurable(t *testing.T) {
	rule := []audit.Rule{audit.Durable}
	again := func(p plot, n int) { p.kill(n); p.restart(n) }
	table1 := table{
		"a tombstone is gone": {func(p plot) { p.revoke(2, p.tomb, weak); again(p, 2); p.answers(2, p.a, unverified, nil) }, rule},
		"a record is gone":    {func(p plot) { p.publish(2, p.two, safe); again(p, 2); p.answers(2, p.a, unverified, nil) }, rule},
		"a record is older": {func(p plot) {
			p.publish(2, p.one, safe)
			p.publish(2, p.two, safe)
			again(p, 2)
			p.answers(2, p.a, unverified, p.one)
		}, rule},
		"after two restarts": {func(p plot) { p.revoke(2, p.tomb, weak); again(p, 2); again(p, 2); p.answers(2, p.a, unknown, nil) }, rule},
	}
	rows(t, true, table1)
	for name, row := range table1 { // without a disk nobody promises anything
		row.want = nil
		table1[name] = row
	}
	rows(t, false, table1)
	rows(t, true, table{
		"both are there": {func(p plot) {
			p.publish(2, p.two, safe)
			again(p, 2)
			p.answers(2, p.a, unverified, p.two)
			p.revoke(2, p.tomb, weak)
			again(p, 2)
			p.answers(2, p.a, revoked, p.tomb)
		}, nil},
		"not acknowledged": {func(p plot) {
			p.begin(audit.Event{Kind: audit.Revoke, Node: 2, Agent: p.a.ID(), Proof: p.tomb.Bytes()})
			p.kill(2)
			p.end(audit.Revoke, audit.Event{Error: "closing"})
			p.restart(2)
			p.answers(2, p.a, unknown, nil)
		}, nil},
		"the lease has ended": {func(p plot) {
			p.publish(2, p.two, safe)
			again(p, 2)
			p.pass(time.Hour)
			p.answers(2, p.a, unknown, nil)
		}, nil},
		"another moved on": {func(p plot) {
			p.publish(2, p.one, safe)
			again(p, 2)
			p.publish(3, p.two, safe)
			p.answers(2, p.a, active, p.two)
		}, nil},
	})
}

// What a node breaks again and again is told once; by another node, it is news.
func TestTheFirstOfMany(t *testing.T) {
	p := newPlot(t, false)
	for range 5 {
		p.answers(2, p.a, active, nil)
		p.answers(3, p.a, active, nil)
		p.answers(3, p.agent(), revoked, nil)
	}
	rule := audit.Proven
	p.judge(rule, rule, rule, rule, rule, rule, rule)
}

// A violation names its line.
func TestViolationNamesItsLine(t *testing.T) {
	p := newPlot(t, false)
	p.answers(2, p.a, active, nil)
	found := audit.Check(p.events)
	if len(found) != 1 || found[0].Event != len(p.events)-1 {
		t.Fatalf("found %v", found)
	}
	if want := "line 15: proven: node 2 on " + p.a.ID().String() + ": answers active, and shows no record"; found[0].String() != want {
		t.Errorf("%q, want %q", found[0], want)
	}
}
