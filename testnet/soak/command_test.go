//go:build soak

package soak

import (
	"bufio"
	"bytes"
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"os/exec"
	"strings"
	"time"
)

const (
	exitOK         = 0
	exitFailed     = 1 // nothing listens, among others
	exitPartial    = 6 // stored by too few; it is kept and goes out again
	exitUnverified = 7 // not ready
)

// ended is how a command ended.
type ended struct {
	code  int
	lines [][]byte        // of standard output
	after []time.Duration // when each line came, since the start
	notes string          // standard error
	took  time.Duration
}

// cairn runs the binary as a user would. An exit code is no error; a command that
// could not be run is.
func cairn(ctx context.Context, args ...string) (ended, error) {
	cmd := exec.CommandContext(ctx, binary, args...)
	var notes bytes.Buffer
	cmd.Stderr = &notes
	out, err := cmd.StdoutPipe()
	if err != nil {
		return ended{}, err
	}
	start := time.Now()
	if err := cmd.Start(); err != nil {
		return ended{}, err
	}
	var e ended
	for lines := bufio.NewReader(out); ; {
		line, err := lines.ReadBytes('\n')
		if len(bytes.TrimSpace(line)) > 0 {
			e.lines = append(e.lines, line)
			e.after = append(e.after, time.Since(start))
		}
		if err != nil {
			break // the process has closed it; Wait says why
		}
	}
	err = cmd.Wait()
	e.took, e.notes = time.Since(start), strings.Join(strings.Fields(notes.String()), " ")
	if exit, ok := errors.AsType[*exec.ExitError](err); ok && ctx.Err() == nil {
		e.code, err = exit.ExitCode(), nil
	}
	if err != nil {
		return e, fmt.Errorf("cairn %s: %w", strings.Join(args, " "), errors.Join(err, ctx.Err()))
	}
	return e, nil
}

// written reads the one answer of a publish or a revoke that was acknowledged, in
// full or in part.
func (e ended) written(into any) error {
	if e.code != exitOK && e.code != exitPartial {
		return &exitError{e.code, e.notes}
	}
	return json.Unmarshal(bytes.Join(e.lines, nil), into)
}

// exitError is how a command failed.
type exitError struct {
	code  int
	notes string
}

// Error tells the code and what the command said.
func (e *exitError) Error() string { return fmt.Sprintf("exit code %d: %s", e.code, e.notes) }
