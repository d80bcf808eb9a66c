package testnet

import (
	"context"
	"errors"
	"fmt"
)

var errClosed = errors.New("the network is closed")

// Kill ends node i as hard as one process can end a part of itself: its links
// drop at once, nobody gets a farewell, nothing is withdrawn. What it had
// acknowledged is on its disk; Restart brings it back.
func (w *Network) Kill(i int) error {
	return w.takeDown("kill", i, func(n *Node) error { return n.die(w.board) })
}

// Stop ends node i in good order, as an operator would.
func (w *Network) Stop(i int) error { return w.takeDown("stop", i, (*Node).Close) }

// takeDown ends node i by end.
func (w *Network) takeDown(verb string, i int, end func(*Node) error) error {
	s, err := w.seize(i, false)
	if err != nil {
		return fmt.Errorf("testnet: %s: %w", verb, err)
	}
	w.mu.Lock()
	n := s.node
	s.down = true
	w.mu.Unlock()
	defer w.release(s)
	if err := end(n); err != nil {
		return fmt.Errorf("testnet: %s %s: %w", verb, s.name(), err)
	}
	return nil
}

// Restart starts node i again, with its key, its address and its data, and
// returns it as soon as it serves: it need not be ready yet.
func (w *Network) Restart(i int) (*Node, error) {
	s, err := w.seize(i, true)
	if err != nil {
		return nil, fmt.Errorf("testnet: restart: %w", err)
	}
	defer w.release(s)
	return w.launch(s)
}

// seize takes the seat of node i for one who starts or stops it.
func (w *Network) seize(i int, down bool) (*seat, error) {
	w.mu.Lock()
	defer w.mu.Unlock()
	s := w.seats[i]
	switch {
	case w.closed:
		return nil, errClosed
	case s.busy:
		return nil, fmt.Errorf("%s is being started or stopped", s.name())
	case s.down && !down:
		return nil, fmt.Errorf("%s is down", s.name())
	case !s.down && down:
		return nil, fmt.Errorf("%s is up", s.name())
	}
	s.busy = true
	return s, nil
}

func (w *Network) release(s *seat) {
	w.mu.Lock()
	defer w.mu.Unlock()
	s.busy = false
}

// Add starts a brand-new node and returns it as soon as it serves: it need not be
// ready yet.
func (w *Network) Add() (*Node, error) {
	s, err := w.newSeat()
	if err != nil {
		return nil, err
	}
	return w.launch(s)
}

// launch starts the node of a seat that is down.
func (w *Network) launch(s *seat) (*Node, error) {
	n, err := w.start(s, w.anchors(s.index))
	if err != nil {
		return nil, err
	}
	w.mu.Lock()
	if w.closed {
		w.mu.Unlock()
		return nil, errors.Join(errClosed, n.Close())
	}
	defer w.mu.Unlock()
	s.node, s.down, s.anchor = n, false, n.AddrInfo()
	return n, nil
}

// WaitReady waits until the node is ready, or says why it is not.
func (n *Node) WaitReady(ctx context.Context) error {
	select {
	case <-n.Ready():
		return nil
	case <-ctx.Done():
		state, reason := n.State()
		return fmt.Errorf("testnet: %s is %s: %s: %w", n.Name(), state, reason, ctx.Err())
	}
}
