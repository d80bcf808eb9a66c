package chaos

import (
	"errors"
	"fmt"
	"os"
	"os/exec"
	"runtime"
	"strings"
)

// need is a program that must be there.
type need struct{ program, from string }

// needs are the programs without which there is no laboratory, and the packages that
// have them.
var needs = [...]need{{"ip", "iproute2"}, {"nft", "nftables"}, {"nsenter", "util-linux"}, {"mount", "util-linux"}}

// ErrLacks says that this machine cannot hold the laboratory.
var ErrLacks = errors.New("cannot make the laboratory here")

// machine is what Check asks about.
type machine struct {
	system string
	user   int
	find   func(program string) (string, error)
}

// Check reports what the laboratory lacks on this machine, each with the next step.
func Check() error {
	return machine{system: runtime.GOOS, user: os.Geteuid(), find: exec.LookPath}.check()
}

func (m machine) check() error {
	if m.system != "linux" {
		return fmt.Errorf("%w: it needs the network namespaces of Linux, and this is %s; cairn-testnet run plays the same scenarios anywhere", ErrLacks, m.system)
	}
	var lacks []string
	if m.user != 0 {
		lacks = append(lacks, "root: run it with sudo, in a virtual machine or a privileged container")
	}
	var packages []string
	for _, n := range needs {
		if _, err := m.find(n.program); err != nil {
			lacks = append(lacks, fmt.Sprintf("the program %s: install the package %s", n.program, n.from))
			packages = append(packages, n.from)
		}
	}
	if len(lacks) == 0 {
		return nil
	}
	text := strings.Join(lacks, "; ")
	if len(packages) > 0 {
		text += " (Debian: apt-get install " + strings.Join(packages, " ") + ")"
	}
	return fmt.Errorf("%w; it lacks %s", ErrLacks, text)
}
