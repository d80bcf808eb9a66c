package chaos

import (
	"bytes"
	"errors"
	"fmt"
	"slices"
	"strings"
	"sync"
	"testing"
	"testing/synctest"
	"time"

	"github.com/cairn-overlay/cairn/testnet/audit"
)

// book is an arena that writes down what is done to it.
type book struct {
	mu    sync.Mutex
	lines []string
	fail  string // the line that fails
}

var errArena = errors.New("it does not give way")

func (b *book) line(format string, args ...any) error {
	b.mu.Lock()
	defer b.mu.Unlock()
	text := fmt.Sprintf(format, args...)
	b.lines = append(b.lines, text)
	if text == b.fail {
		return errArena
	}
	return nil
}

func (b *book) Partition(groups ...[]int) error { return b.line("partition %v", groups) }
func (b *book) CutAll(from, to []int) error     { return b.line("cut %v from %v", from, to) }
func (b *book) Heal() error                     { return b.line("heal") }
func (b *book) Kill(n int) error                { return b.line("kill %d", n) }
func (b *book) Restart(n int) error             { return b.line("restart %d", n) }
func (b *book) Freeze(n int) error              { return b.line("freeze %d", n) }
func (b *book) Thaw(n int) error                { return b.line("thaw %d", n) }
func (b *book) Fill(n int) error                { return b.line("fill %d", n) }
func (b *book) Free(n int) error                { return b.line("free %d", n) }
func (b *book) Break(n int) error               { return b.line("break %d", n) }
func (b *book) Mend(n int) error                { return b.line("mend %d", n) }

// everyAct has each verb once.
var everyAct = []Act{
	{At: 1 * time.Second, Verb: DoPartition, Groups: [][]int{{1, 2}}},
	{At: 2 * time.Second, Verb: DoHeal},
	{At: 3 * time.Second, Verb: DoCut, Nodes: []int{2}},
	{At: 4 * time.Second, Verb: DoKill, Nodes: []int{1}},
	{At: 5 * time.Second, Verb: DoRestart, Nodes: []int{1}},
	{At: 6 * time.Second, Verb: DoFreeze, Nodes: []int{3}},
	{At: 7 * time.Second, Verb: DoThaw, Nodes: []int{3}},
	{At: 8 * time.Second, Verb: DoFill, Nodes: []int{2}},
	{At: 9 * time.Second, Verb: DoFree, Nodes: []int{2}},
	{At: 10 * time.Second, Verb: DoBreak, Nodes: []int{2}},
	{At: 11 * time.Second, Verb: DoMend, Nodes: []int{2}},
	{At: 12 * time.Second, Verb: DoRestart, Nodes: []int{2}},
}

// The nemesis does each act at its time, and its log is one that the auditor reads.
func TestNemesis(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		var out bytes.Buffer
		b, returned, start := &book{}, []int{}, time.Now()
		m := &nemesis{arena: b, nodes: 3, log: audit.NewLog(&out, audit.Run{}, nil), say: func(string, ...any) {}, returned: func(n int) { returned = append(returned, n) }}
		if err := m.run(t.Context(), everyAct); err != nil {
			t.Fatal(err)
		}
		if took := time.Since(start); took != 12*time.Second {
			t.Errorf("it took %s", took)
		}
		want := "partition [[1 2]], heal, cut [2] from [1 2 3], kill 1, restart 1, freeze 3, thaw 3, fill 2, free 2, break 2, mend 2, restart 2"
		if got := strings.Join(b.lines, ", "); got != want {
			t.Errorf("it did\n%s, want\n%s", got, want)
		}
		if !slices.Equal(returned, []int{1, 2}) {
			t.Errorf("%v returned", returned)
		}
		events, err := audit.Read(&out)
		if err != nil {
			t.Fatal(err)
		}
		count := make(map[audit.Kind]int)
		for _, e := range events {
			count[e.Kind]++
		}
		for kind, want := range map[audit.Kind]int{
			audit.Partition: 1, audit.Heal: 1, audit.Cut: 2, audit.Kill: 4, audit.Restart: 4, audit.Freeze: 1, audit.Thaw: 1, audit.Other: 3,
		} {
			if count[kind] != want {
				t.Errorf("%d events of kind %s, want %d", count[kind], kind, want)
			}
		}
	})
}

// What fails ends the run, and says what it was.
func TestNemesisFails(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		b := &book{fail: "kill 1"}
		m := &nemesis{arena: b, nodes: 3, say: func(string, ...any) {}, returned: func(int) {}}
		err := m.run(t.Context(), everyAct)
		if !errors.Is(err, errArena) || !strings.Contains(err.Error(), "kill [1]") || len(b.lines) != 4 {
			t.Errorf("%v after %v", err, b.lines)
		}
	})
}

// A fault that did nothing fails the run.
func TestLedger(t *testing.T) {
	l := &ledger{}
	l.note(Effect{Kind: "partition", Whom: "[[1]]", Count: 5, Unit: "packets dropped"})
	l.note(Effect{Kind: "kill", Whom: "n2", Count: 1, Unit: "processes ended"})
	l.note(Effect{Kind: "partition", Whom: "[[2]]", Count: 7, Unit: "packets dropped"})
	list := sums(l.all())
	if len(list) != 2 || list[0].Faults != 2 || list[0].Count != 12 || list[1].Kind != "kill" {
		t.Errorf("%+v", list)
	}
	if err := neverHappened(list); err != nil {
		t.Error(err)
	}
	l.note(Effect{Kind: "partition", Whom: "[[2]]", Unit: "packets dropped"}) // it flaps
	if err := neverHappened(sums(l.all())); err != nil {
		t.Error(err)
	}
	l.note(Effect{Kind: "one-way cut", Whom: "[3]", Unit: "packets dropped"})
	if err := neverHappened(sums(l.all())); err == nil || !strings.Contains(err.Error(), "one-way cut ([3]): no packets dropped") {
		t.Error(err)
	}
}
