package traces

import (
	"bytes"
	"context"
	"encoding/json"
	"fmt"
	"io"
	"log/slog"
	"net/http"
	"net/url"
	"strconv"
	"sync"
	"time"
)

const (
	maxQueue   = 4096             // spans that wait; what comes beyond is dropped
	maxBatch   = 512              // spans in one request
	gather     = time.Second      // how long the first span waits for others
	postLimit  = 10 * time.Second // for one request
	closeLimit = 2 * time.Second  // for all that is left at Close
	maxAnswer  = 64 << 10         // bytes of an answer that are read
)

// Config says where spans go.
type Config struct {
	// Endpoint is the collector's base URL, http or https, such as "http://127.0.0.1:4318"; spans
	// are posted to its path v1/traces.
	Endpoint string
	// Resource says who sends, such as service.name.
	Resource []Attribute
	// Logger hears when the collector is lost and found; nil discards.
	Logger *slog.Logger
}

// Check returns why an endpoint is none.
func Check(endpoint string) error {
	_, err := target(endpoint)
	return err
}

func target(endpoint string) (string, error) {
	u, err := url.Parse(endpoint)
	if err != nil || u.Scheme != "http" && u.Scheme != "https" || u.Host == "" || u.User != nil || u.RawQuery != "" || u.Fragment != "" {
		return "", fmt.Errorf("%.100q: want the URL of a collector of OTLP over HTTP, such as http://127.0.0.1:4318", endpoint)
	}
	return u.JoinPath("v1/traces").String(), nil
}

// Sender sends spans from a queue. Nil records nothing.
type Sender struct {
	target   string
	resource []property
	log      *slog.Logger
	client   http.Client

	more chan struct{} // holds a token where the queue may have something
	stop chan struct{}
	done chan struct{}
	ctx  context.Context // bounds requests
	end  context.CancelFunc

	mu     sync.Mutex
	queue  []span // owned by mu
	stats  Stats  // owned by mu
	closed bool   // owned by mu
}

// Stats counts spans by what became of them.
type Stats struct {
	Sent    uint64 // the collector took them
	Dropped uint64 // the queue was full
	Refused uint64 // the collector was not there, or did not take them
}

// New returns a sender that runs until Close.
func New(cfg Config) (*Sender, error) {
	at, err := target(cfg.Endpoint)
	if err != nil {
		return nil, err
	}
	s := &Sender{
		target: at, resource: properties(cfg.Resource), log: cfg.Logger,
		more: make(chan struct{}, 1), stop: make(chan struct{}), done: make(chan struct{}),
	}
	if s.log == nil {
		s.log = slog.New(slog.DiscardHandler)
	}
	// A transport of its own, since Close closes its connections, and an embedder may have put
	// anything in the default one's place. Spans go to whom the
	// operator named, and to nobody whom that one names.
	transport := &http.Transport{Proxy: http.ProxyFromEnvironment, ForceAttemptHTTP2: true}
	s.client.Transport = transport
	s.client.CheckRedirect = func(*http.Request, []*http.Request) error { return http.ErrUseLastResponse }
	s.ctx, s.end = context.WithCancel(context.Background())
	go func() {
		defer close(s.done)
		defer transport.CloseIdleConnections()
		s.run()
	}()
	return s, nil
}

// Close sends what waits, for at most two seconds, and ends the sender.
func (s *Sender) Close() error {
	if s == nil {
		return nil
	}
	s.mu.Lock()
	first := !s.closed
	s.closed = true
	s.mu.Unlock()
	if first {
		close(s.stop)
	}
	limit := time.AfterFunc(closeLimit, s.end)
	defer limit.Stop()
	<-s.done
	s.end()
	return nil
}

// Stats returns what became of all spans so far.
func (s *Sender) Stats() Stats {
	if s == nil {
		return Stats{}
	}
	s.mu.Lock()
	defer s.mu.Unlock()
	return s.stats
}

// add queues the spans of a call, or drops them all.
func (s *Sender) add(spans []span) {
	s.mu.Lock()
	fits := !s.closed && len(s.queue)+len(spans) <= maxQueue
	if fits {
		s.queue = append(s.queue, spans...)
	} else {
		s.stats.Dropped += uint64(len(spans))
	}
	s.mu.Unlock()
	if fits {
		select {
		case s.more <- struct{}{}:
		default:
		}
	}
}

// take returns the next batch, empty where nothing waits.
func (s *Sender) take() []span {
	s.mu.Lock()
	defer s.mu.Unlock()
	n := min(len(s.queue), maxBatch)
	batch := s.queue[:n:n]
	if s.queue = s.queue[n:]; len(s.queue) == 0 {
		s.queue = nil
	}
	return batch
}

func (s *Sender) run() {
	for last, lost := false, false; !last; {
		select {
		case <-s.more:
			pause := time.NewTimer(gather)
			select {
			case <-pause.C:
			case <-s.stop:
				last = true
			}
			pause.Stop()
		case <-s.stop:
			last = true
		}
		for batch := s.take(); len(batch) > 0; batch = s.take() {
			refused, err := s.post(batch)
			s.mu.Lock()
			s.stats.Sent += uint64(len(batch) - refused)
			s.stats.Refused += uint64(refused)
			s.mu.Unlock()
			switch {
			case err != nil && !lost:
				s.log.Warn("spans are not taken; they are dropped until they are", "collector", s.target, "err", err)
			case err == nil && lost:
				s.log.Info("spans are taken again", "collector", s.target)
			}
			lost = err != nil
		}
	}
}

// post sends a batch and returns how many of its spans were not taken, and why. It does not try
// again: what comes later tells more than what failed.
func (s *Sender) post(batch []span) (refused int, err error) {
	body, err := json.Marshal(map[string]any{"resourceSpans": []any{map[string]any{
		"resource":   map[string]any{"attributes": s.resource},
		"scopeSpans": []any{map[string]any{"scope": map[string]any{"name": "cairn"}, "spans": batch}},
	}}})
	if err != nil {
		return len(batch), err
	}
	ctx, cancel := context.WithTimeout(s.ctx, postLimit)
	defer cancel()
	req, err := http.NewRequestWithContext(ctx, http.MethodPost, s.target, bytes.NewReader(body))
	if err != nil {
		return len(batch), err
	}
	req.Header.Set("Content-Type", "application/json")
	resp, err := s.client.Do(req)
	if err != nil {
		return len(batch), err
	}
	defer resp.Body.Close()
	answer, err := io.ReadAll(io.LimitReader(resp.Body, maxAnswer))
	if err == nil && resp.StatusCode != http.StatusOK {
		err = fmt.Errorf("it answered %s", resp.Status)
	}
	if err != nil {
		return len(batch), err
	}
	return rejected(answer, len(batch))
}

// rejected reads from the answer to a batch of so many how many of them were not taken.
func rejected(answer []byte, of int) (int, error) {
	var a struct {
		Partial struct {
			Rejected json.RawMessage `json:"rejectedSpans"` // a number, or its text
			Message  string          `json:"errorMessage"`
		} `json:"partialSuccess"`
	}
	if json.Unmarshal(answer, &a) != nil {
		return 0, nil // it took them, and says nothing that is understood
	}
	n, err := strconv.ParseUint(string(bytes.Trim(a.Partial.Rejected, `"`)), 10, 64)
	if err != nil || n == 0 {
		return 0, nil
	}
	return int(min(n, uint64(of))), fmt.Errorf("it took some only: %s", clip(a.Partial.Message))
}
