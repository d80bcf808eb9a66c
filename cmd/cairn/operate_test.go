package main

import (
	"context"
	"errors"
	"fmt"
	"os"
	"os/exec"
	"os/signal"
	"path/filepath"
	"strconv"
	"strings"
	"sync"
	"syscall"
	"time"

	"github.com/rogpeppe/go-internal/testscript"

	"github.com/cairn-overlay/cairn/node"
	"github.com/cairn-overlay/cairn/node/store"
)

// hasUserNS reports whether whoever runs the tests may mount a disk of their own, and has
// the tools for it.
var hasUserNS = sync.OnceValue(func() bool {
	return exec.Command("unshare", "--user", "--map-root-user", "--mount", "sh", "-c", "mount -t tmpfs tmpfs /mnt && fallocate -l 1 /mnt/x && stat -f -c %a /mnt").Run() == nil
})

func condition(cond string) (bool, error) {
	switch cond {
	case "userns":
		return hasUserNS(), nil
	case "hangup": // nohup takes it away
		return !signal.Ignored(syscall.SIGHUP), nil
	}
	return false, fmt.Errorf("unknown condition %q", cond)
}

// cmdDisk has the store of a daemon lie on a file system of its own, which only that
// process sees; what else is in its folder is for everybody.
func cmdDisk(ts *testscript.TestScript, neg bool, args []string) {
	if neg || len(args) != 2 {
		ts.Fatalf("usage: disk NAME MIB")
	}
	size, err := strconv.Atoi(args[1])
	ts.Check(err)
	at := ts.MkAbs(args[0] + ".disk")
	ts.Check(os.Mkdir(ts.MkAbs(args[0]), 0o700))
	ts.Check(os.Mkdir(at, 0o700))
	ts.Check(os.Symlink(filepath.Join(at, "store"), ts.MkAbs(args[0]+"/store")))
	ts.Value("disks").(map[string]string)[args[0]] = fmt.Sprintf("mount -t tmpfs -o size=%dm,mode=700 tmpfs '%s' && mkdir '%s/store'", size, at, at)
}

// onDisk runs a shell's line on the disk of a daemon that runs, which is $1.
func onDisk(ts *testscript.TestScript, name, line string) {
	at := fmt.Sprintf("/proc/%d/root%s", known(ts, name).cmd.Process.Pid, ts.MkAbs(name+".disk"))
	if out, err := exec.Command("sh", "-c", line, "sh", at).CombinedOutput(); err != nil {
		ts.Fatalf("%v: %s", err, out)
	}
}

func cmdFill(ts *testscript.TestScript, neg bool, args []string) {
	if neg || len(args) != 1 {
		ts.Fatalf("usage: fill NAME")
	}
	onDisk(ts, args[0], `fallocate -l $(($(stat -f -c "%a * %S" "$1") - 8 * 1024 * 1024)) "$1/ballast"`)
}

func cmdFree(ts *testscript.TestScript, neg bool, args []string) {
	if neg || len(args) != 1 {
		ts.Fatalf("usage: free NAME")
	}
	onDisk(ts, args[0], `rm "$1/ballast"`)
}

func cmdReports(ts *testscript.TestScript, neg bool, args []string) {
	if len(args) != 2 {
		ts.Fatalf("usage: [!] reports NAME TEXT")
	}
	limit := time.After(patience)
	tick := time.NewTicker(300 * time.Millisecond) // each look is a program that starts
	defer tick.Stop()
	for {
		_ = ts.Exec("cairn", "status", "--dir", ts.MkAbs(args[0])) // not ready is an exit code
		if said := ts.ReadFile("stdout"); said != "" && strings.Contains(said, args[1]) != neg {
			return
		}
		select {
		case <-tick.C:
		case <-limit:
			ts.Fatalf("it took too long")
		}
	}
}

func cmdClock(ts *testscript.TestScript, neg bool, args []string) {
	if neg || len(args) != 2 {
		ts.Fatalf("usage: clock NAME SPAN")
	}
	ahead, err := time.ParseDuration(args[1])
	ts.Check(err)
	ts.Check(os.MkdirAll(ts.MkAbs(args[0]), 0o700))
	s, err := store.Open(ts.MkAbs(args[0]+"/store"), store.Options{})
	ts.Check(err)
	ts.Check(errors.Join(node.SetStoredClock(context.Background(), s, time.Now().Add(ahead)), s.Close()))
}
