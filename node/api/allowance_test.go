package api

import (
	"context"
	"errors"
	"testing"
	"testing/synctest"
	"time"
)

// TestAllowance: it is a context with a limit to all who look at it, and nothing to
// those who do not.
func TestAllowance(t *testing.T) {
	type key struct{}
	for name, play := range map[string]func(*testing.T, *allowance, context.CancelFunc){
		"nobody looks": func(t *testing.T, a *allowance, _ context.CancelFunc) {
			a.end()
			if a.inner != nil {
				t.Error("a clock was started")
			}
		},
		"the time is over": func(t *testing.T, a *allowance, _ context.CancelFunc) {
			begin := time.Now()
			if d, ok := a.Deadline(); !ok || d.Sub(begin) != time.Minute {
				t.Errorf("until %s, %v", d, ok)
			}
			<-a.Done()
			if !errors.Is(a.Err(), context.DeadlineExceeded) || time.Since(begin) != time.Minute {
				t.Errorf("%v after %s", a.Err(), time.Since(begin))
			}
		},
		"the client leaves": func(t *testing.T, a *allowance, leave context.CancelFunc) {
			derived, cancel := context.WithTimeout(a, time.Hour)
			defer cancel()
			leave()
			<-derived.Done()
			if !errors.Is(derived.Err(), context.Canceled) || derived.Value(key{}) != "held" {
				t.Errorf("%v, %v", derived.Err(), derived.Value(key{}))
			}
		},
		"the handler is done": func(t *testing.T, a *allowance, _ context.CancelFunc) {
			done := a.Done()
			a.end()
			<-done
		},
		"somebody looks when it is over": func(t *testing.T, a *allowance, _ context.CancelFunc) {
			a.end()
			if !errors.Is(a.Err(), context.Canceled) {
				t.Error(a.Err())
			}
		},
	} {
		t.Run(name, func(t *testing.T) {
			synctest.Test(t, func(t *testing.T) {
				parent, leave := context.WithCancel(context.WithValue(t.Context(), key{}, "held"))
				defer leave()
				a := &allowance{Context: parent, limit: time.Minute}
				defer a.end()
				play(t, a, leave)
			})
		})
	}
}
