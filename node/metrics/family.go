package metrics

import "strings"

// Kind is what a metric is, in Prometheus' words.
type Kind string

// The kinds.
const (
	Counter   Kind = "counter"
	Gauge     Kind = "gauge"
	Histogram Kind = "histogram"
)

// Family is one metric.
type Family struct {
	Name string
	Kind Kind
	// Help is one line; it says the unit where the name does not.
	Help string
	// Label is the only label; empty: there is none. Values are all that it takes.
	Label  string
	Values []string
	// Reading names what is shown, see [Reading]; a * in it stands for the label's value,
	// with _ for -. Empty: the name without "cairn_". A histogram has none.
	Reading string
}

// reading is the name of what is shown for a value of the label.
func (f Family) reading(value string) string {
	name := f.Reading
	if name == "" {
		name = strings.TrimPrefix(f.Name, prefix)
	}
	return strings.Replace(name, "*", strings.ReplaceAll(value, "-", "_"), 1)
}

// Readings are the names of all that is shown, see [Reading]; a histogram has none.
func (f Family) Readings() (names []string) {
	if f.Kind == Histogram {
		return nil
	}
	for _, value := range f.values() {
		names = append(names, f.reading(value))
	}
	return names
}

// values are those of the label; one empty value where there is no label.
func (f Family) values() []string {
	if f.Label == "" {
		return []string{""}
	}
	return f.Values
}

// labels is the list of label names that the libraries want.
func (f Family) labels() []string {
	if f.Label == "" {
		return nil
	}
	return []string{f.Label}
}

// prefix is how every name begins.
const prefix = "cairn_"
