package node

import (
	"os"
	"path/filepath"
	"testing"
	"time"

	"github.com/libp2p/go-libp2p/core/peer"

	"github.com/cairn-overlay/cairn/gossip"
)

// A tombstone is damaged on the disk while the node runs: that is counted when it is found,
// and peers bring it back at once.
func TestLostFact(t *testing.T) {
	a, dir := newTestNode(t, Config{}), t.TempDir()
	b, err := New(Config{Dir: dir, Listen: loopbackQUIC(), Bootstrap: []peer.AddrInfo{a.AddrInfo()}, NoMDNS: true})
	if err != nil {
		t.Fatal(err)
	}
	awaitReady(t, b)
	agent := mustAgent(t, b, "gone")
	certificate, err := b.Agents().Certificate("gone")
	if err != nil {
		t.Fatal(err)
	}
	if _, err := a.Revoke(t.Context(), certificate); err != nil {
		t.Fatal(err)
	}
	until(t, "b has it", func() bool { return b.final(agent.ID()) != nil })
	if err := b.Close(); err != nil {
		t.Fatal(err)
	}
	b = newTestNode(t, Config{Dir: dir}, a)
	files, err := filepath.Glob(filepath.Join(dir, "store", "facts", "*"))
	if err != nil || len(files) == 0 {
		t.Fatalf("%d files of facts, %v", len(files), err)
	}
	for _, name := range files {
		damage(t, name)
	}
	if b.final(agent.ID()) != nil {
		t.Fatal("the damage hurt nothing")
	}
	if b.count.all()["facts_lost_total"] != 1 {
		t.Error("the loss was not counted")
	}
	until(t, "the tombstone is back", func() bool { return b.final(agent.ID()) != nil })
	awaitReady(t, b)
}

// damage turns the bits of the last bytes of a file.
func damage(t *testing.T, name string) {
	t.Helper()
	f, err := os.OpenFile(name, os.O_RDWR, 0)
	if err != nil {
		t.Fatal(err)
	}
	defer f.Close()
	info, err := f.Stat()
	if err != nil {
		t.Fatal(err)
	}
	last := make([]byte, 16)
	if _, err := f.ReadAt(last, info.Size()-int64(len(last))); err != nil {
		t.Fatal(err)
	}
	for i := range last {
		last[i] ^= 0xff
	}
	if _, err := f.WriteAt(last, info.Size()-int64(len(last))); err != nil {
		t.Fatal(err)
	}
}

// From the moment that a fact is lost nothing is complete, whoever agreed before, until
// somebody who was ready agrees again. Who was alone is not complete by itself any more.
func TestLostFactIsNotReady(t *testing.T) {
	for name, bootstrap := range map[string][]peer.ID{"with peers": {"boot"}, "alone": nil} {
		t.Run(name, func(t *testing.T) {
			start := time.Unix(1_800_000_000, 0)
			now := start
			r := newReadiness(func() time.Time { return now }, start, false, bootstrap, nil, false, func() {})
			r.begin()
			agreed := gossip.SyncReport{Peer: "boot", EverReady: true, Complete: true}
			if bootstrap != nil {
				r.synced(agreed)
			}
			check := func(when string, want bool) {
				t.Helper()
				state, _, _ := r.state()
				if (state == StateReady) != want || r.lasts(now.Sub(start)) != want {
					t.Errorf("%s: %s, lasts %t, want ready %t", when, state, r.lasts(now.Sub(start)), want)
				}
			}
			check("before", true)
			r.lost()
			check("after the loss", false)
			r.tick()
			check("as time passes", false)
			now = start.Add(2 * time.Minute) // whom nobody is known to wait for
			r.synced(agreed)
			check("agreed again", true)
		})
	}
}
