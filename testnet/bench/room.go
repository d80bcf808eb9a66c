package bench

import (
	"bufio"
	"bytes"
	"errors"
	"fmt"
	"os"
	"strconv"
	"strings"
)

// What a node takes in memory, in one process with many others: ours with its bounded
// degree, and a stock one, which ends up connected to most of the others.
const (
	oursPerNode  = 33 << 20 / 10
	stockPerNode = 18 << 20
	baseMemory   = 64 << 20
)

// memory estimates what a cell of m takes.
func (m Metric) memory(c Cell) uint64 {
	switch {
	case m.Memory != nil:
		return m.Memory(c)
	case m.Virtual:
		return baseMemory + uint64(c.Nodes)*max(oursPerNode, stockPerNode)
	}
	return 0
}

// memoryRoom is how many bytes of memory this process may still take: what the
// machine has free, or what its control group leaves, if that is less.
func memoryRoom() (uint64, error) {
	b, err := os.ReadFile("/proc/meminfo")
	if err != nil {
		return 0, err
	}
	room, err := memAvailable(b)
	if err != nil {
		return 0, err
	}
	if left, ok := groupRoom("/sys/fs/cgroup"); ok {
		room = min(room, left)
	}
	return room, nil
}

// memAvailable reads the line of that name from /proc/meminfo.
func memAvailable(meminfo []byte) (uint64, error) {
	lines := bufio.NewScanner(bytes.NewReader(meminfo))
	for lines.Scan() {
		if rest, ok := strings.CutPrefix(lines.Text(), "MemAvailable:"); ok {
			kib, err := strconv.ParseUint(strings.TrimSpace(strings.TrimSuffix(rest, "kB")), 10, 64)
			return kib << 10, err
		}
	}
	return 0, errors.New("no line MemAvailable")
}

// groupRoom is what the limit of a control group (version 2) leaves; ok is false
// where there is none.
func groupRoom(dir string) (room uint64, ok bool) {
	limit, err := readNumber(dir + "/memory.max")
	if err != nil {
		return 0, false // "max", or no such group
	}
	used, err := readNumber(dir + "/memory.current")
	if err != nil {
		return 0, false
	}
	return limit - min(used, limit), true
}

func readNumber(path string) (uint64, error) {
	b, err := os.ReadFile(path)
	if err != nil {
		return 0, err
	}
	return strconv.ParseUint(strings.TrimSpace(string(b)), 10, 64)
}

// bytesText is a number of bytes for people.
func bytesText(n uint64) string {
	switch {
	case n >= 1<<30:
		return fmt.Sprintf("%.1f GiB", float64(n)/(1<<30))
	case n >= 1<<20:
		return fmt.Sprintf("%.0f MiB", float64(n)/(1<<20))
	}
	return fmt.Sprintf("%.0f KiB", float64(n)/(1<<10))
}
