package bench

import (
	"bufio"
	"context"
	"crypto/rand"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"os"
	"os/exec"
	"runtime/debug"
	"strconv"
	"strings"
	"time"

	"github.com/libp2p/go-libp2p"
	"github.com/libp2p/go-libp2p/core/crypto"
	"github.com/libp2p/go-libp2p/core/host"
	"github.com/libp2p/go-libp2p/core/peer"
	"github.com/libp2p/go-libp2p/p2p/net/connmgr"

	"github.com/cairn-overlay/cairn/node"
)

// A subject is a process whose memory is measured: this program once more, with
// nothing in it but one node or one bare host. It says in one line how to reach it.
// For each line that it reads it answers with one of how much memory it has
// resident, after a collection, and how many connections; it ends when its input
// does.
const (
	// subjectMarker is set in its environment, to one of the kinds.
	subjectMarker = "CAIRN_TESTNET_SUBJECT"
	subjectNode   = "node"
	subjectHost   = "host"
	// subjectDir is where a node has its data directory.
	subjectDir = "CAIRN_TESTNET_SUBJECT_DIR"
	// subjectEnd is how long one gets to end.
	subjectEnd = 20 * time.Second
)

// IsSubject reports whether this process was started to be measured: then it has to
// call Subject and nothing else.
func IsSubject() bool { return os.Getenv(subjectMarker) != "" }

// Subject is the program of a process that is measured. It returns the exit code.
func Subject(in io.Reader, out, stderr io.Writer) int {
	h, stop, err := newSubject(os.Getenv(subjectMarker), os.Getenv(subjectDir))
	if err == nil {
		err = errors.Join(serveSubject(h, in, out), stop())
	}
	if err != nil {
		fmt.Fprintln(stderr, "cairn-testnet:", err)
		return 1
	}
	return 0
}

// newSubject starts what is to be measured.
func newSubject(kind, dir string) (h addressed, stop func() error, err error) {
	if kind == subjectNode {
		n, err := node.New(loneConfig(dir))
		if err != nil {
			return nil, nil, err
		}
		return nodeSubject{n}, n.Close, nil
	}
	bare, err := bareHost()
	if err != nil {
		return nil, nil, err
	}
	return hostSubject{bare}, func() error { return errors.Join(bare.Network().Close(), bare.Close()) }, nil
}

// bareHost is a libp2p host with the library's defaults, but for the bounds of a
// node's own connection manager.
func bareHost() (host.Host, error) {
	key, _, err := crypto.GenerateEd25519Key(rand.Reader)
	if err != nil {
		return nil, err
	}
	cm, err := connmgr.NewConnManager(24, 32)
	if err != nil {
		return nil, err
	}
	h, err := libp2p.New(libp2p.Identity(key), libp2p.ListenAddrs(loopback()...), libp2p.ConnectionManager(cm))
	if err != nil {
		return nil, errors.Join(err, cm.Close())
	}
	return h, nil
}

// addressed is what can be reached and has connections.
type addressed interface {
	AddrInfo() peer.AddrInfo
	conns() int
}

type nodeSubject struct{ *node.Node }

func (s nodeSubject) conns() int { return s.Status().Peers }

type hostSubject struct{ host.Host }

// AddrInfo says how to reach the host.
func (s hostSubject) AddrInfo() peer.AddrInfo { return peer.AddrInfo{ID: s.ID(), Addrs: s.Addrs()} }

func (s hostSubject) conns() int { return len(s.Network().Peers()) }

// size is one answer.
type size struct {
	Resident uint64
	Conns    int
}

func serveSubject(h addressed, in io.Reader, out io.Writer) error {
	answers := json.NewEncoder(out)
	if err := answers.Encode(h.AddrInfo()); err != nil {
		return err
	}
	for lines := bufio.NewScanner(in); lines.Scan(); {

		debug.FreeOSMemory()
		rss, err := resident()
		if err != nil {
			return err
		}
		if err := answers.Encode(size{rss, h.conns()}); err != nil {
			return err
		}
	}
	return nil
}

// resident is how many bytes of this process are in memory.
func resident() (uint64, error) {
	b, err := os.ReadFile("/proc/self/statm")
	if err != nil {
		return 0, err
	}
	fields := strings.Fields(string(b))
	if len(fields) < 2 {
		return 0, fmt.Errorf("/proc/self/statm: %q", b)
	}
	pages, err := strconv.ParseUint(fields[1], 10, 64)
	return pages * uint64(os.Getpagesize()), err
}

// measured is a subject as its parent sees it.
type measured struct {
	cmd     *exec.Cmd
	in      io.WriteCloser
	answers *json.Decoder
	addrs   peer.AddrInfo
}

// startSubject starts one; the caller ends it.
func startSubject(ctx context.Context, kind, dir string) (*measured, error) {
	self, err := os.Executable()
	if err != nil {
		return nil, err
	}
	cmd := exec.CommandContext(ctx, self)
	cmd.Env = append(os.Environ(), subjectMarker+"="+kind, subjectDir+"="+dir)
	cmd.Stderr = os.Stderr
	cmd.Cancel = func() error { return cmd.Process.Kill() }
	cmd.WaitDelay = subjectEnd
	m := &measured{cmd: cmd}
	if m.in, err = cmd.StdinPipe(); err != nil {
		return nil, err
	}
	out, err := cmd.StdoutPipe()
	if err != nil {
		return nil, err
	}
	if err := cmd.Start(); err != nil {
		return nil, err
	}
	m.answers = json.NewDecoder(out)
	if err := m.answers.Decode(&m.addrs); err != nil {
		return nil, errors.Join(fmt.Errorf("the %s that is to be measured does not start: %w", kind, err), m.end())
	}
	return m, nil
}

// size asks for the memory.
func (m *measured) size() (s size, err error) {
	if _, err := io.WriteString(m.in, "\n"); err != nil {
		return s, err
	}
	return s, m.answers.Decode(&s)
}

// end lets the subject end, and waits for it.
func (m *measured) end() error { return errors.Join(m.in.Close(), m.cmd.Wait()) }
