package main

import (
	"errors"

	"github.com/cairn-overlay/cairn/node"
	"github.com/cairn-overlay/cairn/node/store"
)

// checkStore opens the store that a stopped node left, and closes it; there is nothing to
// say where no daemon was yet.
func checkStore(s *session) []finding {
	st, dir, err := s.openStore()
	if f := (*failure)(nil); errors.As(err, &f) && f.code == exitNotFound {
		return nil
	}
	f := finding{Check: "store", Level: levelOK, Says: dir}
	if err != nil {
		f.Level, f.Says, f.Remedy = levelFail, err.Error(), s.nextStep(err)
		if errors.Is(err, store.ErrOlderFormat) {
			f.Level = levelWarn
		}
		return []finding{f}
	}
	kept, err := node.StoredClock(st)
	if err = errors.Join(err, st.Close()); err != nil {
		f.Level, f.Says, f.Remedy = levelFail, err.Error(), s.nextStep(err)
		return []finding{f}
	}
	if c, ok := checkKept(s, kept); ok {
		return []finding{f, c}
	}
	return []finding{f}
}
