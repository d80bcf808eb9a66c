package testnet

import (
	"crypto/ed25519"
	"crypto/rand"
	"crypto/x509"
	"encoding/pem"
	"errors"
	"fmt"
	"io"
	"io/fs"
	"os"
	"path/filepath"

	"github.com/libp2p/go-libp2p"
	"github.com/libp2p/go-libp2p/core/crypto"
	"github.com/libp2p/go-libp2p/core/host"
	"github.com/libp2p/go-libp2p/core/peer"
	"github.com/libp2p/go-libp2p/p2p/security/noise"
	tls "github.com/libp2p/go-libp2p/p2p/security/tls"
	quic "github.com/libp2p/go-libp2p/p2p/transport/quic"
	"github.com/libp2p/go-libp2p/p2p/transport/tcp"
	"github.com/multiformats/go-multiaddr"

	"github.com/cairn-overlay/cairn/node/links"
)

// transports are those of a host, and what is to be closed behind it.
type transports struct {
	option libp2p.Option
	io.Closer
}

// transports are those of the host of a seat.
func (w *Network) transports(s *seat) (transports, error) {
	if w.far != nil {
		return w.far.transports(s.index, s.key)
	}
	both := libp2p.ChainOptions(libp2p.Transport(tcp.NewTCPTransport), libp2p.Transport(quic.NewTransport))
	return transports{both, io.NopCloser(nil)}, nil
}

// ownHost is a host that closes its sockets as well.
type ownHost struct {
	host.Host
	sockets io.Closer
}

// Close closes the host, and then its sockets.
func (h *ownHost) Close() error { return errors.Join(h.Host.Close(), h.sockets.Close()) }

// buildHost builds the host that a node would build for itself, with a gate in it.
func (w *Network) buildHost(s *seat) (host.Host, *gate, error) {
	id, err := peer.IDFromPrivateKey(s.key)
	if err != nil {
		return nil, nil, err
	}
	cm, err := links.NewManager(0)
	if err != nil {
		return nil, nil, err
	}
	on, err := w.transports(s)
	if err != nil {
		return nil, nil, errors.Join(err, cm.Close())
	}
	g := &gate{board: w.board, self: id}
	h, err := libp2p.New(
		libp2p.Identity(s.key),
		libp2p.ListenAddrs(s.listen...),
		on.option,
		libp2p.Security(noise.ID, noise.New),
		libp2p.Security(tls.ID, tls.New),
		libp2p.ConnectionManager(cm),
		libp2p.ConnectionGater(g),
		libp2p.UserAgent("cairn/"+w.cfg.Version),
		libp2p.DisableRelay(),
		libp2p.DisableMetrics(),
	)
	if err != nil {
		return nil, nil, errors.Join(fmt.Errorf("listen: %w", err), cm.Close(), on.Close())
	}
	h.Network().Notify(g)
	return &ownHost{h, on}, g, nil
}

// listenAddrs are free ports of the loopback interface.
func (c Config) listenAddrs() []multiaddr.Multiaddr {
	tcp, quic := multiaddr.StringCast("/ip4/127.0.0.1/tcp/0"), multiaddr.StringCast("/ip4/127.0.0.1/udp/0/quic-v1")
	switch {
	case c.Places != nil:
		return []multiaddr.Multiaddr{quic}
	case c.QUIC:
		return []multiaddr.Multiaddr{tcp, quic}
	}
	return []multiaddr.Multiaddr{tcp}
}

// hostKey reads the key of the node in dir, in the form in which a node keeps its
// own, or makes one; without a directory it is in memory only.
func hostKey(dir string) (crypto.PrivKey, error) {
	if dir == "" {
		key, _, err := crypto.GenerateEd25519Key(rand.Reader)
		return key, err
	}
	path := filepath.Join(dir, "node.key")
	b, err := os.ReadFile(path)
	if errors.Is(err, fs.ErrNotExist) {
		b, err = makeHostKey(path)
	}
	if err != nil {
		return nil, fmt.Errorf("node key: %w", err)
	}
	block, _ := pem.Decode(b)
	if block == nil {
		return nil, fmt.Errorf("node key %s: not PEM", path)
	}
	parsed, err := x509.ParsePKCS8PrivateKey(block.Bytes)
	if err != nil {
		return nil, fmt.Errorf("node key %s: %w", path, err)
	}
	private, ok := parsed.(ed25519.PrivateKey)
	if !ok {
		return nil, fmt.Errorf("node key %s: not an Ed25519 key", path)
	}
	return crypto.UnmarshalEd25519PrivateKey(private)
}

func makeHostKey(path string) ([]byte, error) {
	_, private, err := ed25519.GenerateKey(rand.Reader)
	if err != nil {
		return nil, err
	}
	der, err := x509.MarshalPKCS8PrivateKey(private)
	if err != nil {
		return nil, err
	}
	b := pem.EncodeToMemory(&pem.Block{Type: "PRIVATE KEY", Bytes: der})
	return b, errors.Join(os.MkdirAll(filepath.Dir(path), 0o700), os.WriteFile(path, b, 0o600))
}
