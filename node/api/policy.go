package api

import (
	"fmt"
	"strconv"
	"strings"
)

const (
	// MaxQuorum bounds the N of "quorum=N": the replicas of one key.
	MaxQuorum = 20
	// MaxPaths bounds the N of "paths=N"; the least is 2.
	MaxPaths = 8
)

// ParsePolicy reads the text form of a policy; the empty string is cache-first.
// Anything else that is not exactly one of the six forms is ErrInvalid.
func ParsePolicy(s string) (Policy, error) {
	switch s {
	case "":
		return Policy{Mode: CacheFirst}, nil
	case CacheOnly, CacheFirst, First, MostRecent:
		return Policy{Mode: s}, nil
	}
	mode, digits, _ := strings.Cut(s, "=")
	switch n, err := strconv.Atoi(digits); {
	case err != nil || strconv.Itoa(n) != digits:
	case mode == Quorum && n >= 1 && n <= MaxQuorum:
		return Policy{Mode: Quorum, Quorum: n}, nil
	case mode == Paths && n >= 2 && n <= MaxPaths:
		return Policy{Mode: Paths, Paths: n}, nil
	}
	return Policy{}, fmt.Errorf("policy %.32q: %w: want %s, %s, %s, %s, %s=N with N from 1 to %d, or %s=N with N from 2 to %d",
		s, ErrInvalid, CacheOnly, CacheFirst, First, MostRecent, Quorum, MaxQuorum, Paths, MaxPaths)
}

// String returns the form that ParsePolicy reads.
func (p Policy) String() string {
	switch p.Mode {
	case "":
		return CacheFirst
	case Quorum:
		return Quorum + "=" + strconv.Itoa(p.Quorum)
	case Paths:
		return Paths + "=" + strconv.Itoa(p.Paths)
	}
	return p.Mode
}
