package main

import (
	"context"
	"errors"
	"fmt"
	"io"
	"log/slog"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"time"

	"github.com/cairn-overlay/cairn/node/api"
	"github.com/cairn-overlay/cairn/node/keyring"
)

// session is what one run of a verb has at hand.
type session struct {
	ctx    context.Context
	env    env
	global *global
	log    *slog.Logger
}

// begin checks what all verbs have in common. verb is the chosen verb's struct.
func (s *session) begin(verb any) error {
	if _, ok := verb.(rawDoc); s.global.Output == raw && !ok {
		return badInput("use -o human, json or jsonl", "this verb has no raw form")
	}
	if s.global.Timeout <= 0 {
		return badInput("give a duration such as --timeout 10s", "--timeout %s is not positive", s.global.Timeout)
	}
	var level slog.Level
	if err := level.UnmarshalText([]byte(s.global.LogLevel)); err != nil {
		return usage(err, "use debug, info, warn or error")
	}
	s.log = slog.New(slog.NewTextHandler(s.env.stderr, &slog.HandlerOptions{Level: level}))
	return nil
}

// finish says what went wrong, with the next step, and returns the exit code.
func (s *session) finish(err error) exitCode {
	if err == nil {
		return exitOK
	}
	var code exitCode
	if errors.As(err, &code) {
		return code
	}
	if s.ctx.Err() != nil && (errors.Is(err, context.Canceled) || errors.Is(err, context.Cause(s.ctx))) {
		s.say("interrupted")
		return exitFailed
	}
	s.say("%s", explain(err))
	if next := s.nextStep(err); next != "" {
		s.say("%s", next)
	}
	return codeOf(err)
}

// explain is the text of an error.
func explain(err error) string {
	if errors.Is(err, context.DeadlineExceeded) {
		return "no answer in time: " + err.Error()
	}
	return err.Error()
}

// dir is the data directory: --dir, $CAIRN_DIR, or ~/.cairn.
func (s *session) dir() (string, error) {
	dir := s.global.Dir
	if dir == "" {
		dir = s.env.getenv("CAIRN_DIR")
	}
	if dir == "" {
		home, err := os.UserHomeDir()
		if err != nil {
			return "", usage(fmt.Errorf("no data directory: %w", err), "name one with --dir or $CAIRN_DIR")
		}
		dir = filepath.Join(home, ".cairn")
	}
	return filepath.Abs(dir)
}

// dirFlag is what to add to a suggested command so that it means the same directory.
func (s *session) dirFlag() string {
	if s.global.Dir == "" {
		return ""
	}
	return " --dir " + s.global.Dir
}

// keys opens the agents' keys under the data directory.
func (s *session) keys() (*keyring.Keyring, error) {
	dir, err := s.dir()
	if err != nil {
		return nil, err
	}
	return keyring.Open(dir)
}

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

// readInput reads a file, or stdin where name is "-", of at most limit bytes.
func (s *session) readInput(name string, limit int64) ([]byte, error) {
	var r io.Reader = s.env.stdin
	if name == "-" {
		if isTerminal(s.env.stdin) {
			s.say("reading from the terminal, end with Ctrl-D")
		}
	} else {
		f, err := os.Open(name)
		if err != nil {
			return nil, usage(err, "name a file, or - for standard input")
		}
		defer f.Close()
		r = f
	}
	b, err := readAll(s.ctx, r, limit+1)
	if err != nil {
		return nil, usage(err, "name a file, or - for standard input")
	}
	if int64(len(b)) > limit {
		return nil, badInput("", "%s is too large: more than %d bytes", name, limit)
	}
	return b, nil
}

// readAll reads at most limit bytes, or until ctx ends: a reader that never
// answers does not hold up an interrupt.
func readAll(ctx context.Context, r io.Reader, limit int64) ([]byte, error) {
	type result struct {
		b   []byte
		err error
	}
	done := make(chan result, 1)
	go func() {
		b, err := io.ReadAll(io.LimitReader(r, limit))
		done <- result{b, err}
	}()
	select {
	case res := <-done:
		return res.b, res.err
	case <-ctx.Done():
		return nil, ctx.Err()
	}
}

// showTime is an instant for people, with how far away it is.
func showTime(t time.Time) string {
	if t.IsZero() {
		return ""
	}
	d := time.Until(t).Round(time.Second)
	if d < 0 {
		return fmt.Sprintf("%s (%s ago)", t.UTC().Format(time.RFC3339), showSpan(-d))
	}
	return fmt.Sprintf("%s (in %s)", t.UTC().Format(time.RFC3339), showSpan(d))
}

// showSpan is a duration for people: two units at most.
func showSpan(d time.Duration) string {
	switch {
	case d >= 48*time.Hour:
		return fmt.Sprintf("%d days", d.Round(24*time.Hour)/(24*time.Hour))
	case d >= time.Hour:
		return fmt.Sprintf("%dh%02dm", d/time.Hour, d%time.Hour/time.Minute)
	case d >= time.Minute:
		return fmt.Sprintf("%dm%02ds", d/time.Minute, d%time.Minute/time.Second)
	}
	return d.Round(time.Second).String()
}

// count is "1 peer" or "3 peers".
func count(n int, what string) string {
	if n == 1 {
		return "1 " + what
	}
	return fmt.Sprintf("%d %ss", n, what)
}

// words joins those that are not empty.
func words(parts ...string) string {
	return strings.Join(slices.DeleteFunc(parts, func(p string) bool { return p == "" }), "  ")
}
