package main

import (
	"context"
	"errors"
	"fmt"
	"time"

	"github.com/cairn-overlay/cairn/node/api"
)

// stopPoll is how often stop looks whether the daemon is gone.
const stopPoll = 50 * time.Millisecond

type stopCmd struct{}

func (stopCmd) Help() string {
	return `Asks the daemon to stop and waits until it has: after that the data directory is free. Published records stay with the nodes that hold them until their leases end.

    cairn stop
    cairn stop --dir a --timeout 30s`
}

type stopResult struct {
	Stopped bool `json:"stopped"`
}

// Run stops the daemon.
func (stopCmd) Run(s *session) error {
	endpoint, err := s.endpoint()
	if err != nil {
		return err
	}
	return s.withDaemon(func(ctx context.Context, c *api.Client) error {
		if err := c.Stop(ctx); err != nil {
			return err
		}
		if err := waitGone(ctx, c, endpoint.PID); err != nil {
			return fmt.Errorf("the daemon was asked to stop and is still there: %w", err)
		}
		return s.print(stopResult{Stopped: true})
	})
}

// endpoint says which process is the daemon on the data directory; a daemon
// behind --api is the zero endpoint.
func (s *session) endpoint() (api.Endpoint, error) {
	if s.global.target(s.env) != "" {
		return api.Endpoint{}, nil
	}
	dir, err := s.dir()
	if err != nil {
		return api.Endpoint{}, err
	}
	return api.ReadEndpoint(dir)
}

// waitGone returns once nothing listens any more and the process has ended.
func waitGone(ctx context.Context, c *api.Client, pid int) error {
	tick := time.NewTicker(stopPoll)
	defer tick.Stop()
	for {
		_, err := c.Status(ctx)
		if errors.Is(err, api.ErrNotRunning) && !processAlive(pid) {
			return nil
		}
		select {
		case <-tick.C:
		case <-ctx.Done():
			return ctx.Err()
		}
	}
}

func (stopResult) show(t *text) { t.line("the daemon has stopped") }
