//go:build soak

package soak

import (
	"fmt"
	"math/rand/v2"
	"net"
	"sync"
	"testing"
)

// The range is below the one that systems take for outgoing connections, so that a
// port is still free when its daemon starts again.
const (
	firstPort = 15_000
	lastPort  = 31_000
)

// ports hands out ports that nobody listens on.
type ports struct {
	mu    sync.Mutex
	given map[int]bool // owned by mu
}

func newPorts() *ports { return &ports{given: make(map[int]bool)} }

// next is a port that is free for TCP and UDP.
func (p *ports) next(t *testing.T) int {
	t.Helper()
	p.mu.Lock()
	defer p.mu.Unlock()
	for range 1000 {
		port := firstPort + rand.IntN(lastPort-firstPort)
		if !p.given[port] && free(port) {
			p.given[port] = true
			return port
		}
	}
	t.Fatal("no free port")
	return 0
}

func free(port int) bool {
	addr := fmt.Sprintf("127.0.0.1:%d", port)
	tcp, err := net.Listen("tcp", addr)
	if err != nil {
		return false
	}
	defer tcp.Close()
	udp, err := net.ListenPacket("udp", addr)
	if err != nil {
		return false
	}
	return udp.Close() == nil
}
