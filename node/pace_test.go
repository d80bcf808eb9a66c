package node

import (
	"testing"
	"time"
)

// Refreshes in a day: a few in the first minutes, then one an hour; where the table
// is small, one every five minutes.
func TestPace(t *testing.T) {
	for name, row := range map[string]struct {
		peers                int
		minutes, day         int // refreshes at least in the first ten minutes, and in a day
		mostMinutes, mostDay int
	}{
		"full table":  {peers: 40, minutes: 2, mostMinutes: 8, day: 18, mostDay: 50},
		"small table": {peers: 3, minutes: 6, mostMinutes: 24, day: 200, mostDay: 700},
	} {
		t.Run(name, func(t *testing.T) {
			now := time.Unix(0, 0)
			p, minutes, day := newPace(now), 0, 0
			for s := range 24 * 60 * 60 {
				if p.due(now.Add(time.Duration(s)*time.Second), row.peers) {
					day++
					if s < 600 {
						minutes++
					}
				}
			}
			if minutes < row.minutes || minutes > row.mostMinutes || day < row.day || day > row.mostDay {
				t.Errorf("%d refreshes in ten minutes, %d in a day", minutes, day)
			}
			p.hurry(now.Add(24 * time.Hour))
			if !p.due(now.Add(24*time.Hour+time.Minute), row.peers) {
				t.Error("no hurry")
			}
		})
	}
}
