// Package bench measures Cairn beside what any user would get from stock libraries,
// and beside the least that could do the job, in one run.
//
// A [Metric] is one thing that can be measured, and [Metrics] is all of them. [Run]
// measures the cells of a [Plan] and hands on a [Result] for each. [WriteReport]
// makes one page of results that opens offline, and [WriteDocs] a page for the
// documentation.
//
// Figures come in three arms: stock (the libraries that everybody has, wired as
// anybody would), ours, and the floor (the least that could do the job). The score
// is ours over the floor; stock over ours only says that the yardstick is sane.
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
	// Matrix names the latency model, as it is printed; Model is the model. Metrics
	// that are not virtual have neither.
	Matrix string
	Model  wan.Model
	// Full asks for the long form of a measurement, where a metric has one: as many
	// records, reads and pairs as its goal names.
	Full bool
	// Alone leaves stock libraries out, for the goals alone: most of the time is theirs.
	Alone bool
}

// Metric is one thing that can be measured.
type Metric struct {
	// Name is what people type, in lower case; About is one line of help.
	Name, About string
	// Explained is what the documentation says of it.
	Explained Explanation
	// Virtual metrics run in virtual time, inside a bubble; the others read CPU time,
	// memory or disks, and run outside of one.
	Virtual bool
	// Nodes is the size of the cell where nothing is said.
	Nodes int
	// OwnSize metrics keep it where one size is asked for of several metrics.
	OwnSize bool
	// Memory estimates how many bytes a cell takes at most. Nil is the estimate for
	// whole nodes of both arms, one after the other, where the metric is virtual, and
	// nothing worth to ask for where it is not.
	Memory func(c Cell) uint64
	// Run measures one cell. It returns what it has, with Result.Partial set, where
	// ctx ends first; say gets messages on how far it is.
	Run func(ctx context.Context, c Cell, say func(format string, args ...any)) (Result, error)
}

// Explanation says in words what a metric is; each field is one paragraph of
// Markdown in one line.
type Explanation struct {
	Measures string // what is measured, and how
	Unit     string // the unit of the three arms, and what further keys and figures mean
	Floor    string // what the floor is
	Goal     string // what is to be reached
}

// Quantiles of a measurement, at a half, at 99 of 100 and at the end, in the unit of
// its Result: the value at the sorted index floor(q*(n-1)).
type Quantiles struct {
	P50 float64 `json:"p50"`
	P99 float64 `json:"p99"`
	Max float64 `json:"max"`
}

// Delivery says which share of what was to arrive did, 0 to 1; a latency where less
// than all arrived is not worth its name. Stock is 0 where it was left out.
type Delivery struct {
	Stock float64 `json:"stock,omitempty"`
	Ours  float64 `json:"ours"`
}

// Figure is a number beside the main ones, such as hops or copies. Its name is one
// word, as in a key of JSON.
type Figure struct {
	Name  string  `json:"name"`
	Unit  string  `json:"unit"`
	Value float64 `json:"value"`
}

// The arms of Samples and of series.
const (
	ArmStock = "stock"
	ArmOurs  = "ours"
	ArmFloor = "floor"
)

// Samples are the measurements of one arm; a report shows their distribution.
type Samples struct {
	Arm    string    `json:"arm"` // ArmStock, ArmOurs or ArmFloor
	Values []float64 `json:"values"`
}

// Plot is a drawing beside the distributions, such as the spread of a message over
// time or a count of hops.
type Plot struct {
	Title string `json:"title"`
	// XAxis and YAxis name what is drawn, with the unit: "time since the call, ms".
	XAxis string `json:"x_axis"`
	YAxis string `json:"y_axis"`
	// Bars are for counts at whole numbers, such as hops; else lines.
	Bars   bool     `json:"bars,omitempty"`
	Series []Series `json:"series"`
}

// Series is one line of a plot: points by rising X.
type Series struct {
	Name string    `json:"name"` // an arm, which gives the colour, or words
	X    []float64 `json:"x"`
	Y    []float64 `json:"y"`
}

// NoMatrix is the matrix of cells in which no latency plays a part.
const NoMatrix = "none"

// Result is one metric in one cell. What a metric has not is nil.
type Result struct {
	Metric string `json:"metric"`
	Nodes  int    `json:"nodes"`
	Matrix string `json:"matrix"`
	Seed   uint64 `json:"seed"`
	// Unit of Stock, Ours and Floor: "ms", "B", "MiB", "1/s" and so on. The goals of
	// a rate (1/s) are to be reached at least, all others at most.
	Unit string `json:"unit"`

	Delivery *Delivery  `json:"delivery,omitempty"`
	Stock    *Quantiles `json:"stock,omitempty"`
	Ours     *Quantiles `json:"ours,omitempty"`
	Floor    *Quantiles `json:"floor,omitempty"`
	// Ratio is ours over the floor; its keys are those of Quantiles, and what a metric
	// says beside, such as "bytes". Goal has the goals by the same keys; a key that is
	// not in Ratio is the name of a figure.
	Ratio map[string]float64 `json:"ratio,omitempty"`
	Goal  map[string]float64 `json:"goal,omitempty"`
	// Held: every goal was reached, and nothing keeps the figures from being judged.
	// Judge sets it after a Metric's Run.
	Held bool `json:"held"`
	// Unjudged says why there is no verdict, such as a floor that was not steady.
	Unjudged string `json:"unjudged,omitempty"`
	// Partial: the run was ended before its time.
	Partial bool `json:"partial,omitempty"`
	// Refused says why there are no figures.
	Refused string `json:"refused,omitempty"`

	Figures []Figure  `json:"figures,omitempty"`
	Notes   []string  `json:"notes,omitempty"`
	Samples []Samples `json:"samples,omitempty"`
	Plots   []Plot    `json:"plots,omitempty"`
}
