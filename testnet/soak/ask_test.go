//go:build soak

package soak

import (
	"context"
	"encoding/json"
	"fmt"
	"io"
	"net/http"
	"time"
)

// client keeps its connections: what is measured is an answer, not a handshake.
var client = &http.Client{
	Timeout:   20 * time.Second,
	Transport: &http.Transport{MaxIdleConnsPerHost: 32, DisableCompression: true},
}

// answer is what a daemon says about an agent.
type answer struct {
	code     int
	Sequence uint64
	URLs     []string
	took     time.Duration
}

// String tells the answer in a message.
func (a answer) String() string {
	if a.code != http.StatusOK {
		return fmt.Sprintf("%d", a.code)
	}
	return fmt.Sprintf("200 with sequence %d at %v", a.Sequence, a.URLs)
}

// ask asks a daemon for an agent over HTTP.
func (d *node) ask(ctx context.Context, id string) (answer, error) {
	req, err := http.NewRequestWithContext(ctx, http.MethodGet, d.url+"/v1/agents/"+id, nil)
	if err != nil {
		return answer{}, err
	}
	start := time.Now()
	res, err := client.Do(req)
	if err != nil {
		return answer{}, err
	}
	defer res.Body.Close()
	body, err := io.ReadAll(res.Body)
	a := answer{code: res.StatusCode, took: time.Since(start)}
	if err != nil || a.code != http.StatusOK {
		return a, err
	}
	return a, a.read(body)
}

// read takes the record out of the body.
func (a *answer) read(body []byte) error {
	var r struct {
		Record struct {
			Sequence  uint64 `json:"seq"`
			Endpoints []struct {
				URL string `json:"url"`
			} `json:"endpoints"`
		} `json:"record"`
	}
	if err := json.Unmarshal(body, &r); err != nil {
		return fmt.Errorf("its answer is no JSON: %w", err)
	}
	a.Sequence = r.Record.Sequence
	for _, e := range r.Record.Endpoints {
		a.URLs = append(a.URLs, e.URL)
	}
	return nil
}

// until looks at a condition every pause until it holds or ctx ends, and reports
// whether it held.
func until(ctx context.Context, pause time.Duration, holds func() bool) bool {
	tick := time.NewTicker(pause)
	defer tick.Stop()
	for !holds() {
		select {
		case <-tick.C:
		case <-ctx.Done():
			return false
		}
	}
	return true
}
