package scenario

import (
	"fmt"
	"slices"
	"time"
)

// Report is what a run gave.
type Report struct {
	File    string `json:"file"`
	Promise string `json:"promise"`
	// Held: nothing failed, and the auditor found nothing.
	Held bool `json:"held"`
	// Partial: the run could not be brought to its end.
	Partial bool `json:"partial,omitempty"`
	// Nodes that the run began with, and its seed.
	Nodes int    `json:"nodes"`
	Seed  uint64 `json:"seed"`
	// Took is the network's time, in nanoseconds: in virtual time not what a clock on
	// the wall shows.
	Took     time.Duration `json:"took_ns"`
	Failures []Failure     `json:"failures,omitempty"`
	// Violations are what the auditor found; each is among Failures too.
	Violations []string  `json:"violations,omitempty"`
	Measures   []Measure `json:"measures,omitempty"`

	output [][]string // of each block that was played
}

// Failure is what went wrong, and where.
type Failure struct {
	Line    int    `json:"line"` // 0 where it is about the run as a whole
	Command string `json:"command"`
	Text    string `json:"text"`
}

// Error renders the failure with its place in a file.
func (r *Report) String(f Failure) string {
	if f.Line == 0 {
		return fmt.Sprintf("%s: %s: %s", r.File, f.Command, f.Text)
	}
	return fmt.Sprintf("%s:%d: %s\n%s", r.File, f.Line, f.Command, f.Text)
}

// Measure is one row of figures.
type Measure struct {
	Name string        `json:"name"`
	P50  time.Duration `json:"p50_ns"`
	P99  time.Duration `json:"p99_ns"`
	Max  time.Duration `json:"max_ns"`
	// Samples are the figures, ascending.
	Samples []time.Duration `json:"samples_ns"`
}

// measure makes a row of figures out of samples, of which there must be one.
func measure(name string, samples []time.Duration) Measure {
	slices.Sort(samples)
	return Measure{
		Name: name, Samples: samples,
		P50: samples[len(samples)/2], P99: samples[(len(samples)-1)*99/100], Max: samples[len(samples)-1],
	}
}

// Merge joins the figures of several runs by name, in the order in which the names
// first come.
func Merge(all []Measure) []Measure {
	var names []string
	samples := make(map[string][]time.Duration)
	for _, m := range all {
		if samples[m.Name] == nil {
			names = append(names, m.Name)
		}
		samples[m.Name] = append(samples[m.Name], m.Samples...)
	}
	var merged []Measure
	for _, name := range names {
		merged = append(merged, measure(name, samples[name]))
	}
	return merged
}
