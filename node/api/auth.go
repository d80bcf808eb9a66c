package api

import (
	"crypto/rand"
	"encoding/base64"
	"errors"
	"fmt"
	"io"
	"io/fs"
	"os"
	"path/filepath"
	"strings"
)

// MinToken and MaxToken bound the length of a token, in bytes.
const (
	MinToken = 16
	MaxToken = 256
)

// checkAuthority knows the owner by the socket or by the token. A wrong token is
// refused even where none is needed: who sends one means to be known.
func checkAuthority(s *server, c *call) *Problem {
	if s.socket {
		c.trusted = true
		return nil
	}
	sent := c.r.Header.Values("Authorization")
	if len(sent) == 0 && c.route.open {
		return nil
	}
	challenge := `Bearer realm="cairn"`
	if len(sent) == 1 && s.token.Opens(sent[0]) {
		c.trusted = true
		return nil
	}
	detail := "no Authorization header"
	if len(sent) > 0 {
		challenge += `, error="invalid_token"`
		detail = "not the token of this node"
	}
	c.w.Header().Set("WWW-Authenticate", challenge)
	return problem("unauthorized", "%s", detail)
}

// checkToken reports why a token cannot stand in a header, or is too easy to guess.
func checkToken(token string) error {
	if len(token) < MinToken || len(token) > MaxToken {
		return fmt.Errorf("%w: %d bytes, want %d to %d", ErrToken, len(token), MinToken, MaxToken)
	}
	if strings.ContainsFunc(token, func(r rune) bool { return r <= ' ' || r > '~' }) {
		return fmt.Errorf("%w: a character that is not printable ASCII", ErrToken)
	}
	return nil
}

// EnsureToken returns the token that the file at path holds. Where there is no
// file it makes a random token of 256 bits and writes it, mode 0600. A file that
// others can read or write, or that is no regular file, is ErrToken.
func EnsureToken(path string) (string, error) {
	token, err := readToken(path)
	if !errors.Is(err, fs.ErrNotExist) {
		return token, err
	}
	b := make([]byte, 32)
	if _, err := rand.Read(b); err != nil {
		return "", err
	}
	made := base64.RawURLEncoding.EncodeToString(b)
	tmp, err := writeTemp(filepath.Dir(path), []byte(made+"\n"))
	if err != nil {
		return "", fmt.Errorf("%w: %w", ErrToken, err)
	}
	defer os.Remove(tmp)
	// A link, unlike a rename, never replaces a token that another process made meanwhile.
	if err := os.Link(tmp, path); err != nil && !errors.Is(err, fs.ErrExist) {
		if err := os.Rename(tmp, path); err != nil {
			return "", fmt.Errorf("%w: %w", ErrToken, err)
		}
	}
	return readToken(path)
}

func readToken(path string) (string, error) {
	info, err := os.Lstat(path)
	if err != nil {
		return "", fmt.Errorf("%w: %w", ErrToken, err)
	}
	if !info.Mode().IsRegular() {
		return "", fmt.Errorf("%w: %s is not a regular file", ErrToken, path)
	}
	if mode := info.Mode().Perm(); mode&0o077 != 0 {
		return "", fmt.Errorf("%w: others can open %s (mode %04o); anyone may know the token: remove the file to get a new one, or chmod 600 it", ErrToken, path, mode)
	}
	f, err := os.Open(path)
	if err != nil {
		return "", fmt.Errorf("%w: %w", ErrToken, err)
	}
	defer f.Close()
	b, err := io.ReadAll(io.LimitReader(f, 2*MaxToken))
	if err != nil {
		return "", fmt.Errorf("%w: %w", ErrToken, err)
	}
	token := strings.TrimSpace(string(b))
	if err := checkToken(token); err != nil {
		return "", fmt.Errorf("%s: %w", path, err)
	}
	return token, nil
}
