package store

import (
	"bufio"
	"context"
	"errors"
	"fmt"
	"io"
	"math/rand/v2"
	"os"
	"os/exec"
	"strings"
	"testing"
)

const (
	// childEnv tells a child what to do: "write" or "hold", a space, a directory.
	childEnv = "STORE_TEST_CHILD"
	// roundEnv is the number of the round, in the child.
	roundEnv = "STORE_TEST_ROUND"
	// faultsEnv is set in a child that runs the tests of failing disks.
	faultsEnv = "STORE_TEST_FAULTS"

	childWriters = 8
)

// child returns what a child is to do, or nil in the parent.
func child() func() {
	role, dir, _ := strings.Cut(os.Getenv(childEnv), " ")
	switch role {
	case "write":
		return func() { childWrite(dir) }
	case "hold":
		return func() { childHold(dir) }
	}
	return nil
}

// childWrite writes for ever and prints each acknowledgement after it was given.
func childWrite(dir string) {
	var t testing.T
	s, err := Open(dir, Options{})
	if err != nil {
		fmt.Println("error", err)
		return
	}
	w := newWorkload(&t, childWriters, os.Stdout)
	var round uint64
	fmt.Sscan(os.Getenv(roundEnv), &round)
	w.first = round << 32
	fmt.Println("error", w.run(context.Background(), &t, s, childWriters, round))
}

// childHold has the store open until its input ends.
func childHold(dir string) {
	s, err := Open(dir, Options{})
	fmt.Println("open", err)
	_, _ = io.Copy(io.Discard, os.Stdin)
	_ = s.Close()
}

// startChild starts this binary again.
func startChild(t *testing.T, env ...string) (*exec.Cmd, io.WriteCloser, *bufio.Reader) {
	t.Helper()
	exe, err := os.Executable()
	if err != nil {
		t.Fatal(err)
	}
	cmd := exec.Command(exe)
	cmd.Env = append(os.Environ(), env...)
	cmd.Stderr = os.Stderr
	in, err1 := cmd.StdinPipe()
	out, err2 := cmd.StdoutPipe()
	if err := errors.Join(err1, err2, cmd.Start()); err != nil {
		t.Fatal(err)
	}
	return cmd, in, bufio.NewReader(out)
}

// TestKill ends a writing process with SIGKILL at random moments, thirty times over
// one store: every line that it printed after an acknowledgement holds afterwards.
func TestKill(t *testing.T) {
	t.Parallel()
	rounds := pick(300, 30, 5)
	dir := t.TempDir()
	w := newWorkload(t, childWriters, nil)
	rng := rand.New(rand.NewPCG(3, 4))
	for round := range rounds {
		cmd, in, out := startChild(t, childEnv+"=write "+dir, fmt.Sprintf("%s=%d", roundEnv, round+1))
		var log strings.Builder
		for range 1 + rng.IntN(400) {
			line, err := out.ReadString('\n')
			if err != nil || strings.HasPrefix(line, "error") {
				t.Fatalf("round %d: the child said %q, %v", round, line, err)
			}
			log.WriteString(line)
		}
		if err := cmd.Process.Kill(); err != nil {
			t.Fatal(err)
		}
		if _, err := io.Copy(&log, out); err != nil {
			t.Fatal(err)
		}
		_ = in.Close()
		_ = cmd.Wait() // killed: an error by design
		w.acks.read(log.String())
		s, err := Open(dir, Options{})
		if err != nil {
			t.Fatalf("round %d: %v", round, err)
		}
		w.check(t, s, w.acks)
		if err := s.Close(); err != nil {
			t.Fatal(err)
		}
	}
	t.Logf("%d kills, %d facts and %d other acknowledgements held", rounds, len(w.acks.facts), w.acks.len()-len(w.acks.facts))
}

// TestInUse opens a store that is open already.
func TestInUse(t *testing.T) {
	dir := t.TempDir() + "/store"
	refused := func(name, dir string) {
		t.Helper()
		_, err := Open(dir, Options{})
		if !errors.Is(err, ErrInUse) || !strings.Contains(err.Error(), "LOCK") {
			t.Errorf("%s: %v", name, err)
		}
	}
	s := must[*Store](t)(Open(dir, Options{}))
	link := dir + "-link"
	if err := os.Symlink(dir, link); err != nil {
		t.Fatal(err)
	}
	refused("by this process", dir)
	refused("by another name", link)
	if err := s.SetMeta(ctx, "k", []byte("v")); err != nil {
		t.Errorf("the refusals harmed the open store: %v", err)
	}
	if err := s.Close(); err != nil {
		t.Fatal(err)
	}

	cmd, in, out := startChild(t, childEnv+"=hold "+dir)
	if line, err := out.ReadString('\n'); err != nil || line != "open <nil>\n" {
		t.Fatalf("the child said %q, %v", line, err)
	}
	refused("by another process", dir)
	_ = in.Close()
	if err := cmd.Wait(); err != nil {
		t.Fatal(err)
	}
	s = must[*Store](t)(Open(link, Options{}))
	if err := s.Close(); err != nil {
		t.Fatal(err)
	}
	disk := NewDisk()
	s = must[*Store](t)(disk.Open(Options{}))
	if _, err := disk.Open(Options{}); !errors.Is(err, ErrInUse) {
		t.Errorf("in memory: %v", err)
	}
	if err := s.Close(); err != nil {
		t.Fatal(err)
	}
}
