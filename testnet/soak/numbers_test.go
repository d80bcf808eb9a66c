//go:build soak

package soak

import (
	"fmt"
	"math/rand/v2"
	"os"
	"slices"
	"strconv"
	"strings"
	"testing"
	"text/tabwriter"
	"time"
)

// quantile is the q-th of the measured times, 0 where there are none.
func quantile(times []time.Duration, q float64) time.Duration {
	if len(times) == 0 {
		return 0
	}
	sorted := slices.Sorted(slices.Values(times))
	return sorted[int(q*float64(len(sorted)-1))]
}

// ms tells a time in milliseconds.
func ms(d time.Duration) string { return fmt.Sprintf("%.1f ms", float64(d.Microseconds())/1000) }

// spread tells the middle, the slow end and the slowest of some times.
func spread(times []time.Duration) string {
	return fmt.Sprintf("p50 %s, p99 %s, max %s (of %d)", ms(quantile(times, 0.5)), ms(quantile(times, 0.99)), ms(quantile(times, 1)), len(times))
}

// table lays rows of cells out for people.
func table(rows ...[]any) string {
	var b strings.Builder
	b.WriteByte('\n')
	w := tabwriter.NewWriter(&b, 0, 0, 2, ' ', 0)
	for _, row := range rows {
		for _, cell := range row {
			fmt.Fprintf(w, "%v\t", cell)
		}
		fmt.Fprintln(w)
	}
	_ = w.Flush() // a builder takes everything
	return b.String()
}

// seed is what the random choices of a test follow from.
func seed(t *testing.T) uint64 {
	t.Helper()
	s := rand.Uint64()
	if text := os.Getenv("CAIRN_SOAK_SEED"); text != "" {
		var err error
		if s, err = strconv.ParseUint(text, 10, 64); err != nil {
			t.Fatalf("CAIRN_SOAK_SEED: %v", err)
		}
	}
	t.Logf("CAIRN_SOAK_SEED=%d", s)
	return s
}

// dice are the random choices of one actor.
func dice(seed, actor uint64) *rand.Rand { return rand.New(rand.NewPCG(seed, actor)) }
