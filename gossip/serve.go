package gossip

import (
	"context"
	"errors"
	"sync"
	"time"

	"github.com/libp2p/go-libp2p/core/network"
	"github.com/libp2p/go-libp2p/core/peer"
	"golang.org/x/time/rate"
)

// What a server grants. A session that finds nothing changed costs next to
// nothing; any other costs time and memory that grow with the set.
const (
	maxServed      = 64              // sessions at once
	maxServedHeavy = 4               // of those, with work that grows with the set
	heavyWait      = 2 * time.Second // for one of these places
	maxServedPeer  = 4               // sessions at once with one peer

	peerSessions      = 5        // per second, in the long run, with one peer
	peerSessionsBurst = 64       // at once
	peerBytes         = 1 << 20  // per second to and from one peer, in the long run
	peerBytesBurst    = 64 << 20 // at once: a late joiner gets everything
	maxQuotas         = 4096     // peers whose use is remembered
)

// A server bounds what peers may make us do.
type server struct {
	all, heavy chan struct{} // a token for each session under way

	mu     sync.Mutex
	quotas map[peer.ID]*quota // owned by mu
}

// quota is the use that one peer made of the server.
type quota struct {
	active          int
	sessions, bytes *rate.Limiter
}

func newServer() *server {
	return &server{all: make(chan struct{}, maxServed), heavy: make(chan struct{}, maxServedHeavy), quotas: make(map[peer.ID]*quota)}
}

// begin asks for a session with p. When it is granted (0), end must follow.
func (v *server) begin(p peer.ID) refusal {
	select {
	case v.all <- struct{}{}:
	default:
		return refuseBusy
	}
	v.mu.Lock()
	defer v.mu.Unlock()
	q := v.quota(p)
	why := refusal(0)
	switch {
	case q == nil || q.active >= maxServedPeer:
		why = refuseBusy
	case !q.sessions.Allow() || q.bytes.Tokens() < 0:
		why = refuseRate
	default:
		q.active++
		return 0
	}
	<-v.all
	return why
}

// end gives the session's place back and charges its bytes.
func (v *server) end(p peer.ID, bytes int64) {
	<-v.all
	v.mu.Lock()
	defer v.mu.Unlock()
	if q := v.quotas[p]; q != nil {
		q.active--
		q.bytes.ReserveN(time.Now(), int(min(bytes, peerBytesBurst)))
	}
}

// quota returns p's, or nil if too many peers are remembered that have used theirs.
func (v *server) quota(p peer.ID) *quota {
	if q := v.quotas[p]; q != nil {
		return q
	}
	if len(v.quotas) >= maxQuotas {
		v.forget()
	}
	if len(v.quotas) >= maxQuotas {
		return nil
	}
	q := &quota{sessions: rate.NewLimiter(peerSessions, peerSessionsBurst), bytes: rate.NewLimiter(peerBytes, peerBytesBurst)}
	v.quotas[p] = q
	return q
}

// forget drops the quotas that are as good as new.
func (v *server) forget() {
	for p, q := range v.quotas {
		if q.active == 0 && q.sessions.Tokens() >= peerSessionsBurst && q.bytes.Tokens() >= peerBytesBurst {
			delete(v.quotas, p)
		}
	}
}

// admit waits a little for a place with heavy work, and returns how to give it back.
func (v *server) admit(ctx context.Context) (release func(), ok bool) {
	timer := time.NewTimer(heavyWait)
	defer timer.Stop()
	select {
	case v.heavy <- struct{}{}:
		return func() { <-v.heavy }, true
	case <-timer.C:
	case <-ctx.Done():
	}
	return nil, false
}

// serve is the stream handler of the sync protocol.
func (t *Topic) serve(s network.Stream) {
	if !t.enter() {
		_ = s.Reset()
		return
	}
	defer t.leave()
	ctx, cancel := context.WithTimeout(t.ctx, sessionTime)
	defer cancel()
	stop := context.AfterFunc(ctx, func() { _ = s.Reset() })
	p := s.Conn().RemotePeer()
	ses := &session{wire: newWire(s), r: t.reconciler, peer: p}
	err := t.respond(ctx, ses)
	t.countServed(ses, err)
	if ses.agreed {
		t.cfg.OnSync(SyncReport{Peer: p, EverReady: ses.h.everReady, Range: ses.over.within, Received: ses.received, Sent: ses.sent, Reason: "served", Complete: true})
	}
	if ses.received > 0 {
		t.sched.spread()
	}
	if stopped := stop(); !stopped || err != nil && !errors.Is(err, ErrRefused) {
		_ = s.Reset()
		return
	}
	_ = s.Close()
}

// respond serves one session within the server's bounds.
func (t *Topic) respond(ctx context.Context, ses *session) error {
	if why := t.server.begin(ses.peer); why != 0 {
		return ses.refuse(why)
	}
	defer func() { t.server.end(ses.peer, ses.in+ses.out) }()
	ses.admit = func(ctx context.Context) bool {
		release, ok := t.server.admit(ctx)
		if ok {
			ses.release = release
		}
		return ok
	}
	defer func() {
		if ses.release != nil {
			ses.release()
		}
	}()
	return ses.respond(ctx)
}

// countServed adds a served session to the counters.
func (t *Topic) countServed(ses *session, err error) {
	c := &t.counters
	c.syncServed.Add(1)
	c.syncReceived.Add(uint64(ses.received))
	c.syncSent.Add(uint64(ses.sent))
	c.syncBytesIn.Add(uint64(ses.in))
	c.syncBytesOut.Add(uint64(ses.out))
	switch {
	case errors.Is(err, errAhead):
		c.syncAhead.Add(1)
	case errors.Is(err, ErrRefused):
		c.syncRefused.Add(1)
	case err != nil:
		c.syncBad.Add(1)
		t.cfg.Logger.Debug("served reconciliation failed", "peer", ses.peer, "err", err)
	}
}
