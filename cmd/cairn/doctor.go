package main

import (
	"context"
	"errors"
	"time"

	"github.com/cairn-overlay/cairn/node/api"
)

type doctorCmd struct {
	NoWrite    bool `help:"Do not put a record into the network and get it back."`
	ResetClock bool `help:"Set the reading of the clock that the node kept back to this machine's clock, and nothing else; the daemon must be stopped."`
}

func (doctorCmd) Help() string {
	return `Looks at the daemon and what it stands on: readiness, the clock against peers' clocks, reachability, peers, links and the fact topic, the disk, the machine's limits, and the versions of peers. Then it puts a record of an agent that is made for it into the network, and gets it back; the lease of that record ends after ten seconds by itself. Each finding comes with its remedy. Where no daemon answers it looks at the data directory.

    cairn doctor
    cairn doctor -o jsonl | jq -r 'select(.level != "ok") | .check + ": " + .remedy'
    cairn doctor --reset-clock     once the clock was in the future, and is right again

A node's clock never runs below the highest reading that it kept, so that a clock set back revives no lease.

Exit code 0 where nothing is wrong (warnings count as nothing), else 1.`
}

// The levels of a finding.
const (
	levelOK   = "ok"
	levelWarn = "warning"
	levelFail = "wrong"
)

// finding is what one check came to.
type finding struct {
	Check  string `json:"check"`
	Level  string `json:"level"` // ok, warning, wrong
	Says   string `json:"says"`
	Remedy string `json:"remedy,omitempty"`
}

// Run checks everything, and prints all findings.
func (c *doctorCmd) Run(s *session) error {
	if c.ResetClock {
		return resetClock(s)
	}
	found, err := c.examine(s)
	if err != nil {
		return err
	}
	if err := printList(s, found, showFindings); err != nil {
		return err
	}
	for _, f := range found {
		if f.Level == levelFail {
			return exitFailed
		}
	}
	return nil
}

// examine asks the daemon, or looks at the data directory where none answers.
func (c *doctorCmd) examine(s *session) (found []finding, err error) {
	err = s.withDaemon(func(ctx context.Context, client *api.Client) error {
		st, err := client.Status(ctx)
		if err != nil {
			return err
		}
		peers, err := client.Peers(ctx)
		if err != nil {
			return err
		}
		found = checkRunning(s, st, peers)
		if !c.NoWrite {
			found = append(found, checkWrite(ctx, client, st))
		}
		return nil
	})
	if !errors.Is(err, api.ErrNotRunning) {
		return found, err
	}
	return checkStopped(s, err)
}

// showFindings is one line for each finding, and its remedy below.
func showFindings(found []finding) [][]string {
	rows := [][]string{{"CHECK", "", "FINDING"}}
	for _, f := range found {
		rows = append(rows, []string{f.Check, f.Level, f.Says})
		if f.Remedy != "" {
			rows = append(rows, []string{"", "", "-> " + f.Remedy})
		}
	}
	return rows
}

// span is a duration of so many milliseconds.
func span(ms int64) time.Duration { return time.Duration(ms) * time.Millisecond }
