package view

import (
	"time"

	"github.com/cairn-overlay/cairn/internal/weak"
)

const (
	// maxSources are remembered.
	maxSources = 1024
	// badHints is how many of a source's hints may fail before it counts how many were
	// good: as a lookup judges who names peers to it.
	badHints = 5
	// disbelieved is how long a source that named mostly dead or invented peers is not
	// listened to.
	disbelieved = time.Hour
)

// source is a peer that named others.
type source[ID comparable] struct {
	id        ID
	hints     int // that stand
	good, bad int // how those that were contacted turned out
	until     uint32
	heard     uint32
}

// sources remembers who named whom. A number stays that of its source while a hint
// of it stands.
type sources[ID comparable] struct {
	all []source[ID]
	by  map[ID]uint16
}

// number is that of a source; false where there is no room.
func (s *sources[ID]) number(id ID, now time.Time) (uint16, bool) {
	if n, ok := s.by[id]; ok {
		s.all[n].heard = seconds(now)
		return n, true
	}
	if s.by == nil {
		s.by = make(map[ID]uint16)
	}
	n := len(s.all)
	if n >= maxSources {
		n = -1
		for i := range s.all { // the one that was silent for the longest
			if a := &s.all[i]; a.hints == 0 && a.until <= seconds(now) && (n < 0 || a.heard < s.all[n].heard) {
				n = i
			}
		}
		if n < 0 {
			return 0, false
		}
		delete(s.by, s.all[n].id)
	} else {
		s.all = append(s.all, source[ID]{})
	}
	s.all[n] = source[ID]{id: id, heard: seconds(now)}
	s.by[id] = uint16(n)
	return uint16(n), true
}

// mayHint reports whether a source is believed, and has fewer hints than it may.
func (s *sources[ID]) mayHint(n uint16, most int, now time.Time) bool {
	return weak.Off(weak.ViewCaps) || s.all[n].until <= seconds(now) && s.all[n].hints < most
}

func (s *sources[ID]) praise(n uint16) { s.all[n].good++ }

// blame counts a hint that failed, and reports whether the source is not believed
// from now on.
func (s *sources[ID]) blame(n uint16, now time.Time) bool {
	a := &s.all[n]
	a.bad++
	if weak.Off(weak.ViewCaps) || a.bad < badHints || a.bad <= 2*a.good {
		return false
	}
	a.good, a.bad, a.until = 0, 0, seconds(now.Add(disbelieved))
	return true
}
