package demo

import (
	"bytes"
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"os/exec"
	"slices"
	"strings"
	"time"
)

// exitUsage is the exit code for bad input: a document that no agent can be made of.
const exitUsage = 2

// commandLimit ends a command that hangs.
const commandLimit = 30 * time.Second

// cli runs the cairn binary as a user would.
type cli struct{ path string }

// outcome is how a command ended.
type outcome struct {
	code   int
	stdout []byte
	stderr string
	took   time.Duration
}

// reason is the message of a command that failed, on one line.
func (o outcome) reason() string {
	text := strings.TrimSpace(o.stderr)
	if text == "" {
		return fmt.Sprintf("exit code %d", o.code)
	}
	return strings.Join(strings.Fields(text), " ")
}

// run runs cairn with args. A command that ends with an exit code is no
// error; one that could not be run is.
func (c cli) run(ctx context.Context, args ...string) (outcome, error) {
	ctx, cancel := context.WithTimeout(ctx, commandLimit)
	defer cancel()
	cmd := exec.CommandContext(ctx, c.path, args...)
	var stdout, stderr bytes.Buffer
	cmd.Stdout, cmd.Stderr = &stdout, &stderr
	apart(cmd)
	start := time.Now()
	err := cmd.Run()
	o := outcome{stdout: stdout.Bytes(), stderr: stderr.String(), took: time.Since(start)}
	if ctx.Err() != nil {
		return o, fmt.Errorf("cairn %s: %w", strings.Join(args, " "), ctx.Err())
	}
	var exit *exec.ExitError
	if errors.As(err, &exit) {
		o.code = exit.ExitCode()
		return o, nil
	}
	return o, err
}

// command is cli.run, shown in the story as the reader could type it.
func (r *run) command(ctx context.Context, args ...string) (outcome, error) {
	r.story.command("cairn " + strings.Join(args, " "))
	if !slices.Contains(args, "-o") {
		args = append(args, "-o", "json")
	}
	return r.cli.run(ctx, args...)
}

// decode reads the answer of a command that must have succeeded.
func decode(o outcome, v any) error {
	if o.code != 0 {
		return fmt.Errorf("exit code %d: %s", o.code, o.reason())
	}
	if err := json.Unmarshal(o.stdout, v); err != nil {
		return fmt.Errorf("its answer is no JSON: %w", err)
	}
	return nil
}

// published is what "cairn publish -o json" says.
type published struct {
	ID       string `json:"id"`
	Name     string `json:"name"`
	Sequence uint64 `json:"seq"`
	Targets  int    `json:"targets"`
	Acks     int    `json:"acks"`
	ReadBack int    `json:"read_back"`
}

// resolved is what "cairn resolve -o json" says.
type resolved struct {
	Status    string  `json:"status"`
	Source    string  `json:"source"`
	ElapsedMS float64 `json:"elapsed_ms"`
	Path      []struct {
		Peer   string `json:"peer"`
		Answer string `json:"answer"`
	} `json:"path"`
	Record struct {
		Sequence  uint64 `json:"seq"`
		Endpoints []struct {
			URL string `json:"url"`
		} `json:"endpoints"`
	} `json:"record"`
}

// places lists the URLs at which the agent is.
func (r resolved) places() []string {
	var urls []string
	for _, e := range r.Record.Endpoints {
		urls = append(urls, e.URL)
	}
	return urls
}

// revoked is what "cairn revoke -o json" says.
type revoked struct {
	Targets     int `json:"targets"`
	Acks        int `json:"acks"`
	GossipPeers int `json:"gossip_peers"`
}
