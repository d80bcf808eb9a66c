package main

import (
	"fmt"
	"os/exec"
	"path/filepath"

	"github.com/cairn-overlay/cairn/testnet/demo"
)

type demoCmd struct {
	Nodes    int    `default:"8" help:"Daemons to start, 5 to 50."`
	Examples string `default:"examples" placeholder:"DIR" help:"Folder with agents' descriptions (JSON). Default: ./examples, else built-in ones."`
	Cairn    string `placeholder:"PATH" help:"The cairn binary. Default: the one beside this binary, else the one in the search path."`
	Keep     bool   `help:"Keep the data directories."`
}

// Help is the long help.
func (demoCmd) Help() string {
	return `Starts separate cairn daemons on loopback ports, with data directories in a temporary folder. It publishes the example agents, finds each from another node, moves one, revokes it, and measures over HTTP how many milliseconds after the command each node refused it. A node that was off at the time, a brand-new one and one that was killed must refuse it too. Ends with exit code 1 where any of this fails.

    cairn-testnet demo
    cairn-testnet demo --nodes 12 --keep`
}

// Run plays the demonstration.
func (c *demoCmd) Run(s *session) error {
	path, err := findCairn(s, c.Cairn)
	if err != nil {
		return err
	}
	return demo.Run(s.ctx, demo.Config{Cairn: path, Nodes: c.Nodes, Examples: c.Examples, Keep: c.Keep, Out: s.env.stdout})
}

// findCairn finds the cairn binary; given is what a flag says, or empty.
func findCairn(s *session, given string) (string, error) {
	if given != "" {
		return given, nil
	}
	if self, err := s.env.self(); err == nil {
		if path, err := exec.LookPath(filepath.Join(filepath.Dir(self), "cairn")); err == nil {
			return path, nil
		}
	}
	path, err := exec.LookPath("cairn")
	if err != nil {
		return "", fmt.Errorf("there is no cairn binary beside this one, nor in the search path: build it with make build, or name it with --cairn")
	}
	return path, nil
}
