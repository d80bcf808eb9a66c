package metrics

import (
	"bufio"
	"errors"
	"fmt"
	"io"
	"maps"
	"math"
	"slices"
	"strconv"
	"strings"
)

// Scrape is what /metrics answered: values by series, each as it is written there, such as
// `cairn_resolves_total{status="active"}`.
type Scrape map[string]float64

// ErrText says that a text is not what /metrics answers.
var ErrText = errors.New("not Prometheus' text format")

// Parse reads an answer of /metrics. It knows as much of the format as this package's
// answers use: no timestamps.
func Parse(r io.Reader) (Scrape, error) {
	s := make(Scrape)
	lines := bufio.NewScanner(r)
	for lines.Scan() {
		line := strings.TrimSpace(lines.Text())
		if line == "" || line[0] == '#' {
			continue
		}
		end := strings.LastIndexByte(line, ' ')
		if end < 0 {
			return nil, fmt.Errorf("%w: %.100q", ErrText, line)
		}
		value, err := strconv.ParseFloat(line[end+1:], 64)
		if name := Name(line[:end]); err != nil || name == "" || strings.ContainsAny(name, " \t") {
			return nil, fmt.Errorf("%w: %.100q", ErrText, line)
		}
		s[line[:end]] = value
	}
	return s, lines.Err()
}

// Name is the metric of a series: what stands before its labels.
func Name(series string) string {
	name, _, _ := strings.Cut(series, "{")
	return name
}

// Sum adds up all series of a metric; ok is false where there is none.
func (s Scrape) Sum(name string) (sum float64, ok bool) {
	for series, value := range s {
		if Name(series) == name {
			sum, ok = sum+value, true
		}
	}
	return sum, ok
}

// Quantile is within how many seconds that share of all observations of a histogram was,
// as far as its buckets tell; 0 where there is none.
func (s Scrape) Quantile(name string, share float64) float64 {
	upTo := make(map[float64]float64)
	for series, value := range s {
		_, bound, ok := strings.Cut(series, `le="`)
		if !ok || Name(series) != name+"_bucket" {
			continue
		}
		bound, _, _ = strings.Cut(bound, `"`)
		if le, err := strconv.ParseFloat(bound, 64); err == nil {
			upTo[le] += value
		}
	}
	bounds := slices.Sorted(maps.Keys(upTo))
	if len(bounds) == 0 {
		return 0
	}
	least, below, want := 0.0, 0.0, share*upTo[bounds[len(bounds)-1]]
	for _, le := range bounds {
		if n := upTo[le]; n >= want && n > below {
			if math.IsInf(le, 1) {
				return least // no bucket says more
			}
			return least + (le-least)*(want-below)/(n-below)
		}
		least, below = le, upTo[le]
	}
	return 0
}
