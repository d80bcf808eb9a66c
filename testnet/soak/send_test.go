//go:build soak

package soak

import (
	"context"
	"errors"
	"fmt"
	"os"
	"path/filepath"

	"github.com/cairn-overlay/cairn/node/api"
	"github.com/cairn-overlay/cairn/node/keyring"
)

// errLost marks what must not happen, whoever was killed.
var errLost = errors.New("lost")

// allowed are the kinds of problem that a daemon in the middle of a start, or whose
// peers die, may answer a write with.
var allowed = map[string]bool{"not-ready": true, "unverified": true, "stopping": true, "timeout": true, "busy": true, "too-few": true}

// send publishes through a daemon: its socket, or now and then the command.
func (w *writer) send(ctx context.Context, to *node, req api.PublishRequest) (res api.PublishResult, err error) {
	ctx, cancel := context.WithTimeout(ctx, writeLimit)
	defer cancel()
	if w.dice.IntN(byCommand) > 0 {
		c, err := api.DialDir(to.dir)
		if err != nil {
			return res, err
		}
		defer c.Close()
		return c.Publish(ctx, req)
	}
	file := filepath.Join(w.fleet.root, fmt.Sprintf("card-%d.json", w.number))
	if err := os.WriteFile(file, req.Document, 0o600); err != nil {
		return res, err
	}
	args := []string{"publish", file, "--dir", to.dir, "-o", "json"}
	if req.Agent != "" {
		args = append(args, "--agent", req.Agent)
	}
	return res, w.command(ctx, &res, args...)
}

// reveal revokes through a daemon: its socket, or now and then the command.
func (w *writer) reveal(ctx context.Context, to *node, a keyring.Agent) (res api.RevokeResult, err error) {
	ctx, cancel := context.WithTimeout(ctx, writeLimit)
	defer cancel()
	if w.dice.IntN(byCommand) == 0 {
		return res, w.command(ctx, &res, "revoke", "--cert", a.CertificatePath, "--dir", to.dir, "-o", "json")
	}
	t, err := keyring.ReadCertificate(a.CertificatePath)
	if err != nil {
		return res, errors.Join(errLost, err)
	}
	c, err := api.DialDir(to.dir)
	if err != nil {
		return res, err
	}
	defer c.Close()
	return c.Revoke(ctx, t)
}

// command runs a write as a command. One that succeeds and says nothing is no JSON.
func (w *writer) command(ctx context.Context, into any, args ...string) error {
	e, err := cairn(ctx, args...)
	if err == nil {
		err = e.written(into)
	}
	return err
}

// refused counts why a write was not acknowledged. That its daemon is away is no
// fault; that it refuses a write which is in order is one.
func (w *writer) refused(ctx context.Context, err error) {
	if ctx.Err() != nil {
		return
	}
	w.no++
	why, fine := "the connection failed", true
	if p, ok := errors.AsType[*api.Problem](err); ok {
		why, fine = "problem: "+p.Name(), allowed[p.Name()]
	} else if e, ok := errors.AsType[*exitError](err); ok {
		why, fine = fmt.Sprintf("command: exit code %d", e.code), e.code == exitFailed || e.code == exitUnverified
	} else if errors.Is(err, api.ErrNotRunning) {
		why = "nothing listens"
	} else if errors.Is(err, context.DeadlineExceeded) {
		why = "no answer in time"
	}
	w.failed[why]++
	if !fine || errors.Is(err, errLost) {
		w.t.Errorf("writer %d: %v", w.number, err)
	}
}
