package api

import (
	"errors"
	"io/fs"
	"net"
	"os"
	"path/filepath"
	"strings"
	"sync"
	"testing"

	"github.com/cairn-overlay/cairn/internal/porter"
)

// TestListen: an address that others can reach needs to be asked for, with a token
// that somebody chose.
func TestListen(t *testing.T) {
	for _, row := range []struct {
		addr            string
		expose, token   bool
		refused, unsaid bool // unsaid: the address may not exist on this machine
	}{
		{addr: "127.0.0.1:0"},
		{addr: "localhost:0"},
		{addr: "LOCALHOST:0"},
		{addr: "[::1]:0", unsaid: true},
		{addr: "127.9.8.7:0", unsaid: true},
		{addr: "[::ffff:127.0.0.1]:0", unsaid: true},
		{addr: "0.0.0.0:0", refused: true},
		{addr: ":0", refused: true},
		{addr: "[::]:0", refused: true},
		{addr: "0.0.0.0:0", expose: true, refused: true},
		{addr: "0.0.0.0:0", token: true, refused: true},
		{addr: "0.0.0.0:0", expose: true, token: true},
		{addr: "192.0.2.1:0", refused: true},
		{addr: "example.com:0", refused: true},
		{addr: "localhost.example.com:0", refused: true},
		{addr: "0:0", refused: true},
		{addr: "127.1:0", refused: true},
	} {
		l, err := Listen(ListenConfig{Addr: row.addr, Expose: row.expose, TokenConfigured: row.token})
		if err == nil {
			host, _, _ := net.SplitHostPort(l.Addr().String())
			if !row.expose && !porter.Loopback(host) {
				t.Errorf("%s listens on %s", row.addr, host)
			}
			_ = l.Close()
		}
		if errors.Is(err, ErrExposed) != row.refused || err != nil && !row.refused && !row.unsaid {
			t.Errorf("%+v: %v", row, err)
		}
		if row.refused && !strings.Contains(err.Error(), "token") {
			t.Errorf("no next step: %v", err)
		}
	}
	for _, addr := range []string{"", "127.0.0.1", "127.0.0.1:x", "::1:0"} {
		if l, err := Listen(ListenConfig{Addr: addr, Expose: true, TokenConfigured: true}); err == nil {
			t.Errorf("%q: %s", addr, l.Addr())
		}
	}
}

// TestListenSocket: the owner's alone, the killed daemon's replaced, the live one's
// and whatever is no socket left alone.
func TestListenSocket(t *testing.T) {
	path := filepath.Join(t.TempDir(), "cairn.sock")
	stale := must(net.Listen("unix", path))(t)
	stale.(*net.UnixListener).SetUnlinkOnClose(false)
	_ = stale.Close()
	if _, err := os.Lstat(path); err != nil {
		t.Fatal("the test leaves no stale socket")
	}
	l := must(ListenSocket(path))(t)
	if l.Addr().String() != path {
		t.Error(l.Addr())
	}
	info := must(os.Lstat(path))(t)
	if info.Mode().Perm() != 0o600 || info.Mode().Type() != fs.ModeSocket {
		t.Error(info.Mode())
	}
	if _, err := ListenSocket(path); !errors.Is(err, ErrRunning) {
		t.Errorf("a live socket: %v", err)
	}
	if again := must(os.Lstat(path))(t); !os.SameFile(info, again) {
		t.Error("the live socket was replaced")
	}
	if left := must(os.ReadDir(filepath.Dir(path)))(t); len(left) != 1 {
		t.Errorf("left behind: %v", left)
	}
	if err := l.Close(); err != nil {
		t.Error(err)
	}
	if _, err := os.Lstat(path); !errors.Is(err, fs.ErrNotExist) {
		t.Errorf("the socket is still there: %v", err)
	}
	if err := os.WriteFile(path, []byte("mine"), 0o600); err != nil {
		t.Fatal(err)
	}
	if _, err := ListenSocket(path); err == nil || errors.Is(err, ErrRunning) {
		t.Errorf("a file: %v", err)
	}
	if b, err := os.ReadFile(path); err != nil || string(b) != "mine" {
		t.Error("the file is gone")
	}
	if _, err := ListenSocket(filepath.Join(path, "no", "dir")); err == nil {
		t.Error("no directory")
	}
}

// TestCloseLeavesOthers: a daemon that closes late does not take away the socket of
// the one that came after it.
func TestCloseLeavesOthers(t *testing.T) {
	path := filepath.Join(t.TempDir(), "s")
	first := must(ListenSocket(path))(t)
	if err := os.Remove(path); err != nil {
		t.Fatal(err)
	}
	second := must(ListenSocket(path))(t)
	_ = first.Close()
	if conn, err := net.Dial("unix", path); err != nil {
		t.Error(err)
	} else {
		_ = conn.Close()
	}
	_ = second.Close()
}

