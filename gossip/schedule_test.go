package gossip

import (
	"context"
	"errors"
	"fmt"
	"slices"
	"sync"
	"testing"
	"testing/synctest"
	"time"

	"github.com/libp2p/go-libp2p/core/peer"
)

// stage is a scheduler with peers that exist only as names, in virtual time.
type stage struct {
	*scheduler
	start time.Time

	mu     sync.Mutex
	peers  []peer.ID
	rounds []played
	play   func(p peer.ID) SyncReport // how a round goes; nil: complete at once
	begin  func()                     // the loop, once: a test sets the stage before
	active int
	most   int // rounds at once
}

type played struct {
	peer   peer.ID
	reason string
	at     time.Duration
}

func onStage(t *testing.T, peers int, play func(*stage)) {
	synctest.Test(t, func(t *testing.T) {
		s := &stage{scheduler: newScheduler(30 * time.Second), start: time.Now()}
		for i := range peers {
			s.peers = append(s.peers, peer.ID(fmt.Sprint("p", i)))
		}
		s.eligible = func() []peer.ID { s.mu.Lock(); defer s.mu.Unlock(); return slices.Clone(s.peers) }
		s.spared = func(peer.ID) bool { return false }
		s.speaks = func(p peer.ID) bool { return slices.Contains(s.eligible(), p) }
		s.settled = func(peer.ID) bool { return false }
		s.run = s.round
		ctx, cancel := context.WithCancel(t.Context())
		var running sync.WaitGroup
		s.begin = sync.OnceFunc(func() { running.Go(func() { s.loop(ctx) }) })
		play(s)
		cancel()
		running.Wait()
	})
}

func (s *stage) round(_ context.Context, p peer.ID, reason string) SyncReport {
	s.mu.Lock()
	s.rounds = append(s.rounds, played{p, reason, time.Since(s.start)})
	s.active++
	s.most = max(s.most, s.active)
	play := s.play
	s.mu.Unlock()
	rep := SyncReport{Peer: p, Complete: true}
	if play != nil {
		rep = play(p)
	}
	s.mu.Lock()
	s.active--
	s.mu.Unlock()
	return rep
}

// seen returns the rounds since the last call, after so much time.
func (s *stage) seen(after time.Duration) []played {
	s.begin()
	time.Sleep(after)
	synctest.Wait()
	s.mu.Lock()
	defer s.mu.Unlock()
	rounds := s.rounds
	s.rounds = nil
	return rounds
}

func TestTimerTakesTurns(t *testing.T) {
	onStage(t, 10, func(s *stage) {
		last := make(map[peer.ID]int) // the tick of the last round
		tick, at := 0, time.Duration(0)
		for _, r := range s.seen(10 * time.Minute) {
			if r.reason != "timer" {
				t.Errorf("reason %q", r.reason)
			}
			if r.at != at {
				if gap := r.at - at; gap < 22*time.Second || gap > 38*time.Second {
					t.Errorf("%s between two ticks", gap)
				}
				tick, at = tick+1, r.at
			}
			if gap := tick - last[r.peer]; gap > 3 { // 10 peers, 4 in each tick
				t.Errorf("%s waited %d ticks", r.peer, gap)
			}
			last[r.peer] = tick
		}
		if len(last) != 10 || tick < 15 {
			t.Errorf("%d ticks, rounds with %d peers", tick, len(last))
		}
	})
}

// Whoever is asked whom the timer may leave out holds a lock under which others call the
// scheduler: it must not hold its own meanwhile.
func TestTimerAsksWithoutItsLock(t *testing.T) {
	onStage(t, 3, func(s *stage) {
		s.spared = func(p peer.ID) bool {
			s.scheduler.linked(p, false)
			return p == "p0"
		}
		got := make(map[peer.ID]bool)
		for _, r := range s.seen(time.Minute) {
			got[r.peer] = true
		}
		if len(got) != 2 || got["p0"] {
			t.Errorf("rounds with %v", got)
		}
	})
}

func TestTimerTakesAllWhenFew(t *testing.T) {
	onStage(t, 3, func(s *stage) {
		if got := len(s.seen(38 * time.Second)); got != 3 {
			t.Errorf("%d rounds, want 3", got)
		}
	})
}

func TestSyncSoonIsCoalesced(t *testing.T) {
	onStage(t, 10, func(s *stage) {
		for range 1_000 {
			s.wave("drop: test")
		}
		rounds := s.seen(time.Second)
		if len(rounds) != fewPeers || rounds[0].reason != "drop: test" || rounds[0].at > 2*coalesce {
			t.Errorf("rounds %v", rounds)
		}
		for range 1_000 { // for a second, a drop every millisecond
			s.wave("")
			time.Sleep(time.Millisecond)
		}
		if got := len(s.seen(0)); got < fewPeers*15 || got > fewPeers*21 {
			t.Errorf("%d rounds in a second of drops", got)
		}
	})
}

