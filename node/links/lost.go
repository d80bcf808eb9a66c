package links

import (
	"math/rand/v2"
	"slices"
	"time"

	"github.com/libp2p/go-libp2p/core/peer"
)

// How a lost link is come back to.
const (
	// maxLost links are remembered, the latest ones, each for lostFor.
	maxLost = 32
	lostFor = 24 * time.Hour
	// retryFirst is the wait after a loss. From then on it is half of what the link has been
	// lost for: whoever was away for a time is found again half that time later.
	retryFirst = 5 * time.Second
	retryMost  = 2 * time.Minute
	// retriesPerRound lost links are come back to at a time. Dials that fail are slow, and a
	// node that was cut off has lost all it had.
	retriesPerRound = dialsPerRound / 2
	// retryRefused is how long a peer is no candidate that closed the link while it was
	// young, having no room. It is not come back to: others have room.
	retryRefused     = 10 * time.Minute
	retryRefusedMost = 6 * time.Hour
	// putOff is how long a peer that was chosen and not reached is no candidate.
	putOff = 2 * time.Minute
)

// link is what a keeper knows of a peer that it chose.
type link struct {
	role  Role
	since time.Time // when it was chosen
	up    time.Time // since when its connection is held; zero while there is none
	held  bool      // ever, and not refused: it is come back to
	ours  bool      // we dialled that connection
	lost  time.Time // when its connection went, or could not be made; zero otherwise
	retry time.Time // of a lost one: not dialled before
	fails int       // losses in a row, but for those of links that had lasted
}

// noteChanges finds the links whose connection has gone or has come back, and
// forgets the oldest of too many that are lost. It reports whether there is a
// reason to choose anew: such a change, too few links, or somebody asked.
func (k *Keeper) noteChanges(now time.Time) (anew bool) {
	k.mu.Lock()
	defer k.mu.Unlock()
	anew = k.asked.Swap(false)
	lost, present := 0, 0
	var oldest peer.ID
	for p, l := range k.links {
		switch up := isConnected(k.cfg.Host, p); {
		case !up && !l.up.IsZero():
			k.lose(p, l, now)
			anew = true
		case up && !l.lost.IsZero():
			k.hold(p, l, now)
			anew = true
		}
		if l.lost.IsZero() {
			present++
			continue
		}
		if now.Sub(l.lost) > lostFor || !l.held && now.After(l.retry) {
			delete(k.links, p)
			continue
		}
		lost++
		if oldest == "" || l.lost.Before(k.links[oldest].lost) {
			oldest = p
		}
	}
	if lost > maxLost {
		delete(k.links, oldest)
	}
	return anew || present < k.cfg.Policy.Links()
}

// lose notes that a link's connection has gone, or could not be made. The caller
// holds mu.
func (k *Keeper) lose(p peer.ID, l *link, now time.Time) {
	refused := l.ours && !l.up.IsZero() && now.Sub(l.up) < 2*k.cfg.Policy.Grace
	if !l.up.IsZero() {
		k.counts[losses].Add(1)
		k.cfg.Host.ConnManager().Unprotect(p, tag)
		if !refused {
			l.fails = 0
		}
	}
	wait := retryFirst
	if !l.lost.IsZero() {
		wait = min(max(retryFirst, now.Sub(l.lost)/2), retryMost)
	}
	switch {
	case !l.up.IsZero() && !l.ours:
		wait = 0 // whoever dialled needed it no longer; we do
	case refused:
		wait = min(retryRefused<<min(l.fails, 16), retryRefusedMost)
	case !l.held:
		wait = putOff
	}
	l.fails++
	l.held = l.held && !refused
	l.up, l.retry = time.Time{}, now.Add(wait*3/4+rand.N(wait/2+1))
	if l.lost.IsZero() {
		l.lost = now
	}
}

// comeback picks lost links whose time has come, those that wait longest first. Back
// again they take their part in the next choice.
func (k *Keeper) comeback(now time.Time) (next []peer.ID) {
	k.mu.Lock()
	defer k.mu.Unlock()
	for p, l := range k.links {
		if !l.lost.IsZero() && l.held && !now.Before(l.retry) {
			next = append(next, p)
		}
	}
	slices.SortFunc(next, func(a, b peer.ID) int { return k.links[a].retry.Compare(k.links[b].retry) })
	return next[:min(len(next), retriesPerRound)]
}
