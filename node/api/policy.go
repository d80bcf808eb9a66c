package api

import (
	"fmt"
	"strconv"
	"strings"
)

// MaxQuorum bounds the N of "quorum=N": the replicas of one key.
const MaxQuorum = 20

// ParsePolicy reads the text form of a policy; the empty string is cache-first.
// Anything else that is not exactly one of the five forms is ErrInvalid.
func ParsePolicy(s string) (Policy, error) {
	switch s {
	case "":
		return Policy{Mode: CacheFirst}, nil
	case CacheOnly, CacheFirst, First, MostRecent:
		return Policy{Mode: s}, nil
	}
	if digits, ok := strings.CutPrefix(s, Quorum+"="); ok {
		n, err := strconv.Atoi(digits)
		if err == nil && n >= 1 && n <= MaxQuorum && strconv.Itoa(n) == digits {
			return Policy{Mode: Quorum, Quorum: n}, nil
		}
	}
	return Policy{}, fmt.Errorf("policy %.32q: %w: want %s, %s, %s, %s or %s=N with N from 1 to %d",
		s, ErrInvalid, CacheOnly, CacheFirst, First, MostRecent, Quorum, MaxQuorum)
}

// String returns the form that ParsePolicy reads.
func (p Policy) String() string {
	switch p.Mode {
	case "":
		return CacheFirst
	case Quorum:
		return Quorum + "=" + strconv.Itoa(p.Quorum)
	}
	return p.Mode
}
