package chaos

import (
	"context"
	"errors"
	"fmt"
	"slices"
	"sync"
	"time"

	"github.com/cairn-overlay/cairn/node/api"
	"github.com/cairn-overlay/cairn/records"
	"github.com/cairn-overlay/cairn/testnet"
	"github.com/cairn-overlay/cairn/testnet/scenario"
	"golang.org/x/sync/errgroup"
)

// World is a network of daemons that scenarios are played in. Its methods are safe for
// concurrent use.
type World struct {
	cfg    Config
	lab    *lab
	ledger *ledger
	wires  *wires

	mu    sync.Mutex
	seats []*seat // owned by mu; a seat itself by its own lock
}

// What scenarios can ask of it.
var (
	_ scenario.Faulty   = (*World)(nil)
	_ scenario.Wired    = (*World)(nil)
	_ scenario.Freezing = (*World)(nil)
	_ scenario.Disked   = (*World)(nil)
	_ scenario.Ready    = (*World)(nil)
	_ scenario.Holding  = (*World)(nil)
	_ scenario.Leasing  = (*World)(nil)
	_ scenario.Telling  = (*World)(nil)
)

// NewWorld makes the laboratory and an empty network in it. It works only inside
// [Enter], once per process, and refuses elsewhere with ErrExposed.
func NewWorld(cfg Config) (*World, error) {
	cfg, err := cfg.withDefaults()
	if err != nil {
		return nil, fmt.Errorf("chaos: %w", err)
	}
	l, err := openLab()
	if err != nil {
		return nil, fmt.Errorf("chaos: %w", err)
	}
	book := &ledger{}
	return &World{cfg: cfg, lab: l, ledger: book, wires: &wires{lab: l, ledger: book}}, nil
}

// Lacks says what cannot be done on this machine, each with the next step.
func (w *World) Lacks() []error {
	return slices.DeleteFunc([]error{w.lab.noSlow, w.lab.noReadOnly}, func(err error) bool { return err == nil })
}

// Grow starts count more daemons.
func (w *World) Grow(ctx context.Context, count int) error {
	first := w.size() + 1
	if first+count-1 > MaxNodes {
		return fmt.Errorf("chaos: %d nodes: want at most %d", first+count-1, MaxNodes)
	}
	for n := first; n < first+count; n++ {
		s, err := w.newSeat(n)
		if err != nil {
			return fmt.Errorf("chaos: %w", err)
		}
		w.mu.Lock()
		w.seats = append(w.seats, s)
		w.mu.Unlock()
	}
	// Side by side, but each behind those that it joins through.
	up := make([]chan struct{}, count)
	for i := range up {
		up[i] = make(chan struct{})
	}
	group, ctx := errgroup.WithContext(ctx)
	slots := make(chan struct{}, startParallel)
	for i := range count {
		group.Go(func() error {
			for _, a := range anchorsOf(first + i) {
				if a < first {
					continue
				}
				select {
				case <-up[a-first]:
				case <-ctx.Done():
					return ctx.Err()
				}
			}
			slots <- struct{}{}
			defer func() { <-slots }()
			s := w.mustSeat(first + i)
			s.mu.Lock()
			defer s.mu.Unlock()
			if err := s.start(ctx, w); err != nil {
				return err
			}
			close(up[i])
			return nil
		})
	}
	if err := group.Wait(); err != nil {
		return fmt.Errorf("chaos: %w", err)
	}
	return nil
}

// anchorsOf names the nodes through which node n joins: up to three earlier ones.
func anchorsOf(n int) []int {
	if n == 1 {
		return nil
	}
	anchors := []int{n / 2, (n + 1) / 3, (n + 2) / 4}
	anchors = slices.DeleteFunc(anchors, func(a int) bool { return a < 1 || a >= n })
	slices.Sort(anchors)
	return slices.Compact(anchors)
}

// anchors are the addresses through which node n joins. The first has none: on its
// return it finds the peers that it knew on its disk.
func (w *World) anchors(n int) []string {
	w.mu.Lock()
	defer w.mu.Unlock()
	var addrs []string
	for _, a := range anchorsOf(n) {
		if addr := w.seats[a-1].anchor; addr != "" {
			addrs = append(addrs, addr)
		}
	}
	return addrs
}

func (w *World) size() int {
	w.mu.Lock()
	defer w.mu.Unlock()
	return len(w.seats)
}

func (w *World) all() []*seat {
	w.mu.Lock()
	defer w.mu.Unlock()
	return slices.Clone(w.seats)
}

// seat finds the node of a number.
func (w *World) seat(n int) (*seat, error) {
	w.mu.Lock()
	defer w.mu.Unlock()
	if n < 1 || n > len(w.seats) {
		return nil, fmt.Errorf("chaos: there is no node %d", n)
	}
	return w.seats[n-1], nil
}

func (w *World) mustSeat(n int) *seat {
	w.mu.Lock()
	defer w.mu.Unlock()
	return w.seats[n-1]
}

