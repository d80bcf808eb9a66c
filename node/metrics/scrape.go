package metrics

import (
	"bufio"
	"errors"
	"fmt"
	"io"
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
