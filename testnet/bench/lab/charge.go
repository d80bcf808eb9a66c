package lab

import (
	"context"
	"errors"
	"fmt"
	"io"
	"time"

	"github.com/libp2p/go-libp2p/core/host"
	"github.com/libp2p/go-libp2p/core/network"
	"github.com/libp2p/go-libp2p/core/peer"

	"github.com/cairn-overlay/cairn/records"
	"github.com/cairn-overlay/cairn/testnet"
	"github.com/cairn-overlay/cairn/testnet/sim"
	"github.com/cairn-overlay/cairn/testnet/wan"
)

const (
	// minCharge is the least charge, and the step to which one is rounded up, so that
	// runs on one machine agree.
	minCharge = 100 * time.Microsecond
	// chargeProbes is how many records go down the line.
	chargeProbes = 200
	// relayProtocol is spoken on wires of our own only.
	relayProtocol = "/cairn-bench/relay/1"
)

// measureCharge is what one hop costs this machine: three hosts in a line, each
// reads a signed record from a stream, verifies it and hands it on.
func measureCharge(ctx context.Context) (time.Duration, error) {
	l, err := newLine(ctx, sim.WireConfig{Model: wan.Cities(0)}, 3)
	if err != nil {
		return 0, fmt.Errorf("charge: %w", err)
	}
	defer l.close()
	a, err := testnet.NewAgent(nil)
	if err != nil {
		return 0, err
	}
	rec, err := a.At("https://agent.example/a2a")
	if err != nil {
		return 0, err
	}
	verify := func(b []byte) error { _, err := records.OpenRecord(b); return err }
	if err := l.run(ctx, rec.Bytes(), chargeProbes/4, verify); err != nil { // the first ones cost more
		return 0, fmt.Errorf("charge: %w", err)
	}
	before := cpuTime()
	if err := l.run(ctx, rec.Bytes(), chargeProbes, verify); err != nil {
		return 0, fmt.Errorf("charge: %w", err)
	}
	each := (cpuTime() - before) / (2 * chargeProbes)
	return max(minCharge, (each + minCharge - 1).Truncate(minCharge)), nil
}

// line is hosts on a wire of their own, each with an open stream to the next.
type line struct {
	fabric  *sim.Fabric
	hosts   []host.Host
	out, in []network.Stream // out[i] of host i is in[i] of host i+1
}

// newLine builds a line of count hosts. On error nothing is left running.
func newLine(ctx context.Context, cfg sim.WireConfig, count int) (*line, error) {
	f, err := sim.NewFabric(cfg)
	if err != nil {
		return nil, err
	}
	l := &line{fabric: f}
	if err := l.open(ctx, count); err != nil {
		l.close()
		return nil, err
	}
	return l, nil
}

func (l *line) open(ctx context.Context, count int) error {
	accepted := make(chan network.Stream)
	for i := range count {
		h, err := l.fabric.NewHost(i)
		if err != nil {
			return err
		}
		l.hosts = append(l.hosts, h)
		h.SetStreamHandler(relayProtocol, func(s network.Stream) {
			select {
			case accepted <- s:
			case <-ctx.Done():
			}
		})
	}
	for i, h := range l.hosts[:count-1] {
		next := l.hosts[i+1]
		if err := h.Connect(ctx, peer.AddrInfo{ID: next.ID(), Addrs: next.Addrs()}); err != nil {
			return err
		}
		s, err := h.NewStream(ctx, next.ID(), relayProtocol)
		if err != nil {
			return err
		}
		if _, err := s.Write([]byte{0}); err != nil { // or nobody hears of it
			return err
		}
		l.out = append(l.out, s)
		select {
		case in := <-accepted:
			if _, err := io.ReadFull(in, make([]byte, 1)); err != nil {
				return err
			}
			l.in = append(l.in, in)
		case <-ctx.Done():
			return ctx.Err()
		}
	}
	return nil
}

// run sends a message down the line, count times.
func (l *line) run(ctx context.Context, message []byte, count int, verify func([]byte) error) error {
	for range count {
		for i := range l.out {
			if _, err := l.out[i].Write(message); err != nil {
				return err
			}
			got := make([]byte, len(message))
			if _, err := io.ReadFull(l.in[i], got); err != nil {
				return err
			}
			if err := errors.Join(verify(got), ctx.Err()); err != nil {
				return err
			}
		}
	}
	return nil
}

// traffic is the bytes that all hosts have sent.
func (l *line) traffic() uint64 {
	var sum uint64
	for i := range l.hosts {
		sum += l.fabric.Traffic(i).SentBytes
	}
	return sum
}

// close ends the line.
func (l *line) close() {
	for _, h := range l.hosts {
		_ = errors.Join(h.Network().Close(), h.Close()) // nothing of it is needed any more
	}
	l.fabric.Close()
}
