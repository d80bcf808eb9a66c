package chaos

import (
	"errors"
	"fmt"
	"os"
	"path/filepath"
	"sync"
	"syscall"
	"time"
)

// labDir is where the laboratory keeps its disks: in memory, seen by nobody outside.
const labDir = "/run/chaos"

// lab is the private network: a bridge, and one network namespace per node. Where the
// process dies the kernel takes it down.
type lab struct {
	// noSlow and noReadOnly say why slow links and read-only disks are not to be had here.
	noSlow, noReadOnly error

	mu     sync.Mutex
	cuts   map[pair]bool   // what the kernel drops; owned by mu
	counts map[pair]uint64 // packets dropped on ways that were opened again; owned by mu
}

// openLab makes the laboratory around this process, and probes what can be had in it.
// It refuses where it could touch a real network.
func openLab() (*lab, error) {
	s, err := look()
	if err != nil {
		return nil, fmt.Errorf("look around: %w", err)
	}
	if err := s.check(); err != nil {
		return nil, err
	}
	if err := privateRun(); err != nil {
		return nil, err
	}
	if err := runAll("ip", "link add br0 type bridge", "link set br0 up"); err != nil {
		return nil, fmt.Errorf("%w: a bridge: %w", ErrLacks, err)
	}
	if _, err := run(ruleset(), "nft", "-f", "-"); err != nil {
		return nil, fmt.Errorf("%w: nftables of the bridge family: %w", ErrLacks, err)
	}
	l := &lab{cuts: make(map[pair]bool), counts: make(map[pair]uint64)}
	l.noSlow = probeSlow()
	l.noReadOnly = probeImage()
	return l, nil
}

// close takes the laboratory down, so that the next one finds the namespace as it was.
// The daemons have ended.
func (l *lab) close(seats []*seat) error {
	var errs []error
	for _, s := range seats {
		errs = append(errs, s.disk.discard(), runAll("ip", "link del "+linkOf(s.n), "netns del "+spaceOf(s.n)))
	}
	errs = append(errs, runAll("nft", "delete table bridge chaos"), runAll("ip", "link del br0"))
	// ip has mounted /run/netns upon itself, and more than once.
	if err := syscall.Unmount("/run", syscall.MNT_DETACH); err != nil {
		errs = append(errs, fmt.Errorf("unmount /run: %w", err))
	}
	return errors.Join(errs...)
}

// privateRun puts an empty file system of this mount namespace's own over /run, with
// the place where ip keeps network namespaces.
func privateRun() error {
	if err := syscall.Mount("", "/", "", syscall.MS_REC|syscall.MS_PRIVATE, ""); err != nil {
		return fmt.Errorf("private mounts: %w", err)
	}
	if err := syscall.Mount("tmpfs", "/run", "tmpfs", 0, "mode=755"); err != nil {
		return fmt.Errorf("a private /run: %w", err)
	}
	for _, dir := range []string{"/run/netns", labDir} {
		if err := os.Mkdir(dir, 0o700); err != nil {
			return err
		}
	}
	return nil
}

// probeSlow says why packets cannot be delayed here.
func probeSlow() error {
	if err := runAll("tc", "qdisc add dev lo root netem delay 1ms", "qdisc del dev lo root"); err != nil {
		return fmt.Errorf("slow links: the kernel has no netem, or iproute2 no tc: load the module sch_netem, or play it with cairn-testnet run: %w", err)
	}
	return nil
}

// probeImage says why disks cannot go read-only here.
func probeImage() error {
	d := &disk{image: filepath.Join(labDir, "probe.img"), dir: filepath.Join(labDir, "probe"), bytes: 8 << 20}
	if err := d.make(); err != nil {
		return fmt.Errorf("read-only disks: they need a loop device and mkfs.ext4 (package e2fsprogs): %w", err)
	}
	return d.discard()
}

// plug makes the network namespace of node n, and its link to the bridge.
func (l *lab) plug(n int) error {
	space, link := spaceOf(n), linkOf(n)
	return runAll("ip",
		"netns add "+space,
		fmt.Sprintf("link add %s type veth peer name eth0 netns %s", link, space),
		fmt.Sprintf("link set %s master br0 up", link),
		fmt.Sprintf("-n %s addr add %s/15 dev eth0", space, addrOf(n)),
		fmt.Sprintf("-n %s link set eth0 up", space),
		fmt.Sprintf("-n %s link set lo up", space),
	)
}

// into is the command line that a program is put behind to run in node n's namespace.
func into(n int) []string { return []string{"nsenter", "--net=/run/netns/" + spaceOf(n), "--"} }

// cut has the kernel drop what goes the ways of shall, and nothing else.
func (l *lab) cut(shall map[pair]bool) error {
	l.mu.Lock()
	defer l.mu.Unlock()
	now, err := l.read()
	if err != nil {
		return err
	}
	rules := cutRules(l.cuts, shall)
	if rules == "" {
		return nil
	}
	if _, err := run(rules, "nft", "-f", "-"); err != nil {
		return err
	}
	for _, p := range lacking(l.cuts, shall) {
		l.counts[p] += now[p]
	}
	l.cuts = shall
	return nil
}

// read asks for the counters of the cuts that are. Owned by mu.
func (l *lab) read() (map[pair]uint64, error) {
	listing, err := run("", "nft", "-j", "list", "set", "bridge", "chaos", "cuts")
	if err != nil {
		return nil, err
	}
	return dropped(listing)
}

// drops is how many packets were dropped on each way so far.
func (l *lab) drops() (map[pair]uint64, error) {
	l.mu.Lock()
	defer l.mu.Unlock()
	counts, err := l.read()
	if err != nil {
		return nil, err
	}
	for p, n := range l.counts {
		counts[p] += n
	}
	return counts, nil
}

// loss has a share of all packets lost.
func (l *lab) loss(share float64) error {
	_, err := run(lossRules(share), "nft", "-f", "-")
	return err
}

// lost is how many packets the loss has taken so far.
func (l *lab) lost() (uint64, error) {
	listing, err := run("", "nft", "-j", "list", "counters", "table", "bridge", "chaos")
	if err != nil {
		return 0, err
	}
	return lostPackets(listing)
}

// slow makes what goes to node n, and what comes from it, late by extra; 0
// ends it.
func (l *lab) slow(n int, extra time.Duration) error {
	if l.noSlow != nil {
		return l.noSlow
	}
	verb, late := "replace", fmt.Sprintf("netem delay %dus", extra.Microseconds())
	if extra <= 0 {
		verb, late = "del", ""
	}
	return runAll("tc",
		fmt.Sprintf("qdisc %s dev %s root %s", verb, linkOf(n), late),
		fmt.Sprintf("-n %s qdisc %s dev eth0 root %s", spaceOf(n), verb, late))
}
