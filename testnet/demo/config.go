package demo

import (
	"crypto/rand"
	"encoding/hex"
	"errors"
	"fmt"
	"io"
	"os"
	"os/exec"
	"time"
)

const (
	// DefaultNodes is how many daemons run, beside one that comes new.
	DefaultNodes = 8
	// MinNodes leaves a holder to kill, a node to be away, and others to ask.
	MinNodes = 5
	// MaxNodes bounds the processes.
	MaxNodes = 50
	// replication is k: fewer holders than nodes, so that a search has a way to go.
	replication = 4
	// patience bounds each wait for something that takes well under a second.
	patience = 45 * time.Second
)

// Config says how the demonstration runs. The zero value of a field means its
// documented default.
type Config struct {
	// Cairn is the path of the cairn binary. Required.
	Cairn string
	// Nodes is how many daemons start, MinNodes to MaxNodes; default DefaultNodes.
	Nodes int
	// Examples is a folder with agents' descriptions to publish; where it is
	// empty or missing, the built-in ones serve.
	Examples string
	// Keep leaves the data directories where they are.
	Keep bool
	// Out gets the story. Required.
	Out io.Writer
}

func (c Config) withDefaults() (Config, error) {
	if c.Cairn == "" || c.Out == nil {
		return c, errors.New("the binary (Cairn) and the output (Out) are required")
	}
	path, err := exec.LookPath(c.Cairn)
	if err != nil {
		return c, fmt.Errorf("the cairn binary: %w", err)
	}
	c.Cairn = path
	if c.Nodes == 0 {
		c.Nodes = DefaultNodes
	}
	if c.Nodes < MinNodes || c.Nodes > MaxNodes {
		return c, fmt.Errorf("%d nodes: want %d to %d", c.Nodes, MinNodes, MaxNodes)
	}
	return c, nil
}

// networkName makes a name that no other network on this machine has.
func networkName() (string, error) {
	b := make([]byte, 4)
	if _, err := rand.Read(b); err != nil {
		return "", err
	}
	return "demo-" + hex.EncodeToString(b), nil
}

// workDir makes the folder of the data directories.
func workDir() (string, error) { return os.MkdirTemp("", "cairn-demo-") }