// Up returns the nodes whose process is there. One that is frozen is up.
func (w *World) Up() []int {
	var up []int
	for _, s := range w.all() {
		s.mu.Lock()
		if s.proc.Running() {
			up = append(up, s.n)
		}
		s.mu.Unlock()
	}
	return up
}

// Settle waits until every node that is up is ready, has a routing table worth the
// name, and has a peer on the fact topic. It says who is not there yet where ctx ends
// first.
func (w *World) Settle(ctx context.Context) error {
	up := w.Up()
	return w.each(up, func(s *seat) error {
		return testnet.Await(ctx, func(ctx context.Context) error {
			status, err := s.state(ctx)
			switch {
			case err != nil:
				return err
			case status.State != "ready":
				return fmt.Errorf("%s is %s: %s", s.name, status.State, status.Reason)
			case status.TablePeers < min(len(up)-1, w.cfg.Replication):
				return fmt.Errorf("%s has %d peers in its table", s.name, status.TablePeers)
			case status.GossipPeers < min(len(up)-1, 1):
				return fmt.Errorf("%s has nobody on the topic", s.name)
			}
			return nil
		})
	})
}

// each does something with nodes, all at once.
func (w *World) each(nodes []int, do func(*seat) error) error {
	errs := make([]error, len(nodes))
	var group sync.WaitGroup
	for i, n := range nodes {
		group.Go(func() { errs[i] = do(w.mustSeat(n)) })
	}
	group.Wait()
	return errors.Join(errs...)
}

// State says how far a node is.
func (w *World) State(n int) (state, reason string, err error) {
	s, err := w.seat(n)
	if err != nil {
		return "", "", err
	}
	ctx, cancel := context.WithTimeout(context.Background(), 5*time.Second)
	defer cancel()
	status, err := s.state(ctx)
	return status.State, status.Reason, err
}

// Publish puts a signed record to a daemon.
func (w *World) Publish(ctx context.Context, n int, rec *records.Record) (scenario.Receipt, error) {
	s, err := w.seat(n)
	if err != nil {
		return scenario.Receipt{}, err
	}
	res, err := s.client.Put(ctx, rec)
	if err != nil {
		return scenario.Receipt{}, fmt.Errorf("%s: %w", s.name, err)
	}
	return scenario.Receipt{Targets: res.Targets, Acks: res.Acks, ReadBack: res.ReadBack, Confirmed: !res.Partial}, nil
}

// Revoke posts a tombstone to a daemon.
func (w *World) Revoke(ctx context.Context, n int, t *records.Tombstone) (scenario.Receipt, error) {
	s, err := w.seat(n)
	if err != nil {
		return scenario.Receipt{}, err
	}
	res, err := s.client.Revoke(ctx, t)
	if err != nil {
		return scenario.Receipt{}, fmt.Errorf("%s: %w", s.name, err)
	}
	return scenario.Receipt{Targets: res.Targets, Acks: res.Acks, ReadBack: res.ReadBack, Confirmed: !res.Partial}, nil
}

// Resolve asks a daemon.
func (w *World) Resolve(ctx context.Context, n int, id records.AgentID, policy string) (scenario.Answer, error) {
	s, err := w.seat(n)
	if err != nil {
		return scenario.Answer{}, err
	}
	p, err := api.ParsePolicy(policy)
	if err != nil {
		return scenario.Answer{}, err
	}
	res, err := s.client.Resolve(ctx, id, p)
	if err != nil {
		return scenario.Answer{}, fmt.Errorf("%s: %w", s.name, err)
	}
	return answer(res), nil
}

// answer is what a daemon said, with the bytes that it rests on.
func answer(res api.Resolution) scenario.Answer {
	a := scenario.Answer{Status: res.Status, Reason: res.Reason, Source: res.Source, Asked: len(res.Path), Lineage: res.LineageBytes}
	switch {
	case res.Tombstone != nil:
		a.Proof = res.Tombstone.Bytes()
	case res.Record != nil:
		a.Proof = res.Record.Bytes()
	}
	return a
}

// Holders asks every node that is up for what it holds itself.
func (w *World) Holders(ctx context.Context, id records.AgentID) (map[int][]byte, error) {
	held := make(map[int][]byte)
	var mu sync.Mutex
	err := w.each(w.Up(), func(s *seat) error {
		a, err := w.Resolve(ctx, s.n, id, api.CacheOnly)
		if err == nil && len(a.Proof) > 0 && a.Source != "cache" {
			mu.Lock()
			defer mu.Unlock()
			held[s.n] = a.Proof
		}
		return err
	})
	return held, err
}

// Now is the wall clock, which all daemons share.
func (w *World) Now() time.Time { return time.Now() }

// Close ends every fault of the wire and every daemon, each by its process ID, waits,
// and takes the laboratory down.
func (w *World) Close() error {
	err := w.closeWires()
	all := w.all()
	errs := make([]error, len(all))
	var group sync.WaitGroup
	for i, s := range all {
		group.Go(func() { errs[i] = s.end() })
	}
	group.Wait()
	return errors.Join(err, errors.Join(errs...), w.lab.close(all))
}