// TestSocketPath stays short however deep the data directory lies.
func TestSocketPath(t *testing.T) {
	dir := t.TempDir()
	if path := must(SocketPath(dir))(t); path != filepath.Join(dir, "cairn.sock") {
		t.Error(path)
	}
	deep := filepath.Join(dir, strings.Repeat("d", 90), strings.Repeat("e", 90))
	if err := os.MkdirAll(deep, 0o700); err != nil {
		t.Fatal(err)
	}
	t.Setenv("TMPDIR", filepath.Join(t.TempDir())) // may be too long itself
	path := must(SocketPath(deep))(t)
	own := filepath.Dir(path)
	t.Cleanup(func() { _ = os.RemoveAll(own) })
	if again := must(SocketPath(deep))(t); again != path || len(path) > maxSocketPath {
		t.Errorf("%s and %s", path, again)
	}
	if other := must(SocketPath(filepath.Join(deep, "x")))(t); other == path {
		t.Error("two directories, one socket")
	} else {
		_ = os.RemoveAll(filepath.Dir(other))
	}
	if info := must(os.Lstat(own))(t); info.Mode().Perm() != 0o700 {
		t.Error(info.Mode())
	}
	l := must(ListenSocket(path))(t)
	if err := WriteEndpoint(deep, Endpoint{Socket: path, PID: os.Getpid()}); err != nil {
		t.Fatal(err)
	}
	if e := must(ReadEndpoint(deep))(t); e.Socket != path {
		t.Error(e)
	}
	if conn, err := net.Dial("unix", path); err != nil {
		t.Error(err)
	} else {
		_ = conn.Close()
	}
	_ = l.Close()
	_ = os.Chmod(own, 0o755)
	if _, err := SocketPath(deep); err == nil {
		t.Error("a directory that others can enter was taken")
	}
	_ = os.RemoveAll(own)
	if err := os.Symlink(t.TempDir(), own); err != nil {
		t.Fatal(err)
	}
	if _, err := SocketPath(deep); err == nil {
		t.Error("a link was taken for a directory of our own")
	}
}

// TestEnsureToken makes one token, keeps it, and refuses a file that others see.
func TestEnsureToken(t *testing.T) {
	path := filepath.Join(t.TempDir(), "api.token")
	made := make([]string, 8)
	var all sync.WaitGroup
	for i := range made {
		all.Go(func() { made[i], _ = EnsureToken(path) })
	}
	all.Wait()
	for _, token := range made {
		if token != made[0] || len(token) != 43 {
			t.Fatalf("%q", made)
		}
	}
	if info := must(os.Lstat(path))(t); info.Mode().Perm() != 0o600 {
		t.Error(info.Mode())
	}
	if left := must(os.ReadDir(filepath.Dir(path)))(t); len(left) != 1 {
		t.Errorf("left behind: %v", left)
	}
	other := must(EnsureToken(filepath.Join(t.TempDir(), "t")))(t)
	if other == made[0] {
		t.Error("two nodes, one token")
	}
	for _, mode := range []fs.FileMode{0o640, 0o604, 0o620, 0o666} {
		_ = os.Chmod(path, mode)
		if _, err := EnsureToken(path); !errors.Is(err, ErrToken) {
			t.Errorf("%o: %v", mode, err)
		}
	}
	_ = os.Chmod(path, 0o600)
	for _, text := range []string{"", "short\n", "a token of several words\n", "not-ascii-ä-ä-ä-ä-ä\n", strings.Repeat("x", 5000)} {
		if err := os.WriteFile(path, []byte(text), 0o600); err != nil {
			t.Fatal(err)
		}
		if token, err := EnsureToken(path); !errors.Is(err, ErrToken) {
			t.Errorf("%q became %q", text, token)
		}
	}
	if err := os.WriteFile(path, []byte("  a-token-of-our-own-choice \r\n"), 0o600); err != nil {
		t.Fatal(err)
	}
	if token := must(EnsureToken(path))(t); token != "a-token-of-our-own-choice" {
		t.Errorf("%q", token)
	}
	link := filepath.Join(t.TempDir(), "link")
	if err := os.Symlink(path, link); err != nil {
		t.Fatal(err)
	}
	for _, bad := range []string{link, t.TempDir(), filepath.Join(path, "below")} {
		if _, err := EnsureToken(bad); !errors.Is(err, ErrToken) {
			t.Errorf("%s: %v", bad, err)
		}
	}
}

// TestEndpointFile is the owner's alone, replaced in one step, and removed by whom
// it belongs to.
func TestEndpointFile(t *testing.T) {
	dir := t.TempDir()
	if _, err := ReadEndpoint(dir); !errors.Is(err, ErrNotRunning) {
		t.Error(err)
	}
	want := Endpoint{Socket: "/run/x", URL: "http://127.0.0.1:8472", PID: 42, Peer: "12D3"}
	for range 2 {
		if err := WriteEndpoint(dir, want); err != nil {
			t.Fatal(err)
		}
	}
	path := filepath.Join(dir, EndpointFile)
	if got := must(ReadEndpoint(dir))(t); got != want {
		t.Error(got)
	}
	if info := must(os.Lstat(path))(t); info.Mode().Perm() != 0o600 {
		t.Error(info.Mode())
	}
	if err := RemoveEndpoint(dir, 41); err != nil {
		t.Error(err)
	}
	if _, err := ReadEndpoint(dir); err != nil {
		t.Error("another's file was removed")
	}
	if err := RemoveEndpoint(dir, 42); err != nil {
		t.Error(err)
	}
	if left := must(os.ReadDir(dir))(t); len(left) != 0 {
		t.Errorf("left behind: %v", left)
	}
	if err := RemoveEndpoint(dir, 42); err != nil {
		t.Error(err)
	}
	for _, text := range []string{"", "{", "{}", `{"pid":1}`, `{"socket":1}`, `{"socket":"` + strings.Repeat("x", maxEndpointFile) + `"}`} {
		if err := os.WriteFile(path, []byte(text), 0o600); err != nil {
			t.Fatal(err)
		}
		if _, err := ReadEndpoint(dir); !errors.Is(err, ErrInvalid) {
			t.Errorf("%.20q: %v", text, err)
		}
	}
	if err := os.WriteFile(path, []byte(`{"url":"http://127.0.0.1:1"}`), 0o600); err != nil {
		t.Fatal(err)
	}
	if _, err := DialDir(dir); !errors.Is(err, ErrInvalid) {
		t.Error(err)
	}
	if err := WriteEndpoint(filepath.Join(dir, "missing"), want); err == nil {
		t.Error("no directory")
	}
}
