package api

import (
	"context"
	"errors"
	"fmt"
	"strings"

	"github.com/cairn-overlay/cairn/records"
)

// ProblemPrefix stands before the name of every problem in its Type.
const ProblemPrefix = "urn:cairn:problem:"

// Problem is an answer that is not a success: RFC 9457 problem details. The
// server writes it, the client returns it as an error; errors.Is finds the
// sentinel of records or of this package behind it.
type Problem struct {
	// Type is a stable URN such as "urn:cairn:problem:revoked".
	Type   string `json:"type"`
	Title  string `json:"title"`
	Status int    `json:"status"` // the HTTP status code
	Detail string `json:"detail,omitempty"`
	// Next says what the reader can do now.
	Next string `json:"next,omitempty"`
	// Cursor is where a stream of tombstones that broke off goes on: after=Cursor.
	Cursor uint64 `json:"cursor,omitempty"`
	// AgentStatus says how the agent stands, where the problem is about one.
	AgentStatus records.Status `json:"agent_status,omitempty"`
	// Tombstone holds the canonical bytes that prove a revocation.
	Tombstone []byte `json:"tombstone,omitempty"`
	// Resolution is the whole answer, where a lookup ended in anything but a good record.
	Resolution *Resolution `json:"resolution,omitempty"`
}

// Error says what is wrong; the next step stands in Next.
func (p *Problem) Error() string {
	if p.Detail == "" {
		return p.Title
	}
	return p.Title + ": " + p.Detail
}

// Name returns the last part of the type, such as "revoked".
func (p *Problem) Name() string { return strings.TrimPrefix(p.Type, ProblemPrefix) }

// Is reports whether target is the sentinel that the problem's type stands for.
func (p *Problem) Is(target error) bool {
	k, ok := findKind(func(k kind) bool { return k.name == p.Name() })
	return ok && k.err != nil && k.err == target
}

// problem makes one of the known kinds, with what is special about this one.
func problem(name, format string, args ...any) *Problem {
	k, ok := findKind(func(k kind) bool { return k.name == name })
	if !ok {
		k = kind{name: name, status: 500, title: "internal error"}
	}
	return &Problem{Type: ProblemPrefix + k.name, Title: k.title, Status: k.status, Next: k.next, Detail: fmt.Sprintf(format, args...)}
}

// problemOf turns an error into a problem. What no kind knows is "internal"; its
// text is told only to those who are trusted, for it may speak of this machine.
func problemOf(err error, trusted bool) *Problem {
	var p *Problem
	if errors.As(err, &p) {
		return p
	}
	k, ok := findKind(func(k kind) bool { return k.err != nil && !k.told && errors.Is(err, k.err) })
	switch {
	case ok:
		return problem(k.name, "%s", err)
	case errors.Is(err, context.DeadlineExceeded):
		return problem("timeout", "the node did not finish in time")
	case errors.Is(err, context.Canceled):
		return problem("stopping", "the request was given up")
	case trusted:
		return problem("internal", "%s", err)
	}
	return problem("internal", "the node's log has the reason")
}
