package main

import (
	"encoding/json"
	"errors"
	"fmt"
	"os"

	"github.com/cairn-overlay/cairn/testnet/audit"
)

type auditCmd struct {
	Files  []string `arg:"" name:"file" help:"Operations logs, as run --log writes them."`
	Output format   `short:"o" enum:"human,json" default:"human" placeholder:"FORMAT" help:"human or json: one object for each violation."`
}

// Help is the long help.
func (auditCmd) Help() string {
	return `Reads the operations log of a run and says where the network broke a promise: a confirmed publish that could not be read, a tombstone that was not final, a sequence that went back, an answer without proof, something acknowledged that did not survive a restart. docs/threats.md says which answers are excused. run does the same after every scenario.

    cairn-testnet run --log run.jsonl testnet/testdata/revoke/everywhere.txt
    cairn-testnet audit run.jsonl

Exit codes: 0 nothing was found, 1 something was, 2 a file is no log.`
}

// Run checks the logs.
func (c *auditCmd) Run(s *session) error {
	found := 0
	for _, path := range c.Files {
		events, err := readLog(path)
		if err != nil {
			return usageError{err}
		}
		all := audit.Check(events)
		for _, v := range all {
			if err := c.show(s, path, v); err != nil {
				return err
			}
		}
		found += len(all)
		s.say("%s: %d events, %d violations", path, len(events), len(all))
	}
	if found > 0 {
		return errSaid
	}
	return nil
}

func readLog(path string) (events []audit.Event, err error) {
	f, err := os.Open(path)
	if err != nil {
		return nil, err
	}
	defer func() { err = errors.Join(err, f.Close()) }()
	if events, err = audit.Read(f); err != nil {
		return nil, fmt.Errorf("%s: %w", path, err)
	}
	return events, nil
}

// show writes one violation.
func (c *auditCmd) show(s *session, path string, v audit.Violation) error {
	if c.Output == asJSON {
		return json.NewEncoder(s.env.stdout).Encode(struct {
			File string     `json:"file"`
			Line int        `json:"line"`
			Rule audit.Rule `json:"rule"`
			Text string     `json:"text"`
		}{path, v.Event + 1, v.Rule, v.Text})
	}
	_, err := fmt.Fprintf(s.env.stdout, "%s: %s\n", path, v)
	return err
}
