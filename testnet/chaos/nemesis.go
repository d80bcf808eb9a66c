package chaos

import (
	"context"
	"fmt"
	"sync"
	"time"

	"github.com/cairn-overlay/cairn/testnet/audit"
)

// arena is what the nemesis breaks.
type arena interface {
	Partition(groups ...[]int) error
	CutAll(from, to []int) error
	Heal() error
	Kill(n int) error
	Restart(n int) error
	Freeze(n int) error
	Thaw(n int) error
	Fill(n int) error
	Free(n int) error
	Break(n int) error
	Mend(n int) error
}

// nemesis carries a schedule out.
type nemesis struct {
	arena arena
	nodes int
	log   *audit.Log
	say   func(format string, args ...any)
	// returned is called for each node that was started again.
	returned func(n int)
}

// run does every act at its time, one act after the other; what an act does to several
// nodes it does at once. It ends with the first act that fails, or with ctx.
func (m *nemesis) run(ctx context.Context, acts []Act) error {
	start := time.Now()
	for _, a := range acts {
		wait := time.NewTimer(a.At - time.Since(start))
		select {
		case <-wait.C:
		case <-ctx.Done():
			wait.Stop()
			return ctx.Err()
		}
		m.say("%6.1f s  %s", time.Since(start).Seconds(), a)
		if err := m.do(a); err != nil {
			return fmt.Errorf("%s: %w", a, err)
		}
	}
	return nil
}

// do carries one act out, and writes it into the log.
func (m *nemesis) do(a Act) error {
	switch a.Verb {
	case DoPartition:
		m.log.Note(audit.Event{Kind: audit.Partition, Groups: a.Groups})
		return m.arena.Partition(a.Groups...)
	case DoHeal:
		err := m.arena.Heal()
		m.log.Note(audit.Event{Kind: audit.Heal})
		return err
	case DoCut:
		everybody := upTo(m.nodes)
		for _, from := range a.Nodes {
			for _, to := range everybody {
				if from != to {
					m.log.Note(audit.Event{Kind: audit.Cut, Node: from, To: to})
				}
			}
		}
		return m.arena.CutAll(a.Nodes, everybody)
	}
	return together(a.Nodes, func(n int) error { return m.one(a.Verb, n) })
}

// one does something to one node.
func (m *nemesis) one(v Verb, n int) error {
	// A daemon ends itself where its disk goes read-only: it counts as down from then on.
	kinds := map[Verb]audit.Kind{DoKill: audit.Kill, DoBreak: audit.Kill, DoRestart: audit.Restart}
	if kind, ok := kinds[v]; ok {
		op := m.log.Begin(audit.Event{Kind: kind, Node: n})
		err := m.actions()[v](n)
		op.End(audit.Event{Error: textOf(err)})
		if err == nil && v == DoRestart {
			m.returned(n)
		}
		return err
	}
	note := audit.Event{Kind: audit.Other, Node: n, Note: string(v)}
	switch v {
	case DoFreeze: // from before it happens on, nothing is promised of the node
		note = audit.Event{Kind: audit.Freeze, Node: n}
	case DoThaw:
		err := m.actions()[v](n)
		m.log.Note(audit.Event{Kind: audit.Thaw, Node: n})
		return err
	}
	m.log.Note(note)
	return m.actions()[v](n)
}

func (m *nemesis) actions() map[Verb]func(int) error {
	a := m.arena
	return map[Verb]func(int) error{
		DoKill: a.Kill, DoRestart: a.Restart, DoFreeze: a.Freeze, DoThaw: a.Thaw,
		DoFill: a.Fill, DoFree: a.Free, DoBreak: a.Break, DoMend: a.Mend,
	}
}

// together does something to several nodes at once, and returns the first failure.
func together(nodes []int, do func(n int) error) error {
	errs := make([]error, len(nodes))
	var group sync.WaitGroup
	for i, n := range nodes {
		group.Go(func() { errs[i] = do(n) })
	}
	group.Wait()
	for _, err := range errs {
		if err != nil {
			return err
		}
	}
	return nil
}

// upTo lists the numbers from 1 to n.
func upTo(n int) []int {
	list := make([]int, n)
	for i := range list {
		list[i] = i + 1
	}
	return list
}

// textOf is the text of an error, or nothing.
func textOf(err error) string {
	if err == nil {
		return ""
	}
	return err.Error()
}
