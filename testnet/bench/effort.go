package bench

import (
	"context"
	"time"
)

// effort is how much of a measurement is done.
type effort struct {
	pairs int           // of measurements that take turns
	items int           // records, reads or facts: of one block, or on disk
	block time.Duration // of time, where a block is a while
	races int           // revocations that reads race with, and
	raced int           // reads around them
}

// runs makes a metric's Run of the short form of a measurement and of the long one.
func runs(short, long effort, run func(context.Context, effort, func(string, ...any)) (Result, error)) func(context.Context, Cell, func(string, ...any)) (Result, error) {
	return func(ctx context.Context, c Cell, say func(string, ...any)) (Result, error) {
		if c.Full {
			return run(ctx, long, say)
		}
		return run(ctx, short, say)
	}
}
