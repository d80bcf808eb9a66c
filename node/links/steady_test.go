package links

import (
	"fmt"
	"testing"
	"time"

	"github.com/libp2p/go-libp2p/core/peer"
)

// However many come later to whom the way is long, few of the links that stand for where
// they lead give way to them. A young node takes its shape at once.
func TestSteadyLinks(t *testing.T) {
	var known []Known
	meet := func(name string, n int) {
		for i := range n {
			known = append(known, Known{ID: peer.ID(fmt.Sprintf("%s %d", name, i)), RTT: 100 * time.Millisecond})
		}
	}
	ways := map[byte]time.Duration{'f': 300 * time.Millisecond, 'c': 10 * time.Second}
	k := New(Config{
		Host: newHost(t), Policy: DefaultPolicy(), Known: func() []Known { return known },
		Path: func(p peer.ID) time.Duration { return ways[p[0]] },
	})
	now := time.Now()
	k.begin(now)
	choices := func(d time.Duration) (crowd, shortcuts int) {
		for end := now.Add(d); now.Before(end); now = now.Add(20 * time.Second) {
			k.choose(now)
		}
		for p, l := range k.links {
			if l.role != Near && p[0] == 'c' {
				crowd++
			}
			if l.role == Shortcut {
				shortcuts++
			}
		}
		return crowd, shortcuts
	}
	meet("plain", DefaultNear+2)
	meet("far", DefaultShortcuts)
	if _, made := choices(shapedAfter); made != DefaultShortcuts {
		t.Fatalf("%d shortcuts after %s, want %d", made, shapedAfter, DefaultShortcuts)
	}
	meet("crowd", 200)
	if crowd, _ := choices(shortcutEvery); crowd > 1 {
		t.Errorf("%d links of 6 went to the crowd within %s, want at most one", crowd, shortcutEvery)
	}
	if crowd, _ := choices(5 * shortcutEvery); crowd < 3 {
		t.Errorf("%d links went to the crowd within an hour: shortcuts are not made any more", crowd)
	}
}
