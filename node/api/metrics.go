package api

import (
	"context"
	"net/http"
	"strconv"
	"strings"

	"github.com/prometheus/client_golang/prometheus"
	"github.com/prometheus/client_golang/prometheus/promhttp"
)

// metrics are the counters of one handler, in a registry of its own.
type metrics struct {
	requests *prometheus.CounterVec
	refused  *prometheus.CounterVec
	streams  prometheus.Gauge
	overflow prometheus.Counter
}

// newMetrics registers the handler's counters and the node's status. No label
// ever holds what a client sent.
func newMetrics(node Controller) (*metrics, http.Handler, error) {
	m := &metrics{
		requests: prometheus.NewCounterVec(prometheus.CounterOpts{Name: "cairn_api_requests_total", Help: "Requests by route and status code; 0 is a client that left."}, []string{"route", "code"}),
		refused:  prometheus.NewCounterVec(prometheus.CounterOpts{Name: "cairn_api_refused_total", Help: "Requests that a defence refused, by problem."}, []string{"problem"}),
		streams:  prometheus.NewGauge(prometheus.GaugeOpts{Name: "cairn_api_streams", Help: "Open streams."}),
		overflow: prometheus.NewCounter(prometheus.CounterOpts{Name: "cairn_api_connections_refused_total", Help: "Connections closed because too many were open."}),
	}
	reg := prometheus.NewRegistry()
	for _, c := range []prometheus.Collector{m.requests, m.refused, m.streams, m.overflow, newStatusCollector(node)} {
		if err := reg.Register(c); err != nil {
			return nil, nil, err
		}
	}
	return m, promhttp.HandlerFor(reg, promhttp.HandlerOpts{DisableCompression: true}), nil
}

func (m *metrics) count(route string, code int) {
	m.requests.WithLabelValues(route, strconv.Itoa(code)).Inc()
}

// getMetrics answers in the Prometheus text format, whatever else is asked for.
func (s *server) getMetrics(c *call) error {
	r := c.r.Clone(c.r.Context())
	r.Header = http.Header{"Accept": {"text/plain"}}
	c.code = http.StatusOK
	s.metered.ServeHTTP(c.w, r)
	return nil
}

// statusCollector reads Controller.Status at every scrape.
type statusCollector struct {
	node   Controller
	gauges []statusGauge
	info   *prometheus.Desc
}

type statusGauge struct {
	desc  *prometheus.Desc
	value func(Status) float64
}

func newStatusCollector(node Controller) *statusCollector {
	gauge := func(name, help string, value func(Status) float64) statusGauge {
		return statusGauge{prometheus.NewDesc("cairn_"+name, help, nil, nil), value}
	}
	return &statusCollector{
		node: node,
		info: prometheus.NewDesc("cairn_build_info", "Always 1; the version is the label.", []string{"version"}, nil),
		gauges: []statusGauge{
			gauge("node_ready", "1 where the node answers everything, else 0.", func(s Status) float64 {
				if s.State == StateReady {
					return 1
				}
				return 0
			}),
			gauge("node_uptime_seconds", "Time since the node started.", func(s Status) float64 { return float64(s.UptimeMS) / 1000 }),
			gauge("node_peers", "Connected peers.", func(s Status) float64 { return float64(s.Peers) }),
			gauge("overlay_table_peers", "Peers in the routing table.", func(s Status) float64 { return float64(s.TablePeers) }),
			gauge("overlay_records", "Records held for others and for ourselves.", func(s Status) float64 { return float64(s.Records) }),
			gauge("overlay_leases", "Own leases kept alive.", func(s Status) float64 { return float64(s.Published) }),
			gauge("gossip_peers", "Peers on the fact topic.", func(s Status) float64 { return float64(s.GossipPeers) }),
			gauge("facts_held", "Facts held.", func(s Status) float64 { return float64(s.Facts) }),
			gauge("facts_held_bytes", "Bytes of the facts held.", func(s Status) float64 { return float64(s.FactBytes) }),
			gauge("facts_room_bytes", "Bytes of facts above which the range is halved.", func(s Status) float64 { return float64(s.FactRoom) }),
			gauge("facts_range_bits", "The range of facts is one part in 2^bits of everything.", func(s Status) float64 { return float64(s.RangeBits) }),
			gauge("facts_beyond", "Facts held beyond the range.", func(s Status) float64 { return float64(s.FactsBeyond) }),
			gauge("clock_offset_seconds", "How far the clock is ahead of the peers' clocks, by their median.", func(s Status) float64 { return float64(s.ClockOffsetMS) / 1000 }),
			gauge("clock_peers", "How many peers' clocks are known.", func(s Status) float64 { return float64(s.ClockPeers) }),
			gauge("facts_complete_age_seconds", "Time since the facts were last known to be complete; negative where they never were.", func(s Status) float64 { return float64(s.CompleteAgeMS) / 1000 }),
		},
	}
}

// Describe says nothing: the counters' names come from the node.
func (c *statusCollector) Describe(chan<- *prometheus.Desc) {}

// Collect reads the status once.
func (c *statusCollector) Collect(out chan<- prometheus.Metric) {
	st := c.node.Status(context.Background())
	out <- prometheus.MustNewConstMetric(c.info, prometheus.GaugeValue, 1, strings.ToValidUTF8(st.Version, "?"))
	for _, g := range c.gauges {
		out <- prometheus.MustNewConstMetric(g.desc, prometheus.GaugeValue, g.value(st))
	}
	for name, value := range distinct(st.Counters) {
		help := "The node's counter " + strings.ReplaceAll(strings.TrimSuffix(strings.TrimPrefix(name, "cairn_"), "_total"), "_", " ") + "."
		out <- prometheus.MustNewConstMetric(prometheus.NewDesc(name, help, nil, nil), prometheus.CounterValue, value)
	}
}

// distinct gives each counter its name: cairn_<name>_total. Two that would get
// one name are added up, for a registry refuses doubles altogether.
func distinct(counters map[string]uint64) map[string]float64 {
	named := make(map[string]float64, len(counters))
	for key, value := range counters {
		named[counterName(key)] += float64(value)
	}
	return named
}

// counterName makes a metric name of a counter's key. The names that begin with
// cairn_api_ are this package's.
func counterName(key string) string {
	word := strings.Map(func(r rune) rune {
		switch {
		case r >= 'a' && r <= 'z', r >= '0' && r <= '9':
			return r
		case r >= 'A' && r <= 'Z':
			return r + 'a' - 'A'
		}
		return '_'
	}, key)
	word = strings.TrimSuffix(strings.TrimPrefix(word, "cairn_"), "_total")
	if strings.HasPrefix(word, "api_") {
		word = "node_" + word
	}
	return "cairn_" + word + "_total"
}
