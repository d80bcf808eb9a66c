package store

import (
	"errors"
	"fmt"
)

// Errors that callers branch on. Functions wrap them with the detail and the next step.
var (
	// ErrInUse: another process, or another Store of this one, holds the directory's lock.
	ErrInUse = errors.New("the store is in use")
	// ErrCorrupt: the files are damaged, or not a store of this kind.
	ErrCorrupt = errors.New("the store is damaged")
	// ErrNewerFormat: a newer version of this program wrote the store.
	ErrNewerFormat = errors.New("the store has a newer format")
	// ErrOlderFormat: an older version wrote the store, and Options.KeepFormat leaves it so.
	ErrOlderFormat = errors.New("the store has an older format")
	// ErrClosed: the call came after Close.
	ErrClosed = errors.New("the store is closed")
	// ErrBroken: the disk failed; nothing more is written or read until the store is opened again.
	ErrBroken = errors.New("the store is broken")
	// ErrFull: too little space is free; nothing was written, reads go on.
	ErrFull = errors.New("no room in the store")
	// ErrQuota: the quota of strangers' records is used up. It is an ErrFull too.
	ErrQuota = fmt.Errorf("%w: the quota of strangers' records is used up", ErrFull)
	// ErrStalled: the disk did not take the write in half a minute. It goes on, and its
	// outcome is unknown.
	ErrStalled = errors.New("the disk does not keep up")
	// ErrInvalid: the argument cannot be stored as it is.
	ErrInvalid = errors.New("invalid")
)
