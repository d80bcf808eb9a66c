//go:build !unix

package api

import (
	"errors"
	"io/fs"
	"net"
)

// ownedByUs has no answer here; temporary directories are the user's own.
func ownedByUs(fs.FileInfo) bool { return true }

// nobodyListens reports whether a dial failed because nothing is there.
func nobodyListens(err error) bool {
	var op *net.OpError
	return errors.Is(err, fs.ErrNotExist) || errors.As(err, &op) && !op.Timeout()
}
