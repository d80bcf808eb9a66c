package metrics

import (
	"strings"
	"time"

	"github.com/prometheus/client_golang/prometheus"
)

// Reading is what a node shows at one moment, by name; what ends in _total only grows.
type Reading map[string]float64

// Metrics is a collector of all that [Families] names. It is safe for concurrent use.
type Metrics struct {
	version string
	read    func() Reading
	shown   []shown
	taken   map[string]bool // the readings that the table shows
	timers  map[string]*prometheus.HistogramVec
	info    *prometheus.Desc
}

// shown is one time series of the table.
type shown struct {
	reading string
	desc    *prometheus.Desc
	kind    prometheus.ValueType
	labels  []string
}

// New returns the metrics of a node of that version. read is called once for each scrape.
func New(version string, read func() Reading) *Metrics {
	m := &Metrics{
		version: strings.ToValidUTF8(version, "?"), read: read,
		taken: make(map[string]bool), timers: make(map[string]*prometheus.HistogramVec),
		info: prometheus.NewDesc("cairn_build_info", "Always 1; the version is the label.", []string{"version"}, nil),
	}
	for _, f := range Families() {
		if f.Kind == Histogram {
			m.timers[f.Name] = newTimer(f)
			continue
		}
		m.show(f)
	}
	return m
}

// show adds a row of the table.
func (m *Metrics) show(f Family) {
	desc, kind := prometheus.NewDesc(f.Name, f.Help, f.labels(), nil), prometheus.CounterValue
	if f.Kind == Gauge {
		kind = prometheus.GaugeValue
	}
	for _, value := range f.values() {
		one := shown{reading: f.reading(value), desc: desc, kind: kind}
		if f.Label != "" {
			one.labels = []string{value}
		}
		m.shown, m.taken[one.reading] = append(m.shown, one), true
	}
}

// newTimer is a histogram all of whose series are there from the start.
func newTimer(f Family) *prometheus.HistogramVec {
	h := prometheus.NewHistogramVec(prometheus.HistogramOpts{Name: f.Name, Help: f.Help, Buckets: buckets()}, f.labels())
	for _, value := range f.values() {
		if f.Label == "" {
			h.WithLabelValues()
		} else {
			h.WithLabelValues(value)
		}
	}
	return h
}

// buckets are those of every histogram, in seconds: from what memory takes to what nobody
// waits for.
func buckets() []float64 {
	return []float64{.0001, .00025, .0005, .001, .0025, .005, .01, .025, .05, .1, .25, .5, 1, 2.5, 5, 10}
}

// Describe says nothing: what there is follows from the readings.
func (m *Metrics) Describe(chan<- *prometheus.Desc) {}

// Collect reads the node once. A counter that the table lacks is shown too, under the name
// that follows from its own: nothing is counted unseen.
func (m *Metrics) Collect(out chan<- prometheus.Metric) {
	now := m.read()
	out <- prometheus.MustNewConstMetric(m.info, prometheus.GaugeValue, 1, m.version)
	for _, s := range m.shown {
		out <- prometheus.MustNewConstMetric(s.desc, s.kind, now[s.reading], s.labels...)
	}
	for _, h := range m.timers {
		h.Collect(out)
	}
	for name, value := range now {
		if !m.taken[name] {
			out <- unlisted(name, value)
		}
	}
}

// unlisted shows what the table lacks. Its name cannot meet one of the table's.
func unlisted(name string, value float64) prometheus.Metric {
	kind := prometheus.GaugeValue
	if strings.HasSuffix(name, "_total") {
		kind = prometheus.CounterValue
	}
	help := "The node's " + strings.ReplaceAll(name, "_", " ") + "."
	return prometheus.MustNewConstMetric(prometheus.NewDesc(prefix+"other_"+name, help, nil, nil), kind, value)
}

// Resolved notes an answer: one of the sources of [Families], and how long it took.
func (m *Metrics) Resolved(source string, took time.Duration) {
	m.observe(resolveSeconds, took, source)
}

// Published notes a value that was put to the closest nodes: to enough of them or not.
func (m *Metrics) Published(enough bool, took time.Duration) {
	m.observe(publishSeconds, took, outcome(enough))
}

// Revoked notes a revocation by this node, and whether there is evidence that it spread.
func (m *Metrics) Revoked(confirmed bool, took time.Duration) {
	m.observe(revokeSeconds, took, outcome(confirmed))
}

// Witnessed notes after how long somebody had a revocation of this node's, at the latest.
func (m *Metrics) Witnessed(by time.Duration) { m.observe(spreadWitness, by) }

// Travelled notes how long the way was that a fact took here.
func (m *Metrics) Travelled(way time.Duration) { m.observe(spreadPath, way) }

// Reconciled notes a reconciliation by its end: complete, apart or failed.
func (m *Metrics) Reconciled(end string, took time.Duration) { m.observe(syncSeconds, took, end) }

func (m *Metrics) observe(name string, took time.Duration, labels ...string) {
	m.timers[name].WithLabelValues(labels...).Observe(took.Seconds())
}

func outcome(good bool) string {
	if good {
		return outcomes[0]
	}
	return outcomes[1]
}
