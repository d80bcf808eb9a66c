package main

import (
	"errors"
	"fmt"
)

type configCheckCmd struct {
	File string `arg:"" help:"Configuration file."`
}

func (configCheckCmd) Help() string {
	return `Reads a configuration file as "cairn daemon --config FILE" would, and looks at each value: all unknown keys are told with their lines, and with the key that was probably meant. The environment has no say, and nothing is started. Exit code 0 where the file is good, 2 where it is not.

    cairn config check /etc/cairn/cairn.toml`
}

// checkedConfig says that a file is good.
type checkedConfig struct {
	File     string `json:"file"`
	Settings int    `json:"settings"` // how many it sets
}

func (v checkedConfig) show(t *text) { t.line("%s is good: %s", v.File, count(v.Settings, "setting")) }

// Run parses the command line of a daemon with the file.
func (c configCheckCmd) Run(s *session) error {
	alone := s.env
	alone.getenv = func(name string) string {
		if name == "HOME" {
			return s.env.getenv(name)
		}
		return ""
	}
	grammar := cli{from: &sources{env: alone}}
	parser, err := newParser(&grammar, alone)
	if err != nil {
		return err
	}
	if _, err := parser.Parse([]string{"daemon", "--config", c.File}); err != nil {
		return configProblem(err, c.File)
	}
	daemon := &session{ctx: s.ctx, env: alone, global: &grammar.global, from: grammar.from, log: s.log}
	if _, err := grammar.Daemon.node(daemon); err != nil {
		return configProblem(err, c.File)
	}
	return s.print(checkedConfig{c.File, len(grammar.from.values)})
}

// configProblem makes what is wrong with a file bad input, with its own next step where
// there is one.
func configProblem(err error, file string) error {
	if f := (*failure)(nil); errors.As(err, &f) {
		return err
	}
	return usage(fmt.Errorf("%s: %w", file, err), "cairn config show prints every key")
}
