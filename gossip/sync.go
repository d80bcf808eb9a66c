package gossip

import (
	"context"
	"errors"
	"time"

	"github.com/libp2p/go-libp2p/core/peer"
)

// A SyncReport says what a reconciliation with one peer came to.
type SyncReport struct {
	Peer       peer.ID
	EverReady  bool          // the peer says that it was complete itself at some time
	Received   int           // facts from the peer that were new here
	Sent       int           // facts that the peer lacked
	RoundTrips int           // times we waited for an answer
	BytesIn    int64         // bytes on the stream, without what libp2p adds
	BytesOut   int64         //
	Took       time.Duration //
	Reason     string        // why it was started: "connect", "timer", "asked", "drop: ..."
	Err        error         // why it is not complete
	// Complete: this node holds, verified and flushed, everything that the peer
	// held when the round began, and both agree on it.
	Complete bool
}

// Sync reconciles with p now and waits for the outcome. The error is the report's.
func (t *Topic) Sync(ctx context.Context, p peer.ID) (SyncReport, error) {
	return SyncReport{Peer: p}, errors.ErrUnsupported
}

// SyncSoon asks for reconciliations with a few peers, shortly. Calls are coalesced.
func (t *Topic) SyncSoon(reason string) {}
