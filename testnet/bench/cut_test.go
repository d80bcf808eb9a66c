package bench

import (
	"context"
	"fmt"
	"testing"
	"testing/synctest"
	"time"

	"github.com/cairn-overlay/cairn/testnet/wan"
)

// An experiment that is ended before its time, while it measures what a hop costs, while
// networks come up, or later, gives a partial result and leaves nothing running.
func TestCut(t *testing.T) {
	for _, row := range []struct {
		metric Metric
		after  time.Duration
	}{
		{tombstone(), 5 * time.Second}, {tombstone(), 150 * time.Second}, {tombstone(), 260 * time.Second},
		{publish(), 160 * time.Second}, {rejoin(), 2 * time.Minute},
	} {
		t.Run(fmt.Sprint(row.metric.Name, " ", row.after), func(t *testing.T) {
			synctest.Test(t, func(t *testing.T) {
				ctx, cancel := context.WithTimeout(t.Context(), row.after)
				defer cancel()
				said := ""
				r, err := row.metric.Measure(ctx, Cell{Nodes: 10, Seed: 1, Matrix: "cities", Model: wan.Cities(1)}, func(format string, args ...any) { said = fmt.Sprintf(format, args...) })
				if err != nil || !r.Partial || r.Held {
					t.Errorf("partial %t, held %t, %v", r.Partial, r.Held, err)
				}
				t.Logf("ended in: %s", said)
			})
		})
	}
}

// A network too small for a condition is refused before it is built.
func TestTooSmall(t *testing.T) {
	if _, err := delivery().Measure(t.Context(), Cell{Nodes: 9, Model: wan.Cities(1)}, func(string, ...any) {}); err == nil {
		t.Error("nine nodes were taken")
	}
}
