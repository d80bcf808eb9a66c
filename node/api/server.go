package api

import (
	"errors"
	"fmt"
	"io"
	"log/slog"
	"net/http"
	"strconv"

	"github.com/prometheus/client_golang/prometheus"

	"github.com/cairn-overlay/cairn/internal/porter"
)

// Config is what a handler and its server need. Controller is required, and
// Token too where the handler is not behind a unix socket.
type Config struct {
	// Controller is the node.
	Controller Controller
	// Token opens writes and everything that is not public: at least MinToken
	// bytes of printable ASCII without spaces.
	Token string
	// Hosts are further names that may stand in a Host header: with a port, that
	// port; without one, any. The loopback names, and a literal address of the
	// listener, always may, with the listener's own port.
	Hosts []string
	// Origins are the web origins, such as "https://console.example", whose pages
	// may read what is open. None by default.
	Origins []string
	// Logger gets refusals (debug), writes (info) and faults (error); none is silence.
	Logger *slog.Logger
	// Version is shown as the version of the API description.
	Version string
	// Metrics are what /metrics shows beside the handler's own figures.
	Metrics []prometheus.Collector
	// Limits bound what a client can make the server do; zero fields are defaults.
	Limits Limits
}

// Handler serves the API on a TCP listener: Host and Origin are checked, and
// what is not public needs the token. A Config that would leave a door open, by
// an empty or guessable token or by wildcards, is an error.
func Handler(cfg Config) (http.Handler, error) {
	return newServer(cfg, allDefences(), false)
}

// SocketHandler serves the API on a unix socket that only its owner can open: no
// token is asked for and any Host is welcome; every other rule holds. It must
// never stand behind a proxy, since whoever reaches it may do everything.
func SocketHandler(cfg Config) (http.Handler, error) {
	return newServer(cfg, allDefences(), true)
}

// server is the handler behind both doors. It is immutable but for its counters
// and slots, which are safe for concurrent use.
type server struct {
	node     Controller
	log      *slog.Logger
	limits   Limits
	socket   bool // reached through the owner's unix socket
	token    porter.Key
	hosts    map[string]bool
	origins  map[string]bool
	defences []defence
	routes   map[string]resource
	openapi  []byte
	metrics  *metrics
	metered  http.Handler // answers /metrics
	safety   []safetyHeader
	public   chan struct{} // slots of streams without the token
	trusted  chan struct{} // slots of streams with it

	renderings renderings
}

func newServer(cfg Config, defences []defence, socket bool) (*server, error) {
	if cfg.Controller == nil {
		return nil, errors.New("api: no controller")
	}
	if !socket {
		if err := checkToken(cfg.Token); err != nil {
			return nil, fmt.Errorf("api: %w", err)
		}
	}
	hosts, err := allowedHosts(cfg.Hosts)
	if err != nil {
		return nil, fmt.Errorf("api: %w", err)
	}
	origins, err := allowedOrigins(cfg.Origins)
	if err != nil {
		return nil, fmt.Errorf("api: %w", err)
	}
	limits := cfg.Limits.withDefaults()
	s := &server{
		node: cfg.Controller, log: cfg.Logger, limits: limits, socket: socket,
		token: porter.KeyOf(cfg.Token), hosts: hosts, origins: origins,
		defences: defences, routes: resources(routes(limits)), openapi: description(cfg.Version), safety: safetyHeaders(),
		public: make(chan struct{}, limits.Streams), trusted: make(chan struct{}, limits.Streams),
	}
	if s.log == nil {
		s.log = slog.New(slog.DiscardHandler)
	}
	if s.metrics, s.metered, err = newMetrics(cfg.Metrics); err != nil {
		return nil, fmt.Errorf("api: metrics: %w", err)
	}
	for pattern, methods := range s.routes {
		for _, r := range methods {
			r.ok = s.metrics.requests.WithLabelValues(pattern, strconv.Itoa(http.StatusOK))
		}
	}
	return s, nil
}

// ServeHTTP lets a request through the defences, reads its body, and answers.
func (s *server) ServeHTTP(w http.ResponseWriter, r *http.Request) {
	c := &call{w: w, r: r, reader: r.Body}
	defer s.finish(c)
	s.setSafetyHeaders(c)
	for _, d := range s.defences {
		if p := d.check(s, c); p != nil {
			s.refuse(c, p)
			return
		}
	}
	if r.URL.RawQuery != "" {
		c.params = r.URL.Query()
	}
	if c.route.media != "" {
		s.readDeadline(c, s.limits.Body)
		body, err := io.ReadAll(c.reader)
		if err != nil {
			s.refuse(c, bodyProblem(err))
			return
		}
		c.body = body
	}
	if err := c.route.serve(s, c); err != nil {
		s.fail(c, err)
	}
}
