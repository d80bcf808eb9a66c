package api

import (
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"io/fs"
	"os"
	"path/filepath"
	"time"

	"github.com/cairn-overlay/cairn/internal/shell"
)

// EndpointFile is the name of the file in a data directory that says where its
// daemon listens.
const EndpointFile = "daemon.json"

// maxEndpointFile bounds the file, in bytes.
const maxEndpointFile = 16 << 10

// Endpoint says where a running daemon listens.
type Endpoint struct {
	Socket string `json:"socket"`        // path of the unix socket
	URL    string `json:"url,omitempty"` // of the TCP listener
	PID    int    `json:"pid"`
	Peer   string `json:"peer,omitempty"`
}

// WriteEndpoint writes daemon.json into dir, mode 0600, in one step.
func WriteEndpoint(dir string, e Endpoint) error {
	b, err := json.MarshalIndent(e, "", "  ")
	if err != nil {
		return err
	}
	sweepTemp(dir)
	tmp, err := writeTemp(dir, append(b, '\n'))
	if err != nil {
		return fmt.Errorf("%s: %w", EndpointFile, err)
	}
	if err := os.Rename(tmp, filepath.Join(dir, EndpointFile)); err != nil {
		return errors.Join(fmt.Errorf("%s: %w", EndpointFile, err), os.Remove(tmp))
	}
	return nil
}

// ReadEndpoint reads daemon.json of dir; where there is none it is ErrNotRunning.
// A daemon that was killed leaves its file behind, so that an endpoint read may
// still have nobody listening.
func ReadEndpoint(dir string) (Endpoint, error) {
	path := filepath.Join(dir, EndpointFile)
	f, err := os.Open(path)
	if errors.Is(err, fs.ErrNotExist) {
		return Endpoint{}, notRunning(dir, "there is no "+path)
	}
	if err != nil {
		return Endpoint{}, err
	}
	defer f.Close()
	b, err := io.ReadAll(io.LimitReader(f, maxEndpointFile+1))
	if err != nil {
		return Endpoint{}, fmt.Errorf("%s: %w", path, err)
	}
	e, err := parseEndpoint(b)
	if err != nil {
		return Endpoint{}, fmt.Errorf("%s: %w", path, err)
	}
	return e, nil
}

func parseEndpoint(b []byte) (Endpoint, error) {
	var e Endpoint
	if len(b) > maxEndpointFile {
		return e, fmt.Errorf("%w: more than %d bytes", ErrInvalid, maxEndpointFile)
	}
	if err := json.Unmarshal(b, &e); err != nil {
		return Endpoint{}, fmt.Errorf("%w: %w", ErrInvalid, err)
	}
	if e.Socket == "" && e.URL == "" {
		return Endpoint{}, fmt.Errorf("%w: neither a socket nor a URL", ErrInvalid)
	}
	return e, nil
}

// RemoveEndpoint removes daemon.json of dir if it is still the one of process
// pid; where there is none, or another's, nothing happens.
func RemoveEndpoint(dir string, pid int) error {
	e, err := ReadEndpoint(dir)
	if err != nil || e.PID != pid {
		return nil
	}
	return os.Remove(filepath.Join(dir, EndpointFile))
}

// notRunning says that no daemon is there, and how to start one.
func notRunning(dir, detail string) error {
	command := "cairn daemon"
	if dir != "" {
		command += " --dir " + shell.Word(dir)
	}
	return fmt.Errorf("%w (%s); start it with: %s", ErrNotRunning, detail, command)
}

// leftover is the age from which a file of writeTemp belongs to nobody any more.
const leftover = time.Minute

// sweepTemp removes what processes left behind that were killed while they wrote.
func sweepTemp(dir string) {
	all, err := filepath.Glob(filepath.Join(dir, ".tmp-*"))
	if err != nil {
		return
	}
	for _, path := range all {
		if st, err := os.Lstat(path); err == nil && st.Mode().IsRegular() && time.Since(st.ModTime()) > leftover {
			_ = os.Remove(path) // else next time
		}
	}
}

// writeTemp writes a new file of mode 0600 into dir, synced to disk.
func writeTemp(dir string, b []byte) (string, error) {
	f, err := os.CreateTemp(dir, ".tmp-*") // mode 0600
	if err != nil {
		return "", err
	}
	_, err = f.Write(b)
	if err == nil {
		err = f.Sync()
	}
	if closeErr := f.Close(); err == nil {
		err = closeErr
	}
	if err != nil {
		return "", errors.Join(err, os.Remove(f.Name()))
	}
	return f.Name(), nil
}
