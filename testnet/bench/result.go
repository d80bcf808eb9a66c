// Package bench measures Cairn beside what any user would get from stock libraries,
// and beside the least that could do the job, in one run.
package bench

import (
	"context"

	"github.com/cairn-overlay/cairn/testnet/wan"
)

// Cell is one point of a measurement: how many nodes, where they are, and the seed of
// everything that is drawn.
type Cell struct {
	Nodes int
	Seed  uint64
	// Matrix names the latency model, as it is printed; Model is the model.
	Matrix string
	Model  wan.Model
}

// Metric is one thing that can be measured.
type Metric struct {
	// Name is what people type, in lower case; About is one line of help.
	Name, About string
	// Virtual metrics run in virtual time, inside a bubble; the others read CPU time,
	// memory or disks, and run outside of one.
	Virtual bool
	// Nodes is the size of the cell where nothing is said.
	Nodes int
	// Run measures one cell. It returns what it has, with Result.Partial set, where
	// ctx ends first; say gets messages on how far it is.
	Run func(ctx context.Context, c Cell, say func(format string, args ...any)) (Result, error)
}

// Quantiles of a measurement, at a half, at 99 of 100 and at the end, in the unit of
// its Result: the value at the sorted index floor(q*(n-1)).
type Quantiles struct {
	P50 float64 `json:"p50"`
	P99 float64 `json:"p99"`
	Max float64 `json:"max"`
}

// Delivery says which share of what was to arrive did, 0 to 1; a latency where less
// than all arrived is not worth its name.
type Delivery struct {
	Stock float64 `json:"stock"`
	Ours  float64 `json:"ours"`
}

// Figure is a number beside the main ones, such as hops or copies.
type Figure struct {
	Name  string  `json:"name"`
	Unit  string  `json:"unit"`
	Value float64 `json:"value"`
}

// Samples are the measurements of one arm, for the plots of a report.
type Samples struct {
	Arm    string    `json:"arm"` // "stock", "ours" or "floor"
	Values []float64 `json:"values"`
}

// Result is one metric in one cell. What a metric has not is nil.
type Result struct {
	Metric string `json:"metric"`
	Nodes  int    `json:"nodes"`
	Matrix string `json:"matrix"`
	Seed   uint64 `json:"seed"`
	// Unit of Stock, Ours and Floor: "ms", "B", "MiB", "1/s" and so on.
	Unit string `json:"unit"`

	Delivery *Delivery  `json:"delivery,omitempty"`
	Stock    *Quantiles `json:"stock,omitempty"`
	Ours     *Quantiles `json:"ours,omitempty"`
	Floor    *Quantiles `json:"floor,omitempty"`
	// Ratio is ours over the floor; its keys are those of Quantiles, and what a metric
	// says beside, such as "bytes". Goal has the goals by the same keys.
	Ratio map[string]float64 `json:"ratio,omitempty"`
	Goal  map[string]float64 `json:"goal,omitempty"`
	// Held: every goal was reached, and nothing keeps the figures from being judged.
	Held bool `json:"held"`
	// Partial: the run was ended before its time.
	Partial bool `json:"partial,omitempty"`

	Figures []Figure  `json:"figures,omitempty"`
	Notes   []string  `json:"notes,omitempty"`
	Samples []Samples `json:"samples,omitempty"`
}
