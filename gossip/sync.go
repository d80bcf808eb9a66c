package gossip

import (
	"context"
	"errors"
	"fmt"
	"time"

	"github.com/libp2p/go-libp2p/core/network"
	"github.com/libp2p/go-libp2p/core/peer"

	"github.com/cairn-overlay/cairn/internal/weak"
	"github.com/cairn-overlay/cairn/records"
)

var (
	// ErrRefused: the peer does not reconcile now, being busy or asked too often.
	ErrRefused = errors.New("gossip: peer refused")
	// ErrClosed: the topic was closed.
	ErrClosed = errors.New("gossip: closed")
)

func refusedError(why refusal) error {
	if why == refuseAhead {
		return fmt.Errorf("%w: %w", ErrRefused, errAhead)
	}
	return fmt.Errorf("%w: %s", ErrRefused, why)
}

// A SyncReport says what a reconciliation with one peer came to.
type SyncReport struct {
	Peer       peer.ID
	EverReady  bool          // the peer says that it was complete itself at some time
	Received   int           // facts from the peer that were new here
	Sent       int           // facts that the peer lacked
	RoundTrips int           // how often we waited for the peer
	BytesIn    int64         // bytes read from the stream, without what libp2p adds
	BytesOut   int64         // bytes written to it
	Took       time.Duration // opening the stream included
	Range      records.Range // what it is about: what both sides hold all facts of
	Apart      bool          // there is no such range: nothing else is set, and nothing is wrong
	Reason     string        // why it was started: "connect", "timer", "asked", "drop ...", "served", what SyncSoon was given
	Err        error         // why it is not complete
	// Complete: this node holds, verified and flushed, everything in Range that the peer
	// held when the round began, and both sides found the same union.
	Complete bool

	unchanged bool // the sets were equal
}

// Sync reconciles with p now, connecting if need be, and waits for the outcome,
// which is known within 10 s. The error is the report's.
func (t *Topic) Sync(ctx context.Context, p peer.ID) (SyncReport, error) {
	if !t.enter() {
		return SyncReport{Peer: p, Reason: "asked", Err: ErrClosed}, ErrClosed
	}
	defer t.leave()
	ctx, cancel := context.WithCancel(ctx)
	defer cancel()
	defer context.AfterFunc(t.ctx, cancel)()
	rep := t.round(ctx, p, "asked")
	if rep.Received > 0 {
		t.sched.spread()
	}
	return rep, rep.Err
}

// Prepare goes through Facts for a cut-off that is ours or is to be soon, so that no session
// has to, and returns how many it had to look at. It takes time that grows with these.
func (t *Topic) Prepare(cut records.Day) int {
	return t.reconciler.ledgers.get(scope{t.cfg.Range(), cut}).prepare()
}

// SyncSoon asks for reconciliations with a few peers shortly, such as after
// something was dropped. Calls are coalesced.
func (t *Topic) SyncSoon(reason string) { t.sched.wave(reason) }

// round is one reconciliation as client: run, counted, reported.
func (t *Topic) round(ctx context.Context, p peer.ID, reason string) SyncReport {
	start := time.Now()
	rep := SyncReport{Peer: p, Reason: reason}
	if weak.Off(weak.Sync) {
		rep.Complete, rep.EverReady = true, true
		t.cfg.OnSync(rep)
		return rep
	}
	ctx, cancel := context.WithTimeout(ctx, sessionTime)
	defer cancel()
	rep.Err = t.exchange(ctx, &rep)
	rep.Took = time.Since(start)
	rep.Complete = rep.Err == nil && !rep.Apart
	t.countRound(rep)
	t.cfg.OnSync(rep)
	return rep
}

// exchange runs the session of a round over a new stream.
func (t *Topic) exchange(ctx context.Context, rep *SyncReport) error {
	s, err := t.cfg.Host.NewStream(network.WithAllowLimitedConn(ctx, "cairn sync"), rep.Peer, t.protocol)
	if err != nil {
		return fmt.Errorf("sync: %w", err)
	}
	stop := context.AfterFunc(ctx, func() { _ = s.Reset() })
	ses := &session{wire: newWire(s), r: t.reconciler, peer: rep.Peer}
	rep.unchanged, err = ses.initiate(ctx)
	rep.EverReady, rep.Range, rep.Apart = ses.w.everReady, ses.over.within, ses.apart && err == nil
	rep.Received, rep.Sent = ses.received, ses.sent
	rep.RoundTrips, rep.BytesIn, rep.BytesOut = ses.waits, ses.in, ses.out
	if stopped := stop(); err == nil && stopped {
		_ = s.Close() // nothing is on the way that we would miss
		return nil
	}
	_ = s.Reset()
	if cause := ctx.Err(); cause != nil && !errors.Is(err, ErrJunk) {
		err = cause
	}
	return fmt.Errorf("sync: %w", err)
}

// countRound adds a round to the counters and tells the log of failures.
func (t *Topic) countRound(rep SyncReport) {
	c := &t.counters
	c.syncRounds.Add(1)
	c.syncReceived.Add(uint64(rep.Received))
	c.syncSent.Add(uint64(rep.Sent))
	c.syncBytesIn.Add(uint64(rep.BytesIn))
	c.syncBytesOut.Add(uint64(rep.BytesOut))
	switch {
	case rep.Apart:
		c.syncApart.Add(1)
		return
	case rep.Complete:
		c.syncComplete.Add(1)
		if rep.unchanged {
			c.syncSame.Add(1)
		}
		return
	case errors.Is(rep.Err, errAhead):
		c.syncAhead.Add(1)
	case errors.Is(rep.Err, ErrJunk):
		c.syncJunk.Add(1)
	}
	c.syncFailed.Add(1)
	t.cfg.Logger.Info("reconciliation failed", "peer", rep.Peer, "reason", rep.Reason, "took", rep.Took, "err", rep.Err)
}
