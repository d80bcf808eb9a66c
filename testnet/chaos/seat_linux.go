package chaos

import (
	"context"
	"errors"
	"fmt"
	"os"
	"path/filepath"
	"sync"
	"syscall"
	"time"

	"github.com/cairn-overlay/cairn/node/api"
	"github.com/cairn-overlay/cairn/testnet"
	"github.com/cairn-overlay/cairn/testnet/demo"
)

// serveLimit is how long a daemon gets until it answers on its socket.
const serveLimit = 60 * time.Second

// seat is one node: a process, or what is left of it while it is down.
type seat struct {
	n      int
	name   string
	disk   *disk
	client *api.Client // of the control socket, which stays the same across restarts
	log    *os.File

	mu     sync.Mutex // held by whoever starts, stops, freezes or breaks it
	proc   *demo.Process
	anchor string // how others reach it; empty before its first start; owned by World.mu
	frozen bool   // owned by mu
	full   bool   // owned by mu
	broken bool   // its disk is read-only; owned by mu
	wanted bool   // it was started and not yet ended; owned by mu
}

// newSeat makes the namespace and the disk of node n.
func (w *World) newSeat(n int) (*seat, error) {
	s := &seat{n: n, name: spaceOf(n)}
	if err := w.lab.plug(n); err != nil {
		return nil, err
	}
	s.disk = &disk{dir: filepath.Join(labDir, s.name), bytes: w.cfg.DiskBytes}
	if w.lab.noReadOnly == nil {
		s.disk.image = s.disk.dir + ".img"
	}
	if err := s.disk.make(); err != nil {
		return nil, fmt.Errorf("the disk of %s: %w", s.name, err)
	}
	socket, err := api.SocketPath(s.dir())
	if err != nil {
		return nil, err
	}
	if s.client, err = api.Dial(socket, ""); err != nil {
		return nil, err
	}
	s.log, err = os.OpenFile(filepath.Join(w.cfg.Logs, s.name+".log"), os.O_CREATE|os.O_APPEND|os.O_WRONLY, 0o644)
	if err != nil {
		return nil, err
	}
	s.proc = demo.NewProcess(s.name, s.dir(), s.log)
	s.proc.Behind(into(n)...)
	return s, nil
}

// dir is the data directory.
func (s *seat) dir() string { return filepath.Join(s.disk.dir, "data") }

// start starts the daemon and returns when it answers. Owned by mu.
func (s *seat) start(ctx context.Context, w *World) error {
	if s.proc.Running() {
		return fmt.Errorf("%s is up", s.name)
	}
	args := []string{
		"--network", network, "--profile", "local", "--no-mdns", "--replication", fmt.Sprint(w.cfg.Replication), "--api", "",
	}
	for _, l := range listenOf(s.n) {
		args = append(args, "--listen", l)
	}
	for _, a := range w.anchors(s.n) {
		args = append(args, "--bootstrap", a)
	}
	fmt.Fprintf(s.log, "--- start at %s\n", time.Now().UTC().Format(time.RFC3339Nano))
	if err := s.proc.Start(w.cfg.Cairn, args...); err != nil {
		return err
	}
	s.wanted = true
	return s.serves(ctx, w)
}

// serves waits until the daemon answers on its socket, and notes how others reach it.
func (s *seat) serves(ctx context.Context, w *World) error {
	ctx, cancel := context.WithTimeout(ctx, serveLimit)
	defer cancel()
	var status api.Status
	err := testnet.Await(ctx, func(ctx context.Context) error {
		select {
		case <-s.proc.Exited():
			cancel()
		default:
		}
		var err error
		status, err = s.client.Status(ctx)
		return err
	})
	if err != nil {
		if !s.proc.Running() {
			err = fmt.Errorf("%s ended while it started:\n%s", s.name, s.proc.Tail())
		}
		return fmt.Errorf("%s: %w", s.name, err)
	}
	w.mu.Lock()
	defer w.mu.Unlock()
	s.anchor = fmt.Sprintf("%s/p2p/%s", listenOf(s.n)[0], status.Peer)
	return nil
}

// state says how far the node is.
func (s *seat) state(ctx context.Context) (api.Status, error) {
	status, err := s.client.Status(ctx)
	if err != nil {
		return status, fmt.Errorf("%s: %w", s.name, err)
	}
	return status, nil
}

// thaw lets a frozen process go on. Owned by mu.
func (s *seat) thaw() error {
	if !s.frozen {
		return nil
	}
	s.frozen = false
	return s.proc.Signal(syscall.SIGCONT)
}

// end ends the process in good order and closes what belongs to the seat.
func (s *seat) end() error {
	s.mu.Lock()
	defer s.mu.Unlock()
	return errors.Join(s.stop(), s.log.Close())
}

// kill ends the process by SIGKILL. Owned by mu.
func (s *seat) kill() error {
	s.frozen, s.wanted = false, false
	return s.proc.Kill()
}

// stop ends the process in good order. Owned by mu.
func (s *seat) stop() error {
	s.wanted = false
	_ = s.client.Close() // lets go of idle connections: a daemon that stops waits for open ones
	return errors.Join(s.thaw(), s.proc.Stop())
}
