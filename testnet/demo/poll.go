package demo

import (
	"context"
	"fmt"
	"io"
	"net/http"
	"sync"
	"time"
)

// pollEvery is the pause between two questions to one daemon: short enough to
// measure milliseconds, long enough to leave the machine to the daemons.
const pollEvery = 3 * time.Millisecond

// watch asks one daemon over HTTP for one agent, over and over.
type watch struct {
	daemon *daemon
	url    string

	mu      sync.Mutex
	alive   int       // answers 200; owned by mu
	last    int       // last status code; owned by mu
	lived   time.Time // last answer 200; owned by mu
	refused time.Time // first answer 410; owned by mu
}

// run asks until ctx ends or the daemon refuses.
func (w *watch) run(ctx context.Context, client *http.Client) {
	tick := time.NewTicker(pollEvery)
	defer tick.Stop()
	for {
		if code, err := get(ctx, client, w.url); err == nil && w.note(code) {
			return
		}
		select {
		case <-tick.C:
		case <-ctx.Done():
			return
		}
	}
}

// note enters an answer and reports whether it is the refusal.
func (w *watch) note(code int) bool {
	w.mu.Lock()
	defer w.mu.Unlock()
	w.last = code
	switch code {
	case http.StatusOK:
		w.alive++
		w.lived = time.Now()
	case http.StatusGone:
		w.refused = time.Now()
		return true
	}
	return false
}

// refusal returns when the daemon first refused the agent.
func (w *watch) refusal() (time.Time, bool) {
	w.mu.Lock()
	defer w.mu.Unlock()
	return w.refused, !w.refused.IsZero()
}

// answered returns how often the daemon called the agent active, and its last
// status code.
func (w *watch) answered() (alive, last int) {
	w.mu.Lock()
	defer w.mu.Unlock()
	return w.alive, w.last
}

// get returns the status code of one question.
func get(ctx context.Context, client *http.Client, url string) (int, error) {
	req, err := http.NewRequestWithContext(ctx, http.MethodGet, url, nil)
	if err != nil {
		return 0, err
	}
	res, err := client.Do(req)
	if err != nil {
		return 0, err
	}
	defer res.Body.Close()
	_, err = io.Copy(io.Discard, res.Body) // so that the connection serves again
	return res.StatusCode, err
}

// until looks at a condition until it holds.
func until(ctx context.Context, what string, cond func() bool) error {
	ctx, cancel := context.WithTimeout(ctx, patience)
	defer cancel()
	for !cond() {
		select {
		case <-time.After(lookEvery):
		case <-ctx.Done():
			return fmt.Errorf("never: %s: %w", what, ctx.Err())
		}
	}
	return nil
}

// agentURL is where a daemon answers about an agent.
func agentURL(api, id string) string { return api + "/v1/agents/" + id }
