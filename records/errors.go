package records

import "errors"

// Errors that callers branch on. Functions wrap them with the detail.
var (
	// ErrMalformed: the bytes are not the canonical form of the claimed type.
	ErrMalformed = errors.New("malformed")
	// ErrTooLarge: a size limit of this package is exceeded.
	ErrTooLarge = errors.New("too large")
	// ErrUnsupported: well formed, but of a version or feature that this build does not know.
	ErrUnsupported = errors.New("unsupported")
	// ErrInvalidSignature: no listed key made the signature.
	ErrInvalidSignature = errors.New("invalid signature")
	// ErrWrongSubject: the value is about another agent than the key or header says.
	ErrWrongSubject = errors.New("wrong subject")
	// ErrWrongSecret: the secret opens none of the header's locks.
	ErrWrongSecret = errors.New("secret opens no lock")
	// ErrNotYetValid: issued more than MaxAhead after the reader's time.
	ErrNotYetValid = errors.New("issued in the future")
	// ErrExpired: the lease, or the agent's header, has ended.
	ErrExpired = errors.New("expired")
	// ErrRevoked: a tombstone of the agent is known.
	ErrRevoked = errors.New("revoked")
	// ErrConflict: two different rotations with one number are known of the agent.
	ErrConflict = errors.New("in conflict: its keys made two different rotations")
	// ErrWidened: a grant gives more than the one that it was made under.
	ErrWidened = errors.New("wider than the grant above it")
	// ErrNotGranted: a grant does not cover what is asked.
	ErrNotGranted = errors.New("not granted")
	// ErrUnconfirmed: too few witnesses have confirmed a record.
	ErrUnconfirmed = errors.New("not confirmed")
	// ErrStale: a statement with a higher rank is known.
	ErrStale = errors.New("stale: a newer statement is known")
)
