package chaos

import (
	"bytes"
	"context"
	"fmt"
	"os"
	"strings"
	"syscall"
	"time"
)

// hold takes the seat of a node whose process is there, or is not.
func (w *World) hold(n int, up bool) (*seat, error) {
	s, err := w.seat(n)
	if err != nil {
		return nil, err
	}
	s.mu.Lock()
	if s.proc.Running() == up {
		return s, nil
	}
	defer s.mu.Unlock()
	if up {
		return nil, fmt.Errorf("chaos: %s is down", s.name)
	}
	return nil, fmt.Errorf("chaos: %s is up", s.name)
}

// Kill ends a daemon by SIGKILL: what it had not yet given to the kernel is gone.
func (w *World) Kill(n int) error {
	s, err := w.hold(n, true)
	if err != nil {
		return err
	}
	defer s.mu.Unlock()
	if err := s.kill(); err != nil {
		return err
	}
	w.ledger.note(Effect{Kind: "kill", Whom: s.name, Count: 1, Unit: "processes ended"})
	return nil
}

// Stop ends a daemon in good order.
func (w *World) Stop(n int) error {
	s, err := w.hold(n, true)
	if err != nil {
		return err
	}
	defer s.mu.Unlock()
	if err := s.stop(); err != nil {
		return err
	}
	w.ledger.note(Effect{Kind: "stop", Whom: s.name, Count: 1, Unit: "processes ended"})
	return nil
}

// Restart starts a daemon again, with its key, its address and its disk, and returns
// when it answers: it need not be ready.
func (w *World) Restart(n int) error {
	s, err := w.hold(n, false)
	if err != nil {
		return err
	}
	defer s.mu.Unlock()
	return s.start(context.Background(), w)
}

// Freeze stops a daemon where it stands (SIGSTOP): its links stay, and nobody answers
// on them.
func (w *World) Freeze(n int) error {
	s, err := w.hold(n, true)
	if err != nil {
		return err
	}
	defer s.mu.Unlock()
	if err := s.proc.Signal(syscall.SIGSTOP); err != nil {
		return err
	}
	s.frozen = true
	stopped, err := isStopped(s.proc.PID())
	if err != nil {
		return err
	}
	w.ledger.note(Effect{Kind: "freeze", Whom: s.name, Count: stopped, Unit: "processes stopped"})
	return nil
}

// Thaw lets a frozen daemon go on.
func (w *World) Thaw(n int) error {
	s, err := w.hold(n, true)
	if err != nil {
		return err
	}
	defer s.mu.Unlock()
	if !s.frozen {
		return fmt.Errorf("chaos: %s is not frozen", s.name)
	}
	return s.thaw()
}

// stopLimit is how long a process gets to stop once it was told to.
const stopLimit = time.Second

// isStopped is 1 where the kernel says that a process is stopped.
func isStopped(pid int) (uint64, error) {
	for end := time.Now().Add(stopLimit); ; {
		b, err := os.ReadFile(fmt.Sprintf("/proc/%d/stat", pid))
		if err != nil {
			return 0, err
		}
		fields := strings.Fields(string(b[bytes.LastIndexByte(b, ')')+1:]))
		if len(fields) > 0 && fields[0] == "T" {
			return 1, nil
		}
		if time.Now().After(end) {
			return 0, nil
		}
	}
}

// Fill takes every free byte of a node's disk, until Free.
func (w *World) Fill(n int) error {
	s, err := w.seat(n)
	if err != nil {
		return err
	}
	s.mu.Lock()
	defer s.mu.Unlock()
	if s.full || s.broken {
		return fmt.Errorf("chaos: the disk of %s is full or read-only", s.name)
	}
	taken, err := s.disk.fill()
	if err != nil {
		return fmt.Errorf("chaos: fill the disk of %s: %w", s.name, err)
	}
	s.full = true
	left, err := s.disk.freeBytes()
	if err != nil {
		return err
	}
	if left > 64<<10 {
		taken = 0 // it is not full
	}
	w.ledger.note(Effect{Kind: "full disk", Whom: s.name, Count: uint64(taken) >> 20, Unit: "MiB taken"})
	return nil
}

// Free gives back what Fill took.
func (w *World) Free(n int) error {
	s, err := w.seat(n)
	if err != nil {
		return err
	}
	s.mu.Lock()
	defer s.mu.Unlock()
	if !s.full {
		return fmt.Errorf("chaos: the disk of %s was not filled", s.name)
	}
	s.full = false
	return s.disk.free()
}

// Break makes a node's disk read-only, as a kernel does with a broken one: what is open
// on it cannot be written any more either.
func (w *World) Break(n int) error {
	if w.lab.noReadOnly != nil {
		return fmt.Errorf("chaos: %w", w.lab.noReadOnly)
	}
	s, err := w.seat(n)
	if err != nil {
		return err
	}
	s.mu.Lock()
	defer s.mu.Unlock()
	if s.broken {
		return fmt.Errorf("chaos: the disk of %s is read-only", s.name)
	}
	if err := s.disk.breakDown(); err != nil {
		return fmt.Errorf("chaos: break the disk of %s: %w", s.name, err)
	}
	s.broken = true
	w.ledger.note(Effect{Kind: "read-only disk", Whom: s.name, Count: 1, Unit: "writes refused"})
	return nil
}

// Mend makes a disk writable again that Break broke. Its daemon, where one runs, is
// ended first (SIGKILL), and Restart brings it back.
func (w *World) Mend(n int) error {
	s, err := w.seat(n)
	if err != nil {
		return err
	}
	s.mu.Lock()
	defer s.mu.Unlock()
	if !s.broken {
		return fmt.Errorf("chaos: the disk of %s is not read-only", s.name)
	}
	if s.proc.Running() {
		if err := s.kill(); err != nil {
			return err
		}
	}
	if err := s.disk.mend(); err != nil {
		return fmt.Errorf("chaos: %w", err)
	}
	s.broken = false
	return nil
}