// TestLongRoundsSlowWavesDown: with rounds that cost half a second, drops without
// end must not keep the node reconciling without end.
func TestLongRoundsSlowWavesDown(t *testing.T) {
	onStage(t, 2, func(s *stage) {
		s.play = func(p peer.ID) SyncReport {
			time.Sleep(500 * time.Millisecond)
			return SyncReport{Peer: p, Complete: true, Took: 500 * time.Millisecond}
		}
		for range 200 {
			s.wave("")
			time.Sleep(100 * time.Millisecond)
		}
		if got := len(s.seen(0)); got > 2*20*1000/2000+4 {
			t.Errorf("%d rounds of half a second in 20 s", got)
		}
	})
}

func TestJunkIsNotRetriedAtOnce(t *testing.T) {
	onStage(t, 2, func(s *stage) {
		s.play = func(p peer.ID) SyncReport {
			if p == "p0" {
				return SyncReport{Peer: p, Err: junkf("test")}
			}
			return SyncReport{Peer: p, Complete: true}
		}
		s.mark("p0", "connect", 0)
		if got := s.seen(time.Second); len(got) != 1 {
			t.Fatalf("rounds %v", got)
		}
		s.mark("p0", "connect", 0)
		s.joined("p0", true)
		s.wave("drop")
		others := 0
		for _, r := range s.seen(junkFirst*3/4 - 2*time.Second) {
			if r.peer == "p0" {
				t.Errorf("p0 again after %s, because of %s", r.at, r.reason)
			}
			others++
		}
		if others == 0 {
			t.Error("nobody else was asked")
		}
		again := 0
		for _, r := range s.seen(10 * time.Minute) {
			if r.peer == "p0" {
				again++
			}
		}
		if again < 2 || again > 6 {
			t.Errorf("%d further rounds with p0 in 10 minutes", again)
		}
	})
}

func TestFailuresAreRetriedLessAndLess(t *testing.T) {
	onStage(t, 1, func(s *stage) {
		s.every = time.Hour
		s.play = func(p peer.ID) SyncReport { return SyncReport{Peer: p, Err: errors.New("test")} }
		s.mark("p0", "connect", 0)
		var at []time.Duration
		for _, r := range s.seen(10 * time.Minute) {
			at = append(at, r.at.Round(time.Second))
		}
		if len(at) < 1+retries || len(at) > 2+retries || at[1] > 2*time.Second || at[4]-at[3] < 4*time.Second {
			t.Errorf("rounds at %v", at)
		}
	})
}

func TestASlowPeerDoesNotKeepOthersWaiting(t *testing.T) {
	onStage(t, 8, func(s *stage) {
		s.play = func(p peer.ID) SyncReport {
			if p < "p4" {
				time.Sleep(sessionTime)
				return SyncReport{Peer: p, Err: context.DeadlineExceeded}
			}
			return SyncReport{Peer: p, Complete: true}
		}
		for _, p := range []peer.ID{"p0", "p1", "p4", "p5", "p6", "p7"} {
			s.mark(p, "connect", 0)
			time.Sleep(time.Millisecond)
		}
		fast := 0
		for _, r := range s.seen(2 * time.Second) {
			if r.peer >= "p4" {
				fast++
			}
		}
		if fast != 4 {
			t.Errorf("%d of 4 honest peers were asked within 2 s", fast)
		}
		s.mark("p2", "connect", 0)
		s.mark("p3", "connect", 0)
		s.seen(time.Minute)
		if s.most > maxRounds {
			t.Errorf("%d rounds at once", s.most)
		}
	})
}

func TestPartialRoundsContinue(t *testing.T) {
	onStage(t, 1, func(s *stage) {
		left := 5
		s.play = func(p peer.ID) SyncReport {
			if left--; left > 0 {
				return SyncReport{Peer: p, Received: 1, Err: fmt.Errorf("sync: %w", errPartial), Took: sessionTime}
			}
			return SyncReport{Peer: p, Complete: true}
		}
		s.mark("p0", "connect", 0)
		if got := len(s.seen(time.Second)); got < 5 {
			t.Errorf("%d rounds, want at least 5", got)
		}
	})
}

func TestWhatWasLearnedIsSpread(t *testing.T) {
	onStage(t, 4, func(s *stage) {
		s.play = func(p peer.ID) SyncReport {
			rep := SyncReport{Peer: p, Complete: true}
			if p == "p0" && len(s.rounds) == 1 {
				rep.Received = 1
			}
			return rep
		}
		s.mark("p0", "connect", 0)
		rounds := s.seen(time.Second)
		if len(rounds) != 5 || rounds[1].reason != spreadCause {
			t.Errorf("rounds %v", rounds)
		}
	})
}

