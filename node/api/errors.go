package api

import (
	"errors"

	"github.com/cairn-overlay/cairn/records"
)

// Errors that a Controller returns next to those of package records, and that a
// Client gives back: errors.Is holds on both sides of the wire.
var (
	// ErrNotReady: the node cannot answer this yet; the text says why.
	ErrNotReady = errors.New("not ready")
	// ErrNotFound: this node has no agent of that ID or name to act on.
	ErrNotFound = errors.New("not found")
	// ErrKey: the agent is here, and its key cannot be used: the file is missing,
	// unreadable, open to others, or not what it should be.
	ErrKey = errors.New("key not usable")
	// ErrConflict: two different rotations of the agent with one number are known.
	ErrConflict = records.ErrConflict
	// ErrInvalid: the request or the document does not say what is needed.
	ErrInvalid = errors.New("invalid")
	// ErrPrivate: the document names private or loopback endpoints, or plain http,
	// and the request does not allow them.
	ErrPrivate = errors.New("private endpoint")
	// ErrTooFew: too few peers stored it, so that it does not count as published.
	ErrTooFew = errors.New("stored by too few")
)

// Errors of this package's own doing.
var (
	// ErrExposed: the address is open to others, and that was not asked for in full.
	ErrExposed = errors.New("api address is not a loopback address")
	// ErrNotRunning: no daemon listens there.
	ErrNotRunning = errors.New("the daemon is not running")
	// ErrRunning: another daemon listens on the socket.
	ErrRunning = errors.New("a daemon is already running")
	// ErrToken: the token, or the file that holds it, is not fit for its purpose.
	ErrToken = errors.New("api token")
)
