package node

import (
	"bytes"
	"math"
	"os"
	"runtime/debug"
	"strconv"

	rcmgr "github.com/libp2p/go-libp2p/p2p/host/resource-manager"
	"github.com/pbnjay/memory"

	"github.com/cairn-overlay/cairn/internal/weak"
	"github.com/cairn-overlay/cairn/node/links"
	"github.com/cairn-overlay/cairn/node/store"
)

const (
	mib = 1 << 20
	// defaultMemory and defaultFiles are assumed where the machine does not tell.
	defaultMemory = 1 << 30
	defaultFiles  = 1024
	// leastMemory and leastFiles are the smallest machine that is planned for.
	leastMemory = 64 * mib
	leastFiles  = 128
)

// Limits are what a node may take of its machine. What follows from them: libp2p bounds
// its streams, connections and buffers to an eighth of the memory and half of the files;
// at most [Limits.Conns] connections stand at a time; strangers' records take at most
// [Limits.RecordBytes] on the disk.
type Limits struct {
	// Memory in bytes; zero: all that the machine, a control group or GOMEMLIMIT gives
	// the process, whichever is least.
	Memory int64
	// Files is how many file descriptors; zero: what the process may open.
	Files int
	// Facts is the room for facts in bytes, as they travel; zero: an eighth of Memory. When
	// it is out the node holds all facts of a half only, of a quarter and so on, of the key
	// space around its own position, and says so; but what it should hold for others, being
	// among the nearest, it keeps up to twice the room. A quarter as much again is for those
	// beyond.
	Facts int64
}

// withDefaults asks the machine for what is zero, and keeps to what the smallest one has.
func (l Limits) withDefaults() Limits {
	if l.Memory == 0 {
		l.Memory = machineMemory()
	}
	if l.Files == 0 {
		l.Files = machineFiles()
	}
	l.Memory, l.Files = max(l.Memory, leastMemory), max(l.Files, leastFiles)
	if l.Facts == 0 {
		l.Facts = l.Memory / 8
	}
	return l
}

// MachineLimits returns what this machine gives to a node whose configuration says
// nothing.
func MachineLimits() Limits { return Limits{}.withDefaults() }

// Conns bounds the connections at any moment: one for each 4 MiB and for each 8 files, at
// least 40, at most 90. The links that a node chooses itself fit in any case.
func (l Limits) Conns() int {
	return int(min(max(min(l.Memory/(4*mib), int64(l.Files/8)), 40), links.DefaultBurst))
}

// RecordBytes bounds strangers' records: a quarter of the memory, from 16 MiB to 1 GiB.
func (l Limits) RecordBytes() int64 {
	return min(max(l.Memory/4, 16*mib), store.DefaultMaxRecordBytes)
}

// policy is the links' policy within the limits.
func (l Limits) policy() links.Policy {
	p := links.DefaultPolicy()
	p.Burst = l.Conns()
	return p
}

// libp2p are the limits of the host's resource manager.
func (l Limits) libp2p() rcmgr.ConcreteLimitConfig {
	if weak.Off(weak.HostLimits) {
		return rcmgr.InfiniteLimits
	}
	scaling := rcmgr.DefaultLimits
	limits := scaling.Scale(l.Memory/8, l.Files/2)
	system := rcmgr.ResourceLimits{
		Memory: rcmgr.LimitVal64(max(l.Memory/8, 16*mib)),
		FD:     rcmgr.LimitVal(l.Files / 2),
	}
	return rcmgr.PartialLimitConfig{System: system}.Build(limits)
}

// machineMemory is how many bytes the process can have.
func machineMemory() int64 {
	total := int64(min(memory.TotalMemory(), math.MaxInt64))
	if total == 0 {
		total = defaultMemory
	}
	for _, path := range []string{"/sys/fs/cgroup/memory.max", "/sys/fs/cgroup/memory/memory.limit_in_bytes"} {
		b, err := os.ReadFile(path)
		if err != nil {
			continue
		}
		if n, err := strconv.ParseInt(string(bytes.TrimSpace(b)), 10, 64); err == nil && n > 0 {
			total = min(total, n)
		}
	}
	return min(total, debug.SetMemoryLimit(-1))
}
