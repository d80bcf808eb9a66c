package api

import "errors"

// EndpointFile is the name of the file in a data directory that says where its
// daemon listens.
const EndpointFile = "daemon.json"

// Endpoint says where a running daemon listens.
type Endpoint struct {
	Socket string `json:"socket"`        // path of the unix socket
	URL    string `json:"url,omitempty"` // of the TCP listener
	PID    int    `json:"pid"`
	Peer   string `json:"peer,omitempty"`
}

// WriteEndpoint writes daemon.json into dir, mode 0600, in one step.
func WriteEndpoint(dir string, e Endpoint) error { return errors.ErrUnsupported }

// ReadEndpoint reads daemon.json of dir; where there is none it is ErrNotRunning.
func ReadEndpoint(dir string) (Endpoint, error) { return Endpoint{}, errors.ErrUnsupported }

// RemoveEndpoint removes daemon.json of dir if it is still the one of process pid.
func RemoveEndpoint(dir string, pid int) error { return errors.ErrUnsupported }

// SocketPath returns where the socket of the data directory dir belongs: in dir,
// or, where that path is too long for a socket, in a directory of our own (0700)
// among the temporary files, named by a hash of dir.
func SocketPath(dir string) (string, error) { return "", errors.ErrUnsupported }
