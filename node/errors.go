package node

import "errors"

// Errors that callers branch on, beside those of package records.
var (
	// ErrUsage: the call's arguments are off.
	ErrUsage = errors.New("bad argument")
	// ErrNotFound: what was named does not exist here.
	ErrNotFound = errors.New("not found")
	// ErrNotReady: the node is in no position to say this now; the text says why.
	ErrNotReady = errors.New("not ready")
)
