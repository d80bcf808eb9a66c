package main

import (
	"encoding/json"
	"errors"
	"fmt"
	"os/exec"
	"path/filepath"
	"strconv"
	"testing"
	"time"

	"github.com/rogpeppe/go-internal/testscript"
)

// patience bounds every wait of the scripts; a good run never comes near it.
const patience = 60 * time.Second

func TestMain(m *testing.M) {
	testscript.Main(m, map[string]func(){"cairn": main})
}

// TestScripts meets the binary as a user does. Beside testscript's own commands:
//
//	exits CODE CMD ...   run it; it must end with that exit code
//	field NAME VAR       put a field of the last command's JSON into $VAR
//	spawn NAME ARGS...   run cairn ARGS... beside the script
//	says NAME TEXT       wait until it has said a line with that text
//	signal NAME SIG      send it INT, TERM, HUP or KILL
//	ended NAME CODE      wait until it has ended; it must be with that code
//	disk NAME MIB        NAME, which is spawned next, has its store on a disk of that size;
//	                     needs [userns]
//	fill NAME            leave 8 MiB of it free
//	free NAME            give the room back
//	reports NAME TEXT    wait until cairn status --dir NAME says TEXT, with ! until it does not
//	clock NAME SPAN      have the node that ran in NAME keep a reading of its clock that is
//	                     so far ahead
//	daemon NAME ARGS...  spawn a daemon on the folder NAME and wait until it is
//	                     ready; sets $NAME_peer, $NAME_addr, $NAME_listen and $NAME_api
func TestScripts(t *testing.T) {
	testscript.Run(t, testscript.Params{
		Dir:                 "testdata/script",
		RequireExplicitExec: true,
		RequireUniqueNames:  true,
		Setup: func(e *testscript.Env) error {
			e.Setenv("HOME", e.WorkDir)
			testdata, err := filepath.Abs("testdata")
			e.Setenv("TESTDATA", testdata)
			e.Values["processes"] = map[string]*process{}
			e.Values["disks"] = map[string]string{}
			return err
		},
		Cmds: map[string]func(*testscript.TestScript, bool, []string){
			"exits": cmdExits, "field": cmdField, "spawn": cmdSpawn, "says": cmdSays,
			"signal": cmdSignal, "ended": cmdEnded, "daemon": cmdDaemon,
			"disk": cmdDisk, "fill": cmdFill, "free": cmdFree, "reports": cmdReports, "clock": cmdClock,
		},
		Condition: condition,
	})
}

func cmdExits(ts *testscript.TestScript, neg bool, args []string) {
	if neg || len(args) < 2 {
		ts.Fatalf("usage: exits CODE CMD ...")
	}
	err := ts.Exec(args[1], args[2:]...)
	got := 0
	var exit *exec.ExitError
	if errors.As(err, &exit) {
		got = exit.ExitCode()
	} else if err != nil {
		ts.Fatalf("%v", err)
	}
	if strconv.Itoa(got) != args[0] {
		ts.Fatalf("exit code %d, want %s", got, args[0])
	}
}

func cmdField(ts *testscript.TestScript, neg bool, args []string) {
	if neg || len(args) != 2 {
		ts.Fatalf("usage: field NAME VAR")
	}
	var object map[string]any
	ts.Check(json.Unmarshal([]byte(ts.ReadFile("stdout")), &object))
	value, ok := object[args[0]]
	if !ok {
		ts.Fatalf("no field %q", args[0])
	}
	ts.Setenv(args[1], fmt.Sprint(value))
}
