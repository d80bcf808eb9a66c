package main

import (
	"context"
	"net"
	"path/filepath"
	"runtime"
	"strings"
	"testing"
)

// What a service manager hears of a daemon's life, in this order: that it serves, how it
// stands, that it lives, that it stops.
func TestServiceManagerIsTold(t *testing.T) {
	if runtime.GOOS == "windows" {
		t.Skip("no service manager that listens at a unix socket")
	}
	dir := t.TempDir()
	socket := filepath.Join(dir, "notify")
	l, err := net.ListenUnixgram("unixgram", &net.UnixAddr{Name: socket, Net: "unixgram"})
	if err != nil {
		t.Fatal(err)
	}
	defer l.Close()
	vars := map[string]string{"NOTIFY_SOCKET": socket, "WATCHDOG_USEC": "3000"}
	ctx, stop := context.WithCancel(t.Context())
	defer stop()
	ended := make(chan exitCode, 1)
	var out, msg strings.Builder
	go func() {
		ended <- run(ctx, []string{"daemon", "--dir", filepath.Join(dir, "d"), "--listen", "/ip4/127.0.0.1/tcp/0"}, env{
			stdout: &out, stderr: &msg, getenv: func(name string) string { return vars[name] },
		})
	}()
	hear := func(want string) {
		t.Helper()
		for b := make([]byte, 4096); ; {
			n, err := l.Read(b)
			if err != nil {
				t.Fatal(err)
			}
			if got := string(b[:n]); strings.HasPrefix(got, want) {
				return
			} else if !strings.HasPrefix(got, "WATCHDOG=1") && !strings.HasPrefix(got, "STATUS=") {
				t.Fatalf("heard %q before %q", got, want)
			}
		}
	}
	hear("READY=1")
	hear("STATUS=ready")
	hear("WATCHDOG=1")
	stop()
	hear("STOPPING=1")
	if code := <-ended; code != exitOK {
		t.Errorf("exit code %d: %s", code, msg.String())
	}
}
