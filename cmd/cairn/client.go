package main

import (
	"context"
	"fmt"
	"os"

	"github.com/cairn-overlay/cairn/node/api"
)

// target is the URL of a daemon elsewhere, or "" for the one on the data
// directory. What was typed goes before the environment.
func (g *global) target(e env) string {
	if g.API != "" || g.Dir != "" {
		return g.API
	}
	return e.getenv("CAIRN_API")
}

// dial returns a client of the daemon. The caller closes it.
func (s *session) dial() (*api.Client, error) {
	if url := s.global.target(s.env); url != "" {
		token, err := s.token()
		if err != nil {
			return nil, err
		}
		s.log.Debug("daemon", "api", url)
		c, err := api.Dial(url, token)
		if err != nil {
			return nil, usage(err, "--api takes a URL such as http://"+exampleAPI)
		}
		return c, nil
	}
	dir, err := s.dir()
	if err != nil {
		return nil, err
	}
	s.log.Debug("daemon", "dir", dir)
	return api.DialDir(dir)
}

// withDaemon calls fn with a client and a context that ends with --timeout.
func (s *session) withDaemon(fn func(context.Context, *api.Client) error) error {
	return s.withStream(func(ctx context.Context, c *api.Client) error {
		ctx, cancel := context.WithTimeout(ctx, s.global.Timeout)
		defer cancel()
		return fn(ctx, c)
	})
}

// withStream is withDaemon for what goes on until it is interrupted.
func (s *session) withStream(fn func(context.Context, *api.Client) error) error {
	c, err := s.dial()
	if err != nil {
		return err
	}
	defer c.Close()
	return fn(s.ctx, c)
}

// token is the configured API token: that of --token-file, else $CAIRN_TOKEN.
func (s *session) token() (string, error) {
	if s.global.TokenFile == "" {
		return s.env.getenv("CAIRN_TOKEN"), nil
	}
	if _, err := os.Stat(s.global.TokenFile); err != nil {
		return "", usage(fmt.Errorf("token: %w", err), "write the token into a file of mode 0600 and name it with --token-file")
	}
	return api.EnsureToken(s.global.TokenFile)
}
