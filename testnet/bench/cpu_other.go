//go:build !unix

package bench

import (
	"errors"
	"time"
)

// cpuTime is unknown here.
func cpuTime() (time.Duration, error) {
	return 0, errors.New("CPU time can only be measured on a Unix")
}
