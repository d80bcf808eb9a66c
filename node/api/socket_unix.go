//go:build unix

package api

import (
	"errors"
	"io/fs"
	"os"
	"syscall"
)

// ownedByUs reports whether the file is this user's.
func ownedByUs(info fs.FileInfo) bool {
	st, ok := info.Sys().(*syscall.Stat_t)
	return ok && int(st.Uid) == os.Getuid()
}

// nobodyListens reports whether a dial failed because nothing is there.
func nobodyListens(err error) bool {
	return errors.Is(err, syscall.ECONNREFUSED) || errors.Is(err, fs.ErrNotExist)
}