// TestYoungPeersGetWhatGossipBrings: as long as the mesh is not there yet.
func TestYoungPeersGetWhatGossipBrings(t *testing.T) {
	onStage(t, 6, func(s *stage) {
		s.settled = func(peer.ID) bool { return true }
		for _, p := range s.eligible() {
			s.joined(p, true)
		}
		s.learned()
		if got := s.seen(time.Second); len(got) != fewPeers || got[0].reason != "young" {
			t.Errorf("without a mesh: %v", got)
		}
		for _, p := range s.eligible()[:fewPeers] {
			s.grafted(p, true)
		}
		s.learned()
		if got := s.seen(100 * time.Millisecond); len(got) != 0 {
			t.Errorf("with a mesh: %v", got)
		}
		for _, p := range s.eligible() {
			s.left(p, false)
		}
		time.Sleep(youth)
		s.learned()
		if got := s.seen(time.Second); len(got) != 0 {
			t.Errorf("not young any more: %v", got)
		}
	})
}

func TestJoinedPeersAreAskedUnlessSettled(t *testing.T) {
	onStage(t, 2, func(s *stage) {
		s.settled = func(p peer.ID) bool { return p == "p1" }
		s.joined("p0", true)
		s.joined("p1", true)
		if got := s.seen(time.Second); len(got) != 1 || got[0].peer != "p0" || got[0].reason != "joined" {
			t.Errorf("rounds %v", got)
		}
	})
}

// TestACrowdIsNotAskedAtOnce: of forty peers met in a moment a few are asked at
// once, and of the others those that stay and have not agreed by then. Whom a link was
// opened to does not wait.
func TestACrowdIsNotAskedAtOnce(t *testing.T) {
	onStage(t, 40, func(s *stage) {
		s.every = time.Hour
		s.settled = func(p peer.ID) bool { return p == "p30" }
		for _, p := range s.eligible() {
			s.met(p, true)
			s.joined(p, true)
		}
		first := s.seen(crowdDelay - time.Second)
		if len(first) < crowd || len(first) > crowd+maxRounds {
			t.Errorf("%d at once, want %d", len(first), crowd)
		}
		s.mu.Lock()
		s.peers = s.peers[10:]
		s.mu.Unlock()
		want := 29 // without the one that is settled
		for _, r := range first {
			if slices.Contains(s.eligible(), r.peer) {
				want--
			}
		}
		if got := s.seen(time.Minute); len(got) != want {
			t.Errorf("%d later, want %d", len(got), want)
		}
		s.met("p20", true)
		s.linked("p21", true)
		s.linked("p30", true)
		if got := s.seen(time.Second); len(got) != 1 || got[0].peer != "p21" {
			t.Errorf("at once %v, want the one that a link was opened to and that has not agreed", got)
		}
		if got := s.seen(crowdDelay); len(got) != 1 || got[0].peer != "p20" {
			t.Errorf("later %v, want the other one", got)
		}
	})
}

// TestACrowdThatFailsIsFollowedByOthers: peers with whom rounds fail keep nobody
// waiting.
func TestACrowdThatFailsIsFollowedByOthers(t *testing.T) {
	onStage(t, 20, func(s *stage) {
		s.play = func(p peer.ID) SyncReport {
			if p == "p19" {
				return SyncReport{Peer: p, Complete: true}
			}
			return SyncReport{Peer: p, Err: junkf("test")}
		}
		for _, p := range s.eligible() {
			s.met(p, true)
		}
		if got := s.seen(time.Second); len(got) != 20 {
			t.Errorf("%d rounds, want 20", len(got))
		}
	})
}

// TestWhoDialsBegins: the other side waits, and does nothing where it need not.
func TestWhoDialsBegins(t *testing.T) {
	onStage(t, 2, func(s *stage) {
		s.every = time.Hour
		agreed := make(map[peer.ID]bool)
		s.settled = func(p peer.ID) bool { return agreed[p] }
		s.met("p0", false)
		s.met("p1", false)
		if got := s.seen(crowdDelay); len(got) != 0 {
			t.Errorf("rounds %v", got)
		}
		s.scheduler.mu.Lock()
		agreed["p0"] = true
		s.scheduler.mu.Unlock()
		if got := s.seen(time.Minute); len(got) != 1 || got[0].peer != "p1" {
			t.Errorf("rounds %v", got)
		}
	})
}

func TestGonePeersAreForgotten(t *testing.T) {
	onStage(t, 50, func(s *stage) {
		for _, p := range s.eligible() {
			s.mark(p, "connect", 0)
		}
		s.seen(time.Second)
		s.mu.Lock()
		s.peers = s.peers[:1]
		s.mu.Unlock()
		s.mark("p9", "drop", 0)
		s.mark("p0", "drop", 0)
		for _, r := range s.seen(time.Minute) {
			if r.peer != "p0" {
				t.Errorf("a round with %s, which is gone", r.peer)
			}
		}
		s.scheduler.mu.Lock()
		defer s.scheduler.mu.Unlock()
		if n := len(s.scheduler.peers); n != 1 {
			t.Errorf("%d peers are remembered", n)
		}
	})
}
