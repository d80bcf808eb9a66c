package chaos

import (
	"errors"
	"fmt"
	"os/exec"

	"github.com/cairn-overlay/cairn/node"
)

const (
	// DefaultDiskBytes leaves room above the floor that a daemon keeps free.
	DefaultDiskBytes = 192 << 20
	// startParallel is how many daemons start side by side: handshakes cost CPU, and
	// more at once only make each other late.
	startParallel = 4
	// network is the name in every protocol ID. The namespaces keep laboratories apart.
	network = "chaos"
)

// Config says what a world is made of. The zero value of a field means its documented
// default.
type Config struct {
	// Cairn is the path of the cairn binary. Required.
	Cairn string
	// Logs is the folder for the daemons' logs, n1.log and so on. Required.
	Logs string
	// Replication is k, 1 to 20; default node.DefaultReplication.
	Replication int
	// DiskBytes is the size of each node's disk; default DefaultDiskBytes.
	DiskBytes int64
}

func (c Config) withDefaults() (Config, error) {
	if c.Cairn == "" || c.Logs == "" {
		return c, errors.New("the binary (Cairn) and a folder for logs (Logs) are required")
	}
	path, err := exec.LookPath(c.Cairn)
	if err != nil {
		return c, fmt.Errorf("the cairn binary: %w", err)
	}
	c.Cairn = path
	if c.Replication == 0 {
		c.Replication = node.DefaultReplication
	}
	if c.DiskBytes == 0 {
		c.DiskBytes = DefaultDiskBytes
	}
	return c, nil
}
