package api

import (
	"crypto/sha256"
	"encoding/hex"
	"errors"
	"fmt"
	"io/fs"
	"net"
	"os"
	"path/filepath"
	"sync"
	"time"
)

const (
	// socketName is the socket's name in a data directory.
	socketName = "cairn.sock"
	// maxSocketPath is the longest path that every system takes: 104 bytes with
	// the closing zero on some, 108 on others.
	maxSocketPath = 100
)

// SocketPath returns where the socket of the data directory dir belongs: in dir,
// or, where that path is too long for a socket, in a directory of our own (0700)
// among the temporary files, named by a hash of dir. It makes that directory,
// and refuses one that somebody else made.
func SocketPath(dir string) (string, error) {
	abs, err := filepath.Abs(dir)
	if err != nil {
		return "", err
	}
	if path := filepath.Join(abs, socketName); len(path) <= maxSocketPath {
		return path, nil
	}
	sum := sha256.Sum256([]byte(abs))
	name := fmt.Sprintf("cairn-%d-%s", os.Getuid(), hex.EncodeToString(sum[:8]))
	base := os.TempDir()
	if len(filepath.Join(base, name, socketName)) > maxSocketPath {
		base = "/tmp"
	}
	own := filepath.Join(base, name)
	if err := os.Mkdir(own, 0o700); err != nil && !errors.Is(err, fs.ErrExist) {
		return "", fmt.Errorf("api socket: %w", err)
	}
	return filepath.Join(own, socketName), checkOwn(own)
}

// checkOwn reports why a directory among the temporary files cannot be trusted:
// anybody may have made it first.
func checkOwn(dir string) error {
	info, err := os.Lstat(dir)
	if err != nil {
		return fmt.Errorf("api socket: %w", err)
	}
	if !info.IsDir() || info.Mode().Perm() != 0o700 || !ownedByUs(info) {
		return fmt.Errorf("api socket: %s is not a directory of our own with mode 0700; remove it, or choose a shorter data directory", dir)
	}
	return nil
}

// ListenSocket opens the unix socket at path with mode 0600, from its first
// moment on. The socket that a killed daemon left is replaced; where one still
// answers it is ErrRunning; what is no socket stays and is an error. Close
// removes the socket.
//
// Two daemons that start at one moment are told apart by the lock of their data
// directory, not here.
func ListenSocket(path string) (net.Listener, error) {
	if err := checkStale(path); err != nil {
		return nil, err
	}
	// A socket is born with the mode that the umask leaves. So it is born where
	// nobody else can look, and moves to its place when its mode is right.
	nest, err := os.MkdirTemp(filepath.Dir(path), ".s")
	if err != nil {
		return nil, fmt.Errorf("api socket: %w", err)
	}
	defer os.RemoveAll(nest)
	born := filepath.Join(nest, "s")
	l, err := net.ListenUnix("unix", &net.UnixAddr{Name: born, Net: "unix"})
	if err != nil {
		return nil, fmt.Errorf("api socket: %w", err)
	}
	l.SetUnlinkOnClose(false)
	s := &socketListener{UnixListener: l, path: path}
	err = os.Chmod(born, 0o600)
	if err == nil {
		s.info, err = os.Lstat(born)
	}
	if err == nil {
		err = os.Rename(born, path)
	}
	if err != nil {
		_ = l.Close()
		return nil, fmt.Errorf("api socket: %w", err)
	}
	return s, nil
}

// checkStale reports why the path cannot be taken: somebody answers there, or it
// is no socket.
func checkStale(path string) error {
	info, err := os.Lstat(path)
	if errors.Is(err, fs.ErrNotExist) {
		return nil
	}
	if err != nil {
		return fmt.Errorf("api socket: %w", err)
	}
	if info.Mode().Type() != fs.ModeSocket {
		return fmt.Errorf("api socket: %s is there and is not a socket", path)
	}
	conn, err := net.DialTimeout("unix", path, time.Second)
	if err == nil {
		_ = conn.Close()
	}
	if !nobodyListens(err) {
		return fmt.Errorf("%w: something answers at %s", ErrRunning, path)
	}
	return nil
}

// socketListener knows the path that its socket was moved to.
type socketListener struct {
	*net.UnixListener
	path string
	info fs.FileInfo // of our own socket
	once sync.Once
}

// Addr returns the path where clients find the socket.
func (l *socketListener) Addr() net.Addr { return &net.UnixAddr{Name: l.path, Net: "unix"} }

// Close removes the socket, unless another daemon has put its own there.
func (l *socketListener) Close() error {
	l.once.Do(func() {
		if now, err := os.Lstat(l.path); err == nil && os.SameFile(now, l.info) {
			_ = os.Remove(l.path)
		}
	})
	return l.UnixListener.Close()
}
