package testnet

import (
	"context"
	"fmt"
)

// Kill ends node i as hard as one process can end a part of itself: its links
// drop at once, nobody gets a farewell, nothing is withdrawn. What it had
// acknowledged is on its disk; Restart brings it back.
func (w *Network) Kill(i int) error {
	n, err := w.takeDown(i)
	if err != nil {
		return err
	}
	if err := n.die(w.board); err != nil {
		return fmt.Errorf("testnet: kill %s: %w", n.Name(), err)
	}
	return nil
}

// Stop ends node i in good order, as an operator would.
func (w *Network) Stop(i int) error {
	n, err := w.takeDown(i)
	if err != nil {
		return err
	}
	if err := n.Close(); err != nil {
		return fmt.Errorf("testnet: stop %s: %w", n.Name(), err)
	}
	return nil
}

// takeDown marks node i as down and returns it.
func (w *Network) takeDown(i int) (*Node, error) {
	w.mu.Lock()
	defer w.mu.Unlock()
	s := w.seats[i]
	if s.down {
		return nil, fmt.Errorf("testnet: %s is down already", s.name())
	}
	s.down = true
	return s.node, nil
}

// Restart starts node i again, with its key, its address and its data, and
// returns it as soon as it serves: it need not be ready yet.
func (w *Network) Restart(i int) (*Node, error) {
	w.mu.Lock()
	s, closed := w.seats[i], w.closed
	down := s.down
	w.mu.Unlock()
	if closed || !down {
		return nil, fmt.Errorf("testnet: restart %s: it is up, or the network is closed", s.name())
	}
	return w.launch(s)
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

func (w *Network) launch(s *seat) (*Node, error) {
	n, err := w.start(s, w.anchors(s.index))
	if err != nil {
		return nil, err
	}
	w.mu.Lock()
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
