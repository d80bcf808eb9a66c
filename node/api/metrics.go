package api

import (
	"net/http"
	"strconv"

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

// newMetrics registers the handler's counters and what else is to be shown. No label
// ever holds what a client sent.
func newMetrics(others []prometheus.Collector) (*metrics, http.Handler, error) {
	m := &metrics{
		requests: prometheus.NewCounterVec(prometheus.CounterOpts{Name: "cairn_api_requests_total", Help: "Requests by route and status code; 0 is a client that left."}, []string{"route", "code"}),
		refused:  prometheus.NewCounterVec(prometheus.CounterOpts{Name: "cairn_api_refused_total", Help: "Requests that a defence refused, by problem."}, []string{"problem"}),
		streams:  prometheus.NewGauge(prometheus.GaugeOpts{Name: "cairn_api_streams", Help: "Open streams."}),
		overflow: prometheus.NewCounter(prometheus.CounterOpts{Name: "cairn_api_connections_refused_total", Help: "Connections closed because too many were open."}),
	}
	reg := prometheus.NewRegistry()
	for _, c := range append([]prometheus.Collector{m.requests, m.refused, m.streams, m.overflow}, others...) {
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
