package bench

import (
	"fmt"
	"io"
	"maps"
	"math"
	"slices"
	"strings"
	"text/tabwriter"
	"unicode"
)

// WriteTable writes results for people: a row each, and below what is told beside.
func WriteTable(w io.Writer, results []Result) error {
	table := tabwriter.NewWriter(w, 0, 0, 2, ' ', 0)
	fmt.Fprintln(table, "METRIC\tN\tMATRIX\tSEED\tUNIT\tSTOCK\tOURS\tFLOOR\tOURS/FLOOR\tGOAL\tSTOCK/OURS\tHELD")
	for _, r := range results {
		fmt.Fprintf(table, "%s\t%d\t%s\t%d\t%s\t%s\t%s\t%s\t%s\t%s\t%s\t%s\n", r.Metric, r.Nodes, printable(r.Matrix), r.Seed, r.Unit,
			triple(r.Stock), triple(r.Ours), triple(r.Floor), keyed(r.Ratio), keyed(r.Goal), r.stockOverOurs(), r.verdict())
	}
	if err := table.Flush(); err != nil {
		return err
	}
	fmt.Fprintln(w, "\nArms are p50/p99/max. Goals of rates (1/s) are to be reached at least, all others at most.")
	for _, r := range results {
		if err := writeBeside(w, r); err != nil {
			return err
		}
	}
	return nil
}

// writeBeside writes what a result has beside its row.
func writeBeside(w io.Writer, r Result) error {
	var b strings.Builder
	if r.Delivery != nil {
		stock := "left out"
		if r.Stock != nil {
			stock = percent(r.Delivery.Stock)
		}
		fmt.Fprintf(&b, "  delivered: stock %s, ours %s\n", stock, percent(r.Delivery.Ours))
	}
	for _, f := range r.Figures {
		fmt.Fprintf(&b, "  %s: %s %s\n", printable(f.Name), figure(f.Value), printable(f.Unit))
	}
	for _, note := range r.remarks() {
		fmt.Fprintf(&b, "  %s\n", printable(note))
	}
	if b.Len() == 0 {
		return nil
	}
	_, err := fmt.Fprintf(w, "\n%s, %s, matrix %s, seed %d\n%s", r.Metric, nodesText(r.Nodes), printable(r.Matrix), r.Seed, b.String())
	return err
}

func nodesText(n int) string {
	if n == 1 {
		return "1 node"
	}
	return fmt.Sprintf("%d nodes", n)
}

// remarks are the sentences about a result.
func (r Result) remarks() []string {
	notes := slices.Clone(r.Notes)
	if r.Unjudged != "" {
		notes = append(notes, "no verdict: "+r.Unjudged)
	}
	if r.Refused != "" {
		notes = append(notes, "not measured: "+r.Refused)
	}
	if r.Partial {
		notes = append(notes, "partial: the run was ended before its time")
	}
	return notes
}

// verdict is Held in a word.
func (r Result) verdict() string {
	switch {
	case r.Partial:
		return "partial"
	case r.Refused != "":
		return "refused"
	case r.Unjudged != "":
		return "no verdict"
	case len(r.Goal) == 0:
		return "no goal"
	case r.Held:
		return "yes"
	}
	return "no"
}

// stockOverOurs is the quotient that says that the yardstick is sane, at a half.
func (r Result) stockOverOurs() string {
	if r.Stock == nil || r.Ours == nil || r.Ours.P50 == 0 || r.Stock.P50 == 0 {
		return "-"
	}
	return figure(r.Stock.P50 / r.Ours.P50)
}

func triple(q *Quantiles) string {
	if q == nil {
		return "-"
	}
	if q.P50 == q.P99 && q.P50 == q.Max {
		return figure(q.P50)
	}
	return figure(q.P50) + "/" + figure(q.P99) + "/" + figure(q.Max)
}

// keyed writes the quantiles as a triple where all three are there, and each other
// key with its name.
func keyed(values map[string]float64) string {
	var parts []string
	keys := sortedKeys(values)
	if len(keys) >= 3 && keys[2] == "max" {
		parts = append(parts, figure(values["p50"])+"/"+figure(values["p99"])+"/"+figure(values["max"]))
		keys = keys[3:]
	}
	for _, key := range keys {
		parts = append(parts, key+" "+figure(values[key]))
	}
	if len(parts) == 0 {
		return "-"
	}
	return strings.Join(parts, ", ")
}

// sortedKeys has the quantiles first.
func sortedKeys(values map[string]float64) []string {
	first := []string{"p50", "p99", "max"}
	rank := func(key string) int {
		if i := slices.Index(first, key); i >= 0 {
			return i
		}
		return len(first)
	}
	return slices.SortedFunc(maps.Keys(values), func(a, b string) int {
		if d := rank(a) - rank(b); d != 0 {
			return d
		}
		return strings.Compare(a, b)
	})
}

// figure writes a number with about three digits that say something.
func figure(v float64) string {
	switch size := math.Abs(v); {
	case math.IsInf(v, 0) || math.IsNaN(v):
		return "never"
	case size >= 1e6:
		return fmt.Sprintf("%.3g", v)
	case size >= 100 || v == math.Trunc(v):
		return fmt.Sprintf("%.0f", v)
	case size >= 10:
		return fmt.Sprintf("%.1f", v)
	case size >= 1:
		return fmt.Sprintf("%.2f", v)
	}
	return fmt.Sprintf("%.3g", v)
}

// percent rounds down: all is all.
func percent(share float64) string {
	return fmt.Sprintf("%g %%", math.Floor(share*1e6)/1e4)
}

// printable is s without what could do anything to a terminal.
func printable(s string) string {
	return strings.Map(func(r rune) rune {
		if !unicode.IsPrint(r) {
			return '\uFFFD'
		}
		return r
	}, s)
}
