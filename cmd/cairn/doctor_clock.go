package main

import (
	"errors"
	"fmt"
	"time"

	"github.com/cairn-overlay/cairn/node"
)

// clockBehind is how far behind its own highest reading a clock is worth a word.
const clockBehind = time.Minute

// resetRemedy is what to do where a node keeps a reading that is ahead of the clock.
func resetRemedy(s *session) string {
	return "where the machine's clock is right by now: cairn stop" + s.dirFlag() + ", then cairn doctor --reset-clock" + s.dirFlag() + "; else set it (timedatectl set-ntp true)"
}

// checkKept compares the reading that a stopped node kept with the clock; there is nothing
// to say where it is not ahead.
func checkKept(s *session, kept time.Time) (finding, bool) {
	ahead := time.Until(kept)
	if ahead <= clockBehind {
		return finding{}, false
	}
	return finding{
		Check: "clock", Level: levelWarn, Remedy: resetRemedy(s),
		Says: fmt.Sprintf("the machine's clock is %s behind the highest reading that the node kept, by which it will go", showSpan(ahead)),
	}, true
}

// clockReset is what --reset-clock did.
type clockReset struct {
	Kept  time.Time `json:"kept"` // the reading that was kept
	Now   time.Time `json:"now"`  // the one that is kept from here on
	Reset bool      `json:"reset"`
}

func (r clockReset) show(t *text) {
	if !r.Reset {
		t.line("nothing was changed: the node kept no reading ahead of this machine's clock")
		return
	}
	t.line("the kept reading is %s now; it was %s", showTime(r.Now), showTime(r.Kept))
	t.field("so", "leases that the node took for ended hold again where their time has not come")
}

// resetClock sets the kept reading back to the machine's clock, where it is ahead of that.
func resetClock(s *session) (err error) {
	st, _, err := s.openStore()
	if err != nil {
		return err
	}
	defer func() { err = errors.Join(err, st.Close()) }()
	r := clockReset{Now: time.Now().UTC()}
	if r.Kept, err = node.StoredClock(st); err != nil {
		return err
	}
	if r.Reset = r.Kept.After(r.Now); r.Reset {
		if err := node.SetStoredClock(s.ctx, st, r.Now); err != nil {
			return err
		}
	}
	return s.print(r)
}
