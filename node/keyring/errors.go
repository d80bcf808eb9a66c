package keyring

import "errors"

// Errors that callers branch on. Functions wrap them with the detail and the next step.
var (
	// ErrExists: the name, the identity, or a file that would be written is here already.
	ErrExists = errors.New("exists already")
	// ErrNotFound: no such agent, or the file is not where it was put.
	ErrNotFound = errors.New("not found")
	// ErrName: the text is no name of an agent.
	ErrName = errors.New("invalid name")
	// ErrPermissions: others can read a secret file.
	ErrPermissions = errors.New("permissions are too open")
	// ErrUnreadable: this user, or the disk, does not let the file be read.
	ErrUnreadable = errors.New("cannot be read")
	// ErrMalformed: a file is not what its name says.
	ErrMalformed = errors.New("malformed")
	// ErrOlder: what is imported would take newer keys or consents back.
	ErrOlder = errors.New("is older than what is here")
	// ErrWrongKey: the file is well formed, but of another identity.
	ErrWrongKey = errors.New("not of this agent")
	// ErrLocked: a key is sealed, and the key file that opens it was not named.
	ErrLocked = errors.New("is sealed")
	// ErrNoSecret: the secret was never here, or was moved away.
	ErrNoSecret = errors.New("the secret is not here")
)
