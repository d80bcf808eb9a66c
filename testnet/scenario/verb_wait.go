package scenario

import (
	"context"
	"time"
)

// waitVerb lets time pass, where time is the subject.
type waitVerb struct{ time time.Duration }

func readWait(a *args) action { return waitVerb{a.time("the time", a.next("the time"))} }

func (v waitVerb) do(ctx context.Context, p *play) error {
	err := pause(ctx, v.time)
	p.mark = now()
	return err
}

// now is the clock that limits are held against.
func now() time.Time { return time.Now() }

// pause lets time pass.
func pause(ctx context.Context, d time.Duration) error {
	select {
	case <-time.After(d):
		return nil
	case <-ctx.Done():
		return ctx.Err()
	}
}
