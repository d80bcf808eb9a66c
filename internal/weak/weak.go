//go:build cairn_weak

package weak

import (
	"os"
	"slices"
	"sync"
)

// Built says that this build has the switches.
const Built = true

// off is the one defence that is off, or none.
var off = sync.OnceValue(func() Defence {
	d := Defence(os.Getenv(Env))
	if d != "" && !slices.Contains(Defences[:], d) {
		panic("weak: " + Env + "=" + string(d) + " is no defence")
	}
	return d
})

// Off reports whether a defence is off.
func Off(d Defence) bool { return off() == d }
